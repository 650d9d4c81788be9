//! Vectors made with botocore 1.44, and requests with one thing changed after they were signed.

use super::*;
use crate::surface::Surface;
use bytes::Bytes;
use hyper::{HeaderMap, Method};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const STAMPED: &str = "20261122T120000Z";

fn noon() -> SystemTime {
    PrimitiveDateTime::parse(STAMPED, STAMP).unwrap().assume_utc().into()
}

fn request(host: &str, path: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in [("host", host), ("content-type", "application/json"), ("x-amz-date", STAMPED)] {
        map.insert(name, value.parse().unwrap());
    }
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Request {
        surface: Surface::AwsRuntime,
        seq: 1,
        host: host.into(),
        method: Method::POST,
        path: path.into(),
        query: None,
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn authorization(service: &str, signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/{service}/aws4_request, SignedHeaders={signed}, Signature={signature}"
    )
}

fn expected(service: &str) -> Expected<'_> {
    Expected { access_key_id: "AKIDEXAMPLE", secret_access_key: SECRET, service, region: "us-east-1", now: noon() }
}

const CONVERSE: &str = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
const CHAT: &str = r#"{"model":"openai.gpt-6-sol","messages":[{"role":"user","content":"hi"}]}"#;
const CHAT_HASH: &str = "eed27792f9ca77b90c09cd6b7100196d1df4658f90711c5f616cb523afc92835";

/// Two more vectors stand in `verifies_what_botocore_signed`: this one has a session token, which no key here has.
#[test]
fn signs_as_botocore_does_with_a_session_token() {
    let path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse-stream";
    let request =
        request("bedrock-runtime.us-east-1.amazonaws.com", path, &[("x-amz-security-token", "TOKEN")], CONVERSE);
    let header = authorization("bedrock", "content-type;host;x-amz-date;x-amz-security-token", "");
    let signature = signature(&request, &claim(&header).unwrap(), &expected("bedrock"), noon()).unwrap();
    assert_eq!(signature, "abffae67f4d7e26e7eb071f565d28b7a0819c1938df6c33983d45896a8b1eeac");
}

fn runtime() -> Request {
    let host = "bedrock-runtime.us-east-1.amazonaws.com";
    let signature = "d910fbda91004a071b8313d6ecfca4a72cb3dfe46f008414fbcda0b2adc227e2";
    let header = authorization("bedrock", "content-type;host;x-amz-date", signature);
    request(host, "/model/openai.gpt-oss-120b-1%3A0/converse", &[("authorization", &header)], CONVERSE)
}

fn mantle() -> Request {
    let signature = "1d1f7423dbdc646e6ca1517e10f30dd4212d1c4f1583ce04f75146646c95ef28";
    let header = authorization("bedrock-mantle", "content-type;host;x-amz-content-sha256;x-amz-date", signature);
    let headers = [("authorization", header.as_str()), ("x-amz-content-sha256", CHAT_HASH)];
    request("bedrock-mantle.us-east-1.api.aws", "/openai/v1/chat/completions", &headers, CHAT)
}

#[test]
fn verifies_what_botocore_signed() {
    assert_eq!(verify(&runtime(), &expected("bedrock")), Ok(()));
    assert_eq!(verify(&mantle(), &expected("bedrock-mantle")), Ok(()));
}

/// A header of no importance that was not signed may be added on the way.
#[test]
fn unsigned_headers_may_be_added() {
    let mut request = runtime();
    request.headers.insert("x-forwarded-proto", "https".parse().unwrap());
    assert_eq!(verify(&request, &expected("bedrock")), Ok(()));
}

