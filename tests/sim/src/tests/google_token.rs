//! Google's token: fetched by one worker for all, renewed ahead of its end, never sent after it.

use serde_json::json;

use super::{NOW, answer, policy, request};
use crate::beside::Chain;
use crate::exchange::play;
use crate::headers::Headers;
use crate::host::{self, HttpCall};
use crate::script::End;
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

const SECOND: u64 = 1_000_000_000;
/// How long a worker that fetches keeps others from it.
const LEASE: u64 = 5 * SECOND;

/// Two workers of one Envoy.
fn workers() -> (Worker, Worker) {
    let shared = Shared::default();
    let start = || Worker::start(&shared, &policy()).unwrap();
    (start(), start())
}

/// The worker ticks at that time; the calls that it makes.
fn tick(worker: &Worker, now: u64) -> Vec<HttpCall> {
    worker
        .run(move |vm| {
            host::with(|host| host.now = now);
            vm.tick();
            host::with(|host| std::mem::take(&mut host.http_calls))
        })
        .expect("the worker panicked")
}

/// The worker's call is answered.
fn answer_call(worker: &Worker, call: &HttpCall, status: &str, body: &str) {
    let (call, headers, body) = (call.clone(), Headers::of(&[(":status", status)]), body.as_bytes().to_vec());
    worker.run(move |vm| vm.answer_call(&call, Some((headers, body)))).expect("the worker panicked");
}

fn token(value: &str, seconds: u64) -> String {
    json!({"access_token": value, "expires_in": seconds, "token_type": "Bearer"}).to_string()
}

/// What a request of a model that Google alone serves carries as its credential; `None` where it is refused.
fn credential(worker: &Worker, now: u64) -> Option<String> {
    worker.run(move |vm| credential_on(vm, now)).expect("the worker panicked")
}

