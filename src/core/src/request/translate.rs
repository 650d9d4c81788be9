//! A response that is translated to what the client speaks: held until there is something of a completion, then event by
//! event as it comes; or collected, where it is one JSON text.

use super::judge;
use super::output::Output;
use super::watch::{MOST_HELD, Shape};
use crate::api::error::ApiError;
use crate::cloud::Cloud;
use crate::convert::{Asked, Conversion, Machine, Told, Unreadable};
use crate::form::Usage;
use crate::stream::sse::Events;

/// The most bytes of a whole response that are collected.
const MOST_WHOLE: usize = 16 << 20;

/// One response that is translated.
#[derive(Debug)]
pub struct Translate {
    cloud: Cloud,
    stage: Stage,
    usage: Option<Usage>,
}

#[derive(Debug)]
enum Stage {
    Stream(Box<Stream>),
    Whole {
        conversion: Conversion,
        asked: Asked,
        now: u64,
        body: Vec<u8>,
    },
    /// Nothing more goes to the client.
    Over,
}

/// A stream on its way.
#[derive(Debug)]
struct Stream {
    events: Events,
    machine: Machine,
    /// What is held for the client, until there is something of a completion.
    out: Vec<u8>,
    /// How many bytes of the cloud's were held.
    held: usize,
    /// Whether there is.
    begun: bool,
    /// Whether the client was told the end.
    over: bool,
}

impl Translate {
    /// A response of that cloud. `now` is in seconds since 1970. A response in a shape that no form has is read as a whole
    /// one, and will be none.
    pub fn new(cloud: Cloud, conversion: Conversion, asked: &Asked, shape: Option<Shape>, now: u64) -> Translate {
        let machine = match shape {
            Some(Shape::Events) => conversion.events(asked, now),
            Some(Shape::Whole) | None => None,
        };
        let stage = match machine {
            Some(machine) => Stage::Stream(Box::new(Stream {
                events: Events::default(),
                machine,
                out: Vec::new(),
                held: 0,
                begun: false,
                over: false,
            })),
            None => Stage::Whole { conversion, asked: asked.clone(), now, body: Vec::new() },
        };
        Translate { cloud, stage, usage: None }
    }

    /// What goes to the client in place of the next piece.
    pub(super) fn push(&mut self, piece: &[u8], ended: bool) -> Output {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => Output::Replaced(Vec::new()),
            Stage::Stream(mut stream) => {
                let output = stream.push(self.cloud, piece, ended);
                self.usage = stream.machine.usage();
                if !matches!(output, Output::Failed(_)) && !stream.over {
                    self.stage = Stage::Stream(stream);
                }
                output
            }
            Stage::Whole { conversion, asked, now, mut body } => {
                body.extend_from_slice(piece);
                if body.len() > MOST_WHOLE {
                    return Output::Failed(unreadable("The target's response is too long to be translated."));
                }
                if !ended {
                    self.stage = Stage::Whole { conversion, asked, now, body };
                    return Output::Wait;
                }
                let mut out = Vec::with_capacity(body.len());
                match conversion.reply(&body, &asked, now, &mut out) {
                    Ok(usage) => {
                        self.usage = Some(usage);
                        Output::Replaced(out)
                    }
                    Err(Unreadable::Failed(error)) => Output::Failed(error),
                    Err(Unreadable::Malformed) => Output::Failed(unreadable("The target's response cannot be read.")),
                }
            }
        }
    }

    /// What the completion took, as far as that was told.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

impl Stream {
    fn push(&mut self, cloud: Cloud, piece: &[u8], ended: bool) -> Output {
        let Stream { events, machine, out, begun, over, .. } = self;
        let mut failed = None;
        let pushed = events.push(piece, |event| {
            if *over || failed.is_some() {
                return;
            }
            match machine.event(&event, out) {
                Told::Lifecycle => {}
                Told::Output => *begun = true,
                Told::Done => (*begun, *over) = (true, true),
                Told::Failed(error) => failed = Some(error),
            }
        });
        if pushed.is_err() && failed.is_none() && !*over {
            failed = Some(unreadable("The target's stream cannot be read."));
        }
        if let Some(error) = failed {
            if !*begun {
                return Output::Failed(error);
            }
            *over = true;
            machine.fail(&judge::error_inside(cloud, &error), out);
        }
        if ended && !*over {
            let before = out.len();
            if let Told::Failed(error) = machine.end(out)
                && !*begun
            {
                out.truncate(before);
                return Output::Failed(error);
            }
            (*begun, *over) = (true, true);
        }
        self.held = self.held.saturating_add(piece.len());
        if self.begun || self.held > MOST_HELD {
            self.begun = true;
            return Output::Replaced(std::mem::take(&mut self.out));
        }
        Output::Wait
    }
}

fn unreadable(message: &str) -> Vec<u8> {
    ApiError::new(502, "upstream_error", message).to_json()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const CREATED: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"created_at\":1,\"model\":\"m\"}}\n\n";
    const DELTA: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\"}\n\n";
    const FAILED: &str = "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"Boom.\"}}}\n\n";

    fn stream() -> Translate {
        let asked = Asked { stream: true, ..Asked::default() };
        Translate::new(Cloud::Gcp, Conversion::ToResponses, &asked, Some(Shape::Events), 1)
    }

    /// What the client gets.
    fn text(output: Output) -> String {
        match output {
            Output::Replaced(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_waits_for_its_first_output() {
        let mut reply = stream();
        assert_eq!(reply.push(CREATED.as_bytes(), false), Output::Wait);
        assert!(text(reply.push(DELTA.as_bytes(), false)).contains("\"content\":\"Hi\""));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_error_before_any_output_is_judged_and_one_after_it_told() {
        let mut reply = stream();
        reply.push(CREATED.as_bytes(), false);
        assert!(matches!(reply.push(FAILED.as_bytes(), false), Output::Failed(_)));

        for (rest, ended) in [(FAILED, false), ("", true)] {
            let mut reply = stream();
            reply.push(format!("{CREATED}{DELTA}").as_bytes(), false);
            let told = text(reply.push(rest.as_bytes(), ended));
            assert!(told.contains("\"error\"") && !told.contains("[DONE]"), "{told}");
            assert_eq!(reply.push(DELTA.as_bytes(), true), Output::Replaced(Vec::new()), "nothing follows");
        }
        let mut reply = stream();
        reply.push(CREATED.as_bytes(), false);
        assert!(matches!(reply.push(b"", true), Output::Failed(_)), "it ended before there was any");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_whole_response_is_collected_up_to_a_bound() {
        let whole = || Translate::new(Cloud::Gcp, Conversion::ToResponses, &Asked::default(), Some(Shape::Whole), 1);
        let mut reply = whole();
        assert_eq!(reply.push(br#"{"id":"resp_1","#, false), Output::Wait);
        assert!(matches!(reply.push(b"no JSON", true), Output::Failed(_)));
        let (mut reply, piece) = (whole(), vec![b' '; 1 << 20]);
        let collected = (0..).take_while(|_| reply.push(&piece, false) == Output::Wait).count();
        assert_eq!(collected, MOST_WHOLE >> 20);
    }
}
