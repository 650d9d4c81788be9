//! A response that passes, with a tag on each value that a later request may bring back.

use super::output::Output;
use super::watch::Watch;
use crate::form::Usage;
use crate::session::Tagger;

/// One response that is tagged on its way.
#[derive(Debug)]
pub struct Tag {
    /// What is known of it, if it is watched.
    watch: Option<Watch>,
    tagger: Tagger,
    /// What is held until the response is known to be good, with its tags.
    held: Vec<u8>,
}

impl Tag {
    /// A response that is watched, too, or one that is not.
    pub(super) fn new(watch: Option<Watch>, tagger: Tagger) -> Tag {
        Tag { watch, tagger, held: Vec::new() }
    }

    /// What goes to the client in place of the next piece.
    pub(super) fn push(&mut self, piece: &[u8], ended: bool) -> Output {
        let output = self.watch.as_mut().map_or(Output::Unchanged, |watch| watch.push(piece, ended));
        self.tagger.push(piece, ended, &mut self.held);
        match output {
            Output::Unchanged => Output::Replaced(std::mem::take(&mut self.held)),
            other => other,
        }
    }

    /// What it took, as far as that was said.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.watch.as_ref()?.usage()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::super::Shape;
    use super::*;
    use crate::form::Form;
    use crate::session::Keys;

    const STREAM: &str = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\ndata: {\"type\":\"response.output_item.added\",\"item\":{\"id\":\"msg_1\"}}\n\n";

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_held_is_tagged_as_what_follows() {
        let binding = Keys::new([]).binding("acme", "azure");
        let tag = |id: &str| String::from_utf8(binding.tag(id.as_bytes()).to_vec()).unwrap();
        let expected = STREAM
            .replace("resp_1", &format!("resp_{}1", tag("resp_1")))
            .replace("msg_1", &format!("msg_{}1", tag("msg_1")));
        for size in 1..=STREAM.len() {
            let watch = Watch::new(Form::Responses, Shape::Events, true);
            let mut reply = Tag::new(Some(watch), Tagger::new(binding.clone()));
            let (mut out, mut waited) = (Vec::new(), false);
            for piece in STREAM.as_bytes().chunks(size).chain([&b""[..]]) {
                match reply.push(piece, piece.is_empty()) {
                    Output::Wait => {
                        assert!(out.is_empty());
                        waited = true;
                    }
                    Output::Replaced(bytes) => out.extend(bytes),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(String::from_utf8(out).unwrap(), expected, "pieces of {size}");
            assert!(waited || size == STREAM.len());
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_not_watched_waits_for_nothing() {
        let mut reply = Tag::new(None, Tagger::new(Keys::new([]).binding("acme", "azure")));
        let failed = "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\"}}\n\n";
        assert_eq!(reply.push(failed.as_bytes(), false), Output::Replaced(failed.into()));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_error_before_any_output_is_the_clouds_own() {
        let watch = Watch::new(Form::Responses, Shape::Events, true);
        let mut reply = Tag::new(Some(watch), Tagger::new(Keys::new([]).binding("acme", "azure")));
        let error = "data: {\"error\":{\"code\":\"server_error\",\"id\":\"resp_1\"}}\n\n";
        assert!(matches!(reply.push(error.as_bytes(), false), Output::Failed(said) if said.ends_with(b"\"resp_1\"}}")));
    }
}