fn credential_on(vm: &Vm, now: u64) -> Option<String> {
    host::with(|host| host.now = now);
    let mut message = request("/v1/chat/completions", r#"{"model":"gpt-oss-120b","messages":[]}"#);
    message.headers.add("x-multihome-clouds", "gcp");
    let played = play(vm, Chain::Rendered, &message, None, &mut |_| answer("200", "{}"));
    assert_eq!(played.end, End::Answered);
    let headers = played.sent.first()?.message.headers.clone()?;
    headers.text("authorization").map(str::to_owned)
}

#[test]
fn one_of_two_workers_fetches_for_both() {
    let (one, other) = workers();
    let calls = tick(&one, NOW);
    assert_eq!(tick(&other, NOW), []);
    assert_eq!(tick(&one, NOW + SECOND), []);
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    answer_call(&one, call, "200", &token("ya29.one", 3600));
    for worker in [&other, &one] {
        assert_eq!(credential(worker, NOW + 2 * SECOND).as_deref(), Some("Bearer ya29.one"));
        assert_eq!(tick(worker, NOW + 2 * SECOND), []);
    }
}

#[test]
fn asks_the_metadata_server_as_googles_libraries_do() {
    let (one, _) = workers();
    let calls = tick(&one, NOW);
    assert_eq!(calls[0].cluster, "metadata-server");
    assert_eq!(calls[0].timeout, 3000);
    let expected = Headers::of(&[
        (":method", "GET"),
        (":path", "/computeMetadata/v1/instance/service-accounts/default/token"),
        (":authority", "metadata.google.internal"),
        ("metadata-flavor", "Google"),
    ]);
    assert_eq!(calls[0].headers, expected);
}

#[test]
fn renews_ahead_of_the_end_and_goes_on_with_the_old_one_meanwhile() {
    let (one, other) = workers();
    answer_call(&one, &tick(&one, NOW)[0], "200", &token("ya29.one", 3600));
    assert_eq!(tick(&other, NOW + 3299 * SECOND), []);
    let calls = tick(&other, NOW + 3300 * SECOND);
    assert_eq!(calls.len(), 1);
    assert_eq!(tick(&one, NOW + 3300 * SECOND), []);
    assert_eq!(credential(&one, NOW + 3301 * SECOND).as_deref(), Some("Bearer ya29.one"));
    answer_call(&other, &calls[0], "200", &token("ya29.two", 3600));
    // A worker takes up the new one when it looks next, and in any case when the old one is of no use any more.
    assert_eq!(tick(&other, NOW + 3302 * SECOND), []);
    assert_eq!(credential(&other, NOW + 3302 * SECOND).as_deref(), Some("Bearer ya29.two"));
    assert_eq!(credential(&one, NOW + 3600 * SECOND).as_deref(), Some("Bearer ya29.two"));
}

#[test]
fn a_failed_fetch_is_made_again_a_second_later() {
    let (one, other) = workers();
    let bad = token("two words", 3600);
    for (status, body) in [("500", ""), ("200", "{}"), ("200", "<html>"), ("200", bad.as_str()), ("403", "no")] {
        let (first, second) = (tick(&one, NOW), tick(&other, NOW));
        let [call] = first.as_slice() else { panic!("{first:?} {status} {body}") };
        assert_eq!(second, []);
        answer_call(&one, call, status, body);
        assert_eq!(credential(&one, NOW), None, "{status} {body}");
        assert_eq!(tick(&one, NOW + SECOND - 1_000_000), []);
        // Whoever comes first after it.
        let calls = tick(&other, NOW + SECOND);
        assert_eq!(calls.len(), 1, "{status} {body}");
        assert_eq!(tick(&one, NOW + SECOND), []);
        answer_call(&other, &calls[0], status, body);
        // Back to where nobody has the lease, for the next row.
        one.run(|_| host::with(|host| host.shared.set(b"multihome.gcp.lease", &[0; 8], 0))).unwrap();
    }
}

#[test]
fn a_call_that_fails_or_never_began_is_no_more_than_a_failed_fetch() {
    let (one, other) = workers();
    let call = tick(&one, NOW)[0].clone();
    one.run(move |vm| vm.answer_call(&call, None)).expect("the worker panicked");
    assert_eq!(credential(&one, NOW), None);
    // The cluster is gone: Envoy refuses the call, and the lease ends by itself.
    other.run(|_| host::with(|host| host.clusters.clear())).unwrap();
    assert_eq!(tick(&other, NOW + SECOND), []);
    let log = other.run(|_| host::with(|host| format!("{:?}", host.log))).unwrap();
    assert!(log.contains("is the cluster there?"), "{log}");
    assert_eq!(tick(&one, NOW + LEASE), []);
    assert_eq!(tick(&one, NOW + SECOND + LEASE).len(), 1);
}

#[test]
fn no_token_is_sent_after_its_end() {
    let (one, other) = workers();
    answer_call(&one, &tick(&one, NOW)[0], "200", &token("ya29.short", 100));
    // It is of no use from 10 seconds before its end, so that it does not end on its way.
    for worker in [&one, &other] {
        assert_eq!(credential(worker, NOW + 89 * SECOND).as_deref(), Some("Bearer ya29.short"));
        for late in [90, 100, 3600] {
            assert_eq!(credential(worker, NOW + late * SECOND), None);
        }
    }
}

#[test]
fn a_token_that_ends_between_two_attempts_is_not_sent() {
    let (one, _) = workers();
    answer_call(&one, &tick(&one, NOW)[0], "200", &token("ya29.short", 100));
    let sent = one.run(|vm| {
        host::with(|host| host.now = NOW + 80 * SECOND);
        let mut message = request("/v1/responses", r#"{"model":"gpt-6.1-sol","input":"Hello"}"#);
        message.headers.add("x-multihome-max-attempts", "4");
        message.headers.add("x-multihome-clouds", "aws,gcp");
        play(vm, Chain::Rendered, &message, None, &mut |turn| {
            if turn.endpoint == "gcp-us" {
                host::with(|host| host.now = NOW + 95 * SECOND);
            }
            answer("503", "{}")
        })
        .sent
    });
    let sent = sent.expect("the worker panicked");
    let endpoints: Vec<_> = sent.iter().map(|sent| sent.endpoint.as_str()).collect();
    assert_eq!(endpoints, ["aws-use1", "aws-use1-mantle", "gcp-us"]);
    assert!(sent.iter().all(|sent| sent.message.headers.as_ref().unwrap().get("authorization").is_none()));
}

#[test]
fn garbage_in_the_shared_data_is_no_token() {
    let (one, _) = workers();
    for garbage in [&b""[..], b"short", &[0; 40], &[0xff; 40]] {
        one.run(move |_| host::with(|host| host.shared.set(b"multihome.gcp.token", garbage, 0))).unwrap();
        assert_eq!(credential(&one, NOW), None, "{garbage:x?}");
    }
}

#[test]
fn without_an_endpoint_that_needs_it_nobody_asks_for_a_token() {
    let mut policy = policy();
    policy["endpoints"]["gcp-us"]["auth"] = json!({"token": {"sds": "gcp-token"}});
    let worker = Worker::start(&Shared::default(), &policy).unwrap();
    assert_eq!(tick(&worker, NOW), []);
    let ticks = worker.run(|_| host::with(|host| host.ticks.clone())).unwrap();
    assert!(ticks.is_empty(), "{ticks:?}");
}
