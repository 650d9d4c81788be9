//! Host calls are what a request costs: one that returns data costs four times one that does not, since the
//! host has to call back into the VM for memory. The numbers here are what a request makes at this moment, with
//! the filters of `render` beside its attempts; fewer is better, more wants a reason.

use super::{NOW, answer, policy, request};
use crate::beside::Chain;
use crate::exchange::play;
use crate::headers::Headers;
use crate::host;
use crate::message::Message;
use crate::script::{Answer, End, Outcome};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

/// All calls of the edge and its attempts together, and those of them that return data.
struct Row {
    what: &'static str,
    request: Message,
    answers: Vec<Answer>,
    calls: (usize, usize),
}

fn rows() -> Vec<Row> {
    let chat = r#"{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"Hello"}]}"#;
    let deployment = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";
    vec![
        // Edge: all headers, the cluster with the ticket, the number of retries; at the end the record.
        // Attempt: the ticket and the time; path, authority and scheme; the answer's headers and the beginning of its body; the
        // request id.
        Row { what: "headers", request: request(deployment, chat), answers: vec![answer("200", "{}")], calls: (12, 4) },
        // Also the body, the new length and the new beginning of the body.
        Row {
            what: "json",
            request: request("/v1/chat/completions", chat),
            answers: vec![answer("200", "{}")],
            calls: (15, 5),
        },
        // No more than that: there is no call for any of the events but the first.
        Row { what: "sse", request: request("/v1/chat/completions", chat), answers: vec![events(64)], calls: (15, 5) },
        // Also the error's body, the next cluster, the header that asks for the second attempt, that attempt, which reads the
        // body again, and the number of attempts.
        Row {
            what: "failover",
            request: request("/v1/chat/completions", chat),
            answers: vec![answer("429", r#"{"error":{"message":"No."}}"#), answer("200", "{}")],
            calls: (25, 9),
        },
        // The headers, the body, the request's id, the local reply, the record.
        Row {
            what: "denied",
            request: request("/v1/chat/completions", r#"{"model":"gpt-9"}"#),
            answers: vec![],
            calls: (5, 3),
        },
    ]
}

fn events(count: usize) -> Answer {
    let mut answer = answer("200", "");
    if let Outcome::Answered(message, _) = &mut answer.outcome {
        let event = |number| {
            let around = r#""id":"chatcmpl-0123456789","object":"chat.completion.chunk","model":"gpt-6.1-sol""#;
            format!("data: {{{around},\"choices\":[{{\"delta\":{{\"content\":\"{number}\"}}}}]}}\n\n").into_bytes()
        };
        message.headers = Headers::of(&[(":status", "200"), ("content-type", "text/event-stream")]);
        message.chunks = (0..count).map(event).collect();
    }
    answer
}

#[test]
fn a_request_makes_these_host_calls_and_no_more() {
    let worker = Worker::start(&Shared::default(), &policy()).unwrap();
    worker.run(|vm| rows().iter().for_each(|row| count(vm, row))).expect("the worker panicked");
}

fn count(vm: &Vm, row: &Row) {
    host::with(|host| host.now = NOW);
    vm.fetch_token("ya29.x", 3600);
    // The first request of a worker finds the token in the shared data, the others in its own memory.
    for _ in 0..2 {
        host::with(|host| host.counts.clear());
        let played = play(vm, Chain::Rendered, &row.request, None, &mut |turn| row.answers[turn.number - 1].clone());
        assert_eq!((played.end, played.sent.len()), (End::Answered, row.answers.len()), "{}", row.what);
    }
    host::with(|host| assert_eq!(host.calls(), row.calls, "{}: {:#?}", row.what, host.counts));
}