#[test]
fn refuses_whatever_was_changed_after_signing() {
    type Change = fn(&mut Request);
    const MISMATCH: &str = "The request signature we calculated does not match";
    let rows: &[(&str, Change, &str, &str)] = &[
        ("body", |r| r.body = Bytes::from_static(b"{}"), "InvalidSignatureException", MISMATCH),
        ("path", |r| r.path = "/model/openai.gpt-oss-20b-1%3A0/converse".into(), "InvalidSignatureException", MISMATCH),
        (
            "encoding of the path",
            |r| r.path = "/model/openai.gpt-oss-120b-1:0/converse".into(),
            "InvalidSignatureException",
            MISMATCH,
        ),
        ("query", |r| r.query = Some("a=b".into()), "InvalidSignatureException", MISMATCH),
        ("method", |r| r.method = Method::PUT, "InvalidSignatureException", MISMATCH),
        ("host", |r| r.host = "bedrock-runtime.us-west-2.amazonaws.com".into(), "InvalidSignatureException", MISMATCH),
        ("signed header", |r| set(r, "content-type", "text/plain"), "InvalidSignatureException", MISMATCH),
        ("signed header gone", |r| drop(r.headers.remove("content-type")), "InvalidSignatureException", MISMATCH),
        ("date", |r| set(r, "x-amz-date", "20261122T120001Z"), "InvalidSignatureException", MISMATCH),
        ("day", |r| set(r, "x-amz-date", "20261121T120000Z"), "InvalidSignatureException", "Date in Credential scope"),
        (
            "form of the date",
            |r| set(r, "x-amz-date", "2026-11-22"),
            "IncompleteSignatureException",
            "Date must be in ISO-8601",
        ),
        (
            "no date",
            |r| drop(r.headers.remove("x-amz-date")),
            "IncompleteSignatureException",
            "Authorization header requires existence",
        ),
        (
            "no authorization",
            |r| drop(r.headers.remove("authorization")),
            "MissingAuthenticationTokenException",
            "Missing",
        ),
        ("another scheme", |r| set(r, "authorization", "AWS3 x"), "MissingAuthenticationTokenException", "Missing"),
        (
            "no signature",
            |r| edit(r, ", Signature=", ", X="),
            "IncompleteSignatureException",
            "Authorization header requires 'Signature'",
        ),
        ("scope cut short", |r| edit(r, "/aws4_request", ""), "IncompleteSignatureException", ""),
        ("key", |r| edit(r, "AKIDEXAMPLE", "AKIDOTHER"), "UnrecognizedClientException", "The security token"),
        (
            "region",
            |r| edit(r, "us-east-1", "us-west-2"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region",
        ),
        (
            "service",
            |r| edit(r, "/bedrock/", "/bedrock-mantle/"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'bedrock'",
        ),
        (
            "host unsigned",
            |r| edit(r, "content-type;host;", "content-type;"),
            "InvalidSignatureException",
            "'Host' or ':authority' must be",
        ),
        (
            "an x-amz- header unsigned",
            |r| set(r, "x-amz-target", "x"),
            "InvalidSignatureException",
            "'x-amz-target' must be",
        ),
        (
            "a token",
            |r| {
                set(r, "x-amz-security-token", "T");
                edit(r, "x-amz-date", "x-amz-date;x-amz-security-token");
            },
            "UnrecognizedClientException",
            "The security token",
        ),
    ];
    for (what, change, name, beginning) in rows {
        let mut request = runtime();
        change(&mut request);
        let refusal = verify(&request, &expected("bedrock")).expect_err(what);
        assert_eq!((refusal.name, refusal.status), (*name, 403), "{what}");
        assert!(refusal.message.starts_with(beginning), "{what}: {}", refusal.message);
    }
}

fn set(request: &mut Request, name: &'static str, value: &str) {
    request.headers.insert(name, value.parse().unwrap());
}

fn edit(request: &mut Request, from: &str, to: &str) {
    let header = request.header("authorization").unwrap().replace(from, to);
    set(request, "authorization", &header);
}

#[test]
fn a_declared_hash_must_be_the_bodys() {
    let mut request = mantle();
    request.body = Bytes::from_static(b"{}");
    let refusal = verify(&request, &expected("bedrock-mantle")).unwrap_err();
    assert!(refusal.message.starts_with("The value of 'X-Amz-Content-Sha256'"), "{}", refusal.message);
}

#[test]
fn a_signature_holds_for_five_minutes_either_way() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let at = |now| verify(&runtime(), &Expected { now, ..expected("bedrock") }).map_err(|refusal| refusal.message);
    assert_eq!(at(noon() + minutes(5)), Ok(()));
    assert_eq!(at(noon() - minutes(5)), Ok(()));
    let expired =
        "Signature expired: 20261122T120000Z is now earlier than 20261122T120100Z (20261122T120600Z - 5 min.)";
    assert_eq!(at(noon() + minutes(6)), Err(expired.into()));
    assert!(at(noon() - minutes(6)).unwrap_err().starts_with("Signature not yet current"));
}
