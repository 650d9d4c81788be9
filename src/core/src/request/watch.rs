//! A response that passes: held until it is known to be good, then read for its usage.

use super::output::Output;
use crate::form::usage::{Reader, Usage};
use crate::form::{Beginning, Form};
use crate::stream::sse::Events;

/// The most bytes of a body that are held until it is known to be good: lifecycle events, what stands before a completion.
/// The longest of these repeat the request's instructions and tools. Beyond it the response is let go.
pub const MOST_HELD: usize = 64 << 10;

/// How a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As one JSON text.
    Whole,
    /// As server-sent events.
    Events,
}

impl Shape {
    /// What a response's `content-type` says; `None` for a type that no form has.
    pub fn of(content_type: &[u8]) -> Option<Shape> {
        let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if kind.eq_ignore_ascii_case(b"text/event-stream") {
            Some(Shape::Events)
        } else {
            kind.eq_ignore_ascii_case(b"application/json").then_some(Shape::Whole)
        }
    }
}

/// One response that passes as it comes.
#[derive(Debug)]
pub struct Watch {
    form: Form,
    stage: Stage,
    reader: Reader,
    usage: bool,
    in_background: bool,
}

/// How far it is.
///
/// ```text
/// Events ──┬─► Flowing
/// Whole ───┤
///          └─► Failed
/// ```
#[derive(Debug)]
enum Stage {
    /// The events so far were lifecycle; so many bytes are held.
    Events(Events, usize),
    /// The body so far, which says nothing yet.
    Whole(Vec<u8>),
    /// The body so far of a completion that failed: the rest says why.
    Failed(Vec<u8>),
    /// It is on its way.
    Flowing,
}

impl Watch {
    /// A response in that form. `usage`: its stream says its usage, as far as is known.
    pub fn new(form: Form, shape: Shape, usage: bool) -> Watch {
        let stage = match shape {
            Shape::Events => Stage::Events(Events::default(), 0),
            Shape::Whole => Stage::Whole(Vec::new()),
        };
        Watch { form, stage, reader: Reader::default(), usage: usage || shape == Shape::Whole, in_background: false }
    }

    /// The same where it is good once the account knows of it: it is made in the background, and there may be no output for
    /// long.
    #[must_use]
    pub fn in_background(mut self) -> Watch {
        self.in_background = true;
        self
    }

    /// Whether the next piece, of so many bytes, has to be read.
    pub(super) fn reads(&self, size: usize) -> bool {
        !matches!(self.stage, Stage::Flowing) || self.reader.wants(size)
    }

    /// What becomes of the body with the next piece, which is empty where it need not be read. `ended`: it is the last one.
    pub(super) fn push(&mut self, piece: &[u8], ended: bool) -> Output {
        if !piece.is_empty() {
            self.reader.push(piece);
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Flowing);
        match stage {
            Stage::Flowing => Output::Unchanged,
            Stage::Events(events, held) => self.push_events(events, held, piece, ended),
            Stage::Whole(mut body) => {
                body.extend_from_slice(piece);
                let ended = ended || body.len() > MOST_HELD;
                match self.form.body_says(&body, ended) {
                    Beginning::Output => Output::Unchanged,
                    Beginning::Lifecycle if ended => Output::Unchanged,
                    Beginning::Failed(_) if ended => Output::Failed(body),
                    Beginning::Lifecycle => self.wait(Stage::Whole(body)),
                    Beginning::Failed(_) => self.wait(Stage::Failed(body)),
                }
            }
            Stage::Failed(mut body) => {
                body.extend_from_slice(piece);
                if ended || body.len() > MOST_HELD { Output::Failed(body) } else { self.wait(Stage::Failed(body)) }
            }
        }
    }

    fn push_events(&mut self, mut events: Events, held: usize, piece: &[u8], ended: bool) -> Output {
        let (mut begun, mut failed) = (false, None);
        let (form, in_background, usage, reader) = (self.form, self.in_background, self.usage, &mut self.reader);
        let pushed = events.push(piece, |event| {
            if begun || failed.is_some() {
                return;
            }
            if usage {
                reader.learn(&event);
            }
            match form.event_says(event) {
                Beginning::Lifecycle => begun = in_background,
                Beginning::Output => begun = true,
                Beginning::Failed(error) => failed = Some(error.to_vec()),
            }
        });
        let held = held + piece.len();
        match failed {
            Some(error) => Output::Failed(error),
            None if begun || ended || pushed.is_err() || held > MOST_HELD => {
                if !self.usage {
                    self.reader.stop();
                }
                Output::Unchanged
            }
            None => self.wait(Stage::Events(events, held)),
        }
    }

    fn wait(&mut self, stage: Stage) -> Output {
        self.stage = stage;
        Output::Wait
    }

