//! An attempt that does not find its request, or is not its turn, is refused: it never guesses.

use serde_json::json;

use super::{NOW, answer, policy, request};
use crate::beside::Chain;
use crate::chain::{Filter, Piece};
use crate::exchange::play;
use crate::headers::Headers;
use crate::host::{self, FilterState};
use crate::random::Random;
use crate::script::{Answer, End, Turn};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

const NEXT: &str = "wasm.multihome.next";
const CHAT: &str = r#"{"model":"gpt-6.1-sol","messages":[]}"#;

fn with_vm<T: Send + 'static>(job: impl FnOnce(&Vm) -> T + Send + 'static) -> T {
    let worker = Worker::start(&Shared::default(), &policy()).unwrap();
    worker
        .run(|vm| {
            host::with(|host| host.now = NOW);
            job(vm)
        })
        .expect("the worker panicked")
}

fn ticket(state: &FilterState) -> Vec<u8> {
    state.borrow().get(NEXT).unwrap().last_chunk::<16>().unwrap().to_vec()
}

fn state_with(ticket: Option<&[u8]>) -> FilterState {
    let state = FilterState::default();
    if let Some(ticket) = ticket {
        state.borrow_mut().insert(NEXT.to_owned(), [b"azure-eastus2 ", ticket].concat());
    }
    state
}

/// A context that is asked to send a request refuses, and lets nothing go.
fn assert_refused(mut filter: Filter, what: &str) {
    let headers = request("/v1/chat/completions", CHAT).headers.into_shared();
    let gone = filter.request(Piece::Headers(headers, false));
    let reply = filter.take_local_reply();
    filter.end(false);
    assert!(gone.is_empty(), "{what}: something left");
    assert_eq!(reply.map(|reply| reply.status), Some(503), "{what}");
}

fn attempt(vm: &Vm, endpoint: &str, state: &FilterState) -> Filter {
    vm.attempt(endpoint, state).unwrap().0
}

#[test]
fn refuses_without_a_ticket() {
    with_vm(|vm| assert_refused(attempt(vm, "azure-eastus2", &state_with(None)), "no ticket"));
}

#[test]
fn refuses_garbage() {
    with_vm(|vm| {
        let mut random = Random::new(7);
        for length in 0..64 {
            let garbage = random.bytes(length);
            assert_refused(attempt(vm, "azure-eastus2", &state_with(Some(&garbage))), &format!("{garbage:x?}"));
        }
    });
}

#[test]
fn refuses_a_ticket_of_another_vm() {
    // Both have issued one ticket: their numbers are the same, and only the nonce of the VM tells them apart.
    let issue = |vm: &Vm| {
        let mut issued = Vec::new();
        play(vm, Chain::Rendered, &request("/v1/chat/completions", CHAT), None, &mut |turn| {
            issued = ticket(turn.filter_state);
            answer("200", "{}")
        });
        issued
    };
    let foreign = with_vm(issue);
    with_vm(move |vm| {
        play(vm, Chain::Rendered, &request("/v1/chat/completions", CHAT), None, &mut |turn| {
            let own = ticket(turn.filter_state);
            assert_eq!(own[8..], foreign[8..]);
            assert_refused(attempt(vm, "azure-eastus2", &state_with(Some(&foreign))), "a foreign ticket");
            answer("200", "{}")
        });
    });
}

#[test]
fn refuses_the_ticket_of_a_stream_that_has_ended() {
    with_vm(|vm| {
        let mut ended = Vec::new();
        play(vm, Chain::Rendered, &request("/v1/chat/completions", CHAT), None, &mut |turn| {
            ended = ticket(turn.filter_state);
            answer("200", "{}")
        });
        assert_refused(attempt(vm, "azure-eastus2", &state_with(Some(&ended))), "an ended stream");
    });
}

#[test]
fn refuses_an_attempt_out_of_turn_and_goes_on_with_the_plan() {
    with_vm(|vm| {
        let mut clouds = |turn: &Turn<'_>| {
            let out_of_turn: &[&str] = match turn.number {
                1 => &["aws-use1", "azure-sweden", "gcp-us", "aws-use1-mantle"],
                _ => &["azure-eastus2", "azure-sweden", "gcp-us", "aws-use1-mantle"],
            };
            for endpoint in out_of_turn {
                assert_refused(attempt(vm, endpoint, turn.filter_state), endpoint);
            }
            answer(if turn.number == 1 { "503" } else { "200" }, "{}")
        };
        let played = play(vm, Chain::Rendered, &request("/v1/chat/completions", CHAT), None, &mut clouds);
        let endpoints: Vec<_> = played.sent.iter().map(|sent| sent.endpoint.as_str()).collect();
        assert_eq!(endpoints, ["azure-eastus2", "aws-use1"]);
        assert_eq!(played.received.headers.unwrap().status(), 200);
    });
}

