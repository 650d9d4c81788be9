//! Where a filter of the operator's stands between the edge and the router, requests wait there. What the module keeps of
//! their bodies is bounded: beyond it, an attempt reads the body from Envoy again.

use serde_json::json;

use super::{NOW, policy, request};
use crate::chain::Piece;
use crate::host::{self, FilterState};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

/// More than the 32 MiB that a worker keeps, in bodies.
const REQUESTS: usize = 12;
const TEXT: usize = 4_000_000;

#[test]
fn more_bodies_may_wait_than_are_kept() {
    let mut policy = policy();
    policy["limits"] = json!({"body_bytes": 2 * TEXT});
    let worker = Worker::start(&Shared::default(), &policy).unwrap();
    worker.run(wait_and_go).expect("the worker panicked");
}

fn wait_and_go(vm: &Vm) {
    host::with(|host| host.now = NOW);
    let body = format!(r#"{{"messages":[],"user":"{}","model":"gpt-6.1-sol"}}"#, "x".repeat(TEXT));
    let message = request("/v1/chat/completions", &body);
    let waiting: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let state = FilterState::default();
            let mut edge = vm.edge(&state);
            let gone =
                message.pieces(&message.headers.clone().into_shared()).into_iter().map(|piece| edge.request(piece));
            (state, gone.last().unwrap(), edge)
        })
        .collect();
    assert_eq!(multihome_filter::requests_in_flight(), REQUESTS);

    host::with(|host| host.counts.clear());
    for (state, mut gone, edge) in waiting {
        let (mut attempt, _) = vm.attempt("azure-eastus2", &state).unwrap();
        let sent: Vec<_> = gone.drain(..).flat_map(|piece| attempt.request(piece)).collect();
        let [Piece::Headers(..), Piece::Data(data, true)] = sent.as_slice() else { panic!("{} pieces", sent.len()) };
        assert!(
            data.ends_with(br#"x","model":"gpt6sol-prod"}"#),
            "{}",
            String::from_utf8_lossy(&data[data.len() - 40..])
        );
        assert!(data.starts_with(br#"{"messages":[],"user":"xxx"#));
        attempt.end(false);
        edge.end(true);
    }
    assert_eq!(multihome_filter::requests_in_flight(), 0);
    let read_again = host::with(|host| host.counts.get("get_buffer_bytes").copied());
    assert_eq!(read_again, Some(REQUESTS - (32 << 20) / TEXT));
}
