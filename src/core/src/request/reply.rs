//! What becomes of a response's body on its way to the client.

/// One response on its way.
///
/// ```
/// use multihome_core::request::{Output, Reply};
///
/// let mut reply = Reply::Replace(b"{}".to_vec());
/// assert_eq!(reply.push(), Output::Replaced(b"{}".to_vec()));
/// assert_eq!(reply.push(), Output::Replaced(Vec::new()));
/// assert_eq!(Reply::Pass.push(), Output::Unchanged);
/// ```
///
/// A translation or a reader of usage will be further variants; what passes is never read.
#[derive(Debug, Default)]
pub enum Reply {
    /// It goes as it comes.
    #[default]
    Pass,
    /// A body of ours stands in its place.
    Replace(Vec<u8>),
}

/// What becomes of one piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// It goes as it is.
    Unchanged,
    /// These bytes stand in its place.
    Replaced(Vec<u8>),
}

impl Reply {
    /// What goes to the client in place of the next piece of the body. The first piece of a body that is replaced becomes
    /// all of ours, the rest becomes nothing.
    pub fn push(&mut self) -> Output {
        match self {
            Reply::Pass => Output::Unchanged,
            Reply::Replace(body) => Output::Replaced(std::mem::take(body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_body_is_replaced_once_and_its_rest_by_nothing() {
        let mut reply = Reply::Replace(b"{}".to_vec());
        assert_eq!(reply.push(), Output::Replaced(b"{}".to_vec()));
        assert_eq!(reply.push(), Output::Replaced(Vec::new()));
        assert_eq!(Reply::Pass.push(), Output::Unchanged);
    }
}