/// As when the VM was replaced, or another filter wrote over our state, while an attempt waited. The next cluster is
/// named when that attempt has failed, with the ticket that it began with, and so is right whatever stood there.
#[test]
fn a_request_whose_state_is_spoilt_during_an_attempt_goes_nowhere_else() {
    for value in [
        &b""[..],
        b"\xff\xfe",
        b"azure-sweden",
        b"azure-sweden 0123456789abcdef",
        b"multihome-nowhere 0123456789abcdef",
    ] {
        let (played, in_flight) = with_vm(move |vm| {
            let played = play(vm, Chain::Rendered, &request("/v1/chat/completions", CHAT), None, &mut |_| Answer {
                spoils: Some((NEXT, value.to_vec())),
                ..answer("429", "{}")
            });
            (played, multihome_filter::requests_in_flight())
        });
        let what = value.escape_ascii();
        let sent = played.sent.iter().filter(|sent| sent.message.headers.is_some());
        assert_eq!(
            sent.map(|sent| sent.endpoint.as_str()).collect::<Vec<_>>(),
            ["azure-eastus2", "aws-use1"],
            "{what}"
        );
        assert_eq!((played.end, in_flight), (End::Answered, 0), "{what}");
        assert!(matches!(played.received.headers.unwrap().status(), 429 | 503), "{what}");
    }
}

#[test]
fn the_edge_finds_no_cluster_where_its_state_was_spoilt_before_the_first_attempt() {
    with_vm(|vm| {
        let state = FilterState::default();
        let mut edge = vm.edge(&state);
        let message = request("/v1/chat/completions", CHAT);
        for piece in message.pieces(&message.headers.clone().into_shared()) {
            edge.request(piece);
        }
        let wrong = attempt(vm, "azure-sweden", &state);
        assert_refused(wrong, "the cluster that Envoy chose is not the plan's");
        // Envoy tells the client of it, and the edge puts it in its own words.
        let mut reply = Headers::of(&[(":status", "503"), ("content-type", "application/json")]);
        reply.add("content-length", "2");
        let gone = edge.response(Piece::Headers(reply.into_shared(), false));
        assert!(gone.is_empty(), "its head waits for the body that is replaced");
        let gone = edge.response(Piece::Data(b"{}".to_vec(), true));
        let [Piece::Headers(_, false), Piece::Data(body, true)] = gone.as_slice() else { panic!("{gone:?}") };
        assert!(String::from_utf8_lossy(body).contains("upstream_unavailable"));
        edge.end(true);
        assert_eq!(multihome_filter::requests_in_flight(), 0);
    });
}

#[test]
fn a_plugin_without_a_configuration_refuses_every_stream() {
    with_vm(|vm| {
        for configuration in [
            &b""[..],
            b"{}",
            b"null",
            b"{\"role\":\"edge\"}",
            b"{\"role\":\"edge\",\"policy\":{}}",
            b"{\"role\":\"attempt\"}",
            b"{\"role\":\"attempts\",\"endpoint\":\"azure-eastus2\"}",
            b"{\"role\":\"attempt\",\"endpoint\":\"azure-eastus2\",\"more\":1}",
            b"\xff\xfe",
        ] {
            let root = vm.number();
            let log = vm.configure(root, configuration.to_vec()).unwrap_err();
            assert!(log.contains("configuration refused"), "{log}");
            assert_refused(vm.filter(root, &FilterState::default()), &String::from_utf8_lossy(configuration));
        }
    });
}

#[test]
fn a_refused_policy_is_refused_with_every_fault() {
    let policy = json!({"endpoints": {"a": {"cloud": "azur"}}, "models": {}, "identity": {}});
    let log = Worker::start(&Shared::default(), &policy).unwrap_err();
    for part in ["endpoints.a.cloud", "did you mean `azure`?", "identity"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}
