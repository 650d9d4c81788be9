//! What becomes of a response's body on its way to the client.

use super::output::Output;
use super::tag::Tag;
use super::translate::Translate;
use super::watch::Watch;
use crate::form::Usage;

/// One response on its way.
///
/// ```
/// use multihome_core::form::Form;
/// use multihome_core::request::{Output, Reply, Shape, Watch};
///
/// let mut reply = Reply::Replace(b"{}".to_vec());
/// assert_eq!(reply.push(b"", false), Output::Replaced(b"{}".to_vec()));
/// assert_eq!(reply.push(b"", false), Output::Replaced(Vec::new()));
///
/// let mut reply = Reply::Watch(Box::new(Watch::new(Form::Chat, Shape::Events, true)));
/// assert_eq!(reply.push(b": comment\n\ndata: {\"choices\"", false), Output::Wait);
/// assert_eq!(reply.push(b":[{}]}\n\n", false), Output::Unchanged);
/// assert!(!reply.reads(0));
/// ```
#[derive(Debug, Default)]
pub enum Reply {
    /// It goes as it comes.
    #[default]
    Pass,
    /// A body of ours stands in its place.
    Replace(Vec<u8>),
    /// It goes as it comes, once it is known to be good, and its usage is read.
    Watch(Box<Watch>),
    /// It goes as it comes, once it is known to be good, but for the tags on what a later request may bring back.
    Tag(Box<Tag>),
    /// It is translated, once it is known to be good.
    Translate(Box<Translate>),
}

impl Reply {
    /// Whether the next piece, of so many bytes, has to be read; else an empty one stands for it.
    pub fn reads(&self, size: usize) -> bool {
        match self {
            Reply::Pass | Reply::Replace(_) => false,
            Reply::Watch(watch) => watch.reads(size),
            Reply::Tag(_) | Reply::Translate(_) => true,
        }
    }

    /// What becomes of the next piece of the body, as it came since the last one, whether that was held or not. `ended`: it
    /// is the last one. The first piece of a body that is replaced becomes all of ours, the rest becomes nothing.
    pub fn push(&mut self, piece: &[u8], ended: bool) -> Output {
        match self {
            Reply::Pass => Output::Unchanged,
            Reply::Replace(body) => Output::Replaced(std::mem::take(body)),
            Reply::Watch(watch) => watch.push(piece, ended),
            Reply::Tag(tag) => tag.push(piece, ended),
            Reply::Translate(translate) => translate.push(piece, ended),
        }
    }

    /// What the completion took, as far as it was read.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Reply::Pass | Reply::Replace(_) => None,
            Reply::Watch(watch) => watch.usage(),
            Reply::Tag(tag) => tag.usage(),
            Reply::Translate(translate) => translate.usage(),
        }
    }
}
