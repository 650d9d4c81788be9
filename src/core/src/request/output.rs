//! What becomes of one piece of a response's body.

/// What becomes of one piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// It is held, with the headers and all that came before.
    Wait,
    /// It goes as it is, and with it what is held.
    Unchanged,
    /// These bytes stand in its place, and of what is held.
    Replaced(Vec<u8>),
    /// Before there was any of a completion the cloud said this error; all of it was held.
    Failed(Vec<u8>),
}
