//! What a completion took, as every form counts it in the end.

/// Tokens of one completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the request, those that were cached included.
    pub input: u64,
    /// Of the request, those that the cloud had cached.
    pub cached: u64,
    /// Of the completion, those of reasoning included.
    pub output: u64,
    /// Of the completion, those of reasoning.
    pub reasoning: u64,
}