    /// What it took, as far as that was said.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.reader.usage()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// How many bytes have come when it is decided, byte by byte, and what.
    fn decided(form: Form, shape: Shape, body: &str) -> (usize, Output) {
        let mut watch = Watch::new(form, shape, true);
        for at in 0..body.len() {
            match watch.push(&body.as_bytes()[at..=at], false) {
                Output::Wait => {}
                output => return (at + 1, output),
            }
        }
        (body.len(), watch.push(b"", true))
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_that_was_not_asked_for_its_usage_is_read_no_further() {
        for (asked, read) in [(true, true), (false, false)] {
            let mut watch = Watch::new(Form::Chat, Shape::Events, asked);
            assert!(watch.reads(7));
            assert_eq!(watch.push(b"data: {\"choices\":[{}]}\n\n", false), Output::Unchanged);
            assert_eq!(watch.reads(1000), read);
        }
    }

    const CREATED: &str =
        "event: response.created\ndata: {\"response\":{}}\n\n: ping\n\ndata: {\"type\":\"response.in_progress\"}\n\n";

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_is_let_go_with_its_first_output() {
        let item = "data: {\"type\":\"response.output_item.added\"}\n\n";
        for (form, body, held) in [
            (Form::Responses, format!("{CREATED}{item}{item}"), CREATED.len() + item.len()),
            (Form::Chat, format!("{}x", "data: {\"choices\":[{}]}\n\n"), 24),
            (Form::Chat, format!("{}x", "data: [DONE]\n\n"), 14),
            // It ends before it says anything: what there is passes.
            (Form::Responses, CREATED.to_owned(), CREATED.len()),
        ] {
            assert_eq!(decided(form, Shape::Events, &body), (held, Output::Unchanged), "{body}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_in_the_background_is_let_go_with_its_first_event() {
        let mut watch = Watch::new(Form::Responses, Shape::Events, true).in_background();
        assert_eq!(watch.push(b"event: response.created\ndata: {\"response\":{}}\n", false), Output::Wait);
        assert_eq!(watch.push(b"\n", false), Output::Unchanged);
        let mut watch = Watch::new(Form::Responses, Shape::Events, true).in_background();
        let error = b"event: error\ndata: {\"error\":{\"code\":\"server_error\"}}\n\n";
        assert!(matches!(watch.push(error, false), Output::Failed(_)));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_error_before_any_output_is_seen() {
        let error = r#"{"error":{"code":"server_error","message":"m"}}"#;
        let failed = |error: &str| Output::Failed(error.as_bytes().to_vec());
        for (form, shape, body) in [
            (Form::Chat, Shape::Events, format!("data: {error}\n\n")),
            (Form::Responses, Shape::Events, format!("{CREATED}event: error\ndata: {error}\n\n")),
            (
                Form::Responses,
                Shape::Events,
                format!("{CREATED}data: {{\"type\":\"response.failed\",\"response\":{error}}}\n\n"),
            ),
            (Form::Chat, Shape::Whole, error.to_owned()),
        ] {
            assert_eq!(decided(form, shape, &body), (body.len(), failed(error)), "{body}");
        }
        let body = r#"{"id":"r","status":"failed","error":{"code":"server_error"},"output":[]}"#;
        assert_eq!(decided(Form::Responses, Shape::Whole, body), (body.len(), failed(body)));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn after_output_began_nothing_is_judged() {
        let mut watch = Watch::new(Form::Chat, Shape::Events, true);
        assert_eq!(watch.push(b"data: {\"choices\":[{}]}\n\ndata: {\"error\":{}}\n\n", false), Output::Unchanged);
        assert_eq!(watch.push(b"data: {\"error\":{}}\n\n", true), Output::Unchanged);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn nothing_is_held_for_ever() {
        for (shape, piece) in [
            (Shape::Events, "data: {\"type\":\"response.in_progress\"}\n\n"),
            (Shape::Events, "data: x\n"),
            (Shape::Whole, concat!("{\"a\":[", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")),
            (Shape::Whole, "                                                                "),
        ] {
            let mut watch = Watch::new(Form::Responses, shape, true);
            let held: usize =
                (0..).take_while(|_| watch.push(piece.as_bytes(), false) == Output::Wait).map(|_| piece.len()).sum();
            assert!((MOST_HELD - piece.len()..=MOST_HELD).contains(&held), "{shape:?} {held}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_a_type_of_content_is() {
        for (content_type, shape) in [
            ("text/event-stream", Some(Shape::Events)),
            ("text/event-stream; charset=utf-8", Some(Shape::Events)),
            ("Application/JSON;charset=utf-8", Some(Shape::Whole)),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(Shape::of(content_type.as_bytes()), shape, "{content_type}");
        }
    }
}
