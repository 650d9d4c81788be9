//! Requests and answers out of a sequence of random numbers: mostly such as come, and some such as must not.

use super::keyed::Fate;
use crate::headers::Headers;
use crate::message::Message;
use crate::random::Random;
use crate::script::{Answer, Outcome};

/// A request, and what in it decides where it may go; `None` where it does not stand exactly once.
#[derive(Debug)]
pub struct Made {
    pub message: Message,
    pub body: Vec<u8>,
    pub tenant: Option<String>,
    pub carried: Option<String>,
    pub clouds: Option<String>,
    /// What its credential makes of it, where keys count.
    pub fate: Fate,
}

const PATHS: [&str; 12] = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/chat/completions",
    "/openai/v1/chat/completions?api-version=preview",
    "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    "/openai/deployments/gpt-6.1-sol/chat/completions",
    "/openai/deployments/gpt-4%2E1/chat/completions",
    "/openai/responses",
    "/v1/models",
    "/v1/models/gpt-4o",
    "/v1/embeddings",
    "/",
];

const MODELS: [&str; 14] = [
    "gpt-6.1-sol",
    "gpt-6.1-sol",
    "gpt-6.1-sol",
    "gpt-6.1-sol",
    "gpt\\u002d6.1-sol",
    "gpt-6-luna",
    "gpt-6-luna",
    "gpt-oss-120b",
    "gpt-oss-120b",
    "gpt-4o",
    "gpt-4.1",
    "gpt-9",
    "\\ud83d",
    "\\ud83d\\ude00\\u0000",
];

/// Members of a body that matter to no cloud's choice, to the choice, or to nobody.
const MEMBERS: [&str; 18] = [
    r#""messages":[{"role":"user","content":"Hello \ud83d\ude00"}]"#,
    r#""input":"Gr\u00fc\u00dfe""#,
    r#""stream":true"#,
    r#""max_tokens":17"#,
    r#""n":1"#,
    r#""tools":[{"type":"function","function":{"name":"f"}}]"#,
    r#""x":{"model":"gpt-4o","y":[[],{},null,-1.5e-7]}"#,
    r#""previous_response_id":"resp_1""#,
    r#""background":true"#,
    r#""stop":null"#,
    r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"https://example.org/x.png"}]}]"#,
    r#""messages":[{"content":[{"type":"input_audio"},7,"x"]}]"#,
    r#""model":null"#,
    r#""service_tier":"flex""#,
    r#""reasoning":{"summary":"detailed"},"include":["message.output_text.logprobs"]"#,
    r#""input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},7]"#,
    r#""input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_image","file_id":"f"}]}]"#,
    r#""tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["f"]}},{"type":"shell"},7]"#,
];

/// Members for which a body is refused.
const WRONG_MEMBERS: [&str; 4] = [r#""n":"2""#, r#""stream":1"#, r#""background":"true""#, r#""mod\u0065l":"gpt-4o""#];

/// Headers of the client's that must not leave or steer anything.
const HEADERS: [(&str, &str); 18] = [
    ("authorization", "Bearer sk-SECRET"),
    ("api-key", "SECRET"),
    ("cookie", "session=SECRET"),
    ("x-envoy-max-retries", "30"),
    ("x-envoy-retry-on", "5xx"),
    ("x-envoy-upstream-rq-timeout-ms", "1"),
    ("x-multihome-ticket", "1"),
    ("x-multihome-next", "azure-sweden"),
    ("x-multihome-move-on", "1"),
    ("x-multihome-max-attempts", "2"),
    ("x-multihome-order", "ordered"),
    ("x-multihome-residency", "us, eu"),
    ("x-amzn-bedrock-guardrailidentifier", "SECRET"),
    ("x-goog-user-project", "SECRET"),
    ("openai-project", "SECRET"),
    ("content-encoding", "identity"),
    ("te", "trailers"),
    ("x-request-id", "of-the-client"),
];

const CARRIED: [&str; 4] = [
    r#"{"clouds":["aws","azure","gcp"],"residency":["us"],"models":["*"],"max_attempts":9}"#,
    r#"{"clouds":["azure"],"residency":["eu"],"models":["gpt-*"]}"#,
    r#"{"clouds":[],"residency":[],"models":[]}"#,
    r#"{"clouds":["azure"]}"#,
];

impl Made {
    pub fn request(random: &mut Random) -> Made {
        let body = body(random);
        let most = if random.once_in(10) { PATHS.len() } else { 7 };
        let path = PATHS[random.below(most)];
        let method = if random.once_in(40) { "GET" } else { "POST" };
        let mut headers = Headers::of(&[
            (":method", method),
            (":scheme", "http"),
            (":authority", "multihome.example"),
            (":path", path),
            ("x-request-id", "6f4c9a52"),
        ]);
        if !random.once_in(40) {
            headers.add("content-type", "application/json");
        }
        if random.once_in(2) {
            headers.add("content-length", body.len().to_string());
        }
        if !random.once_in(30) {
            let known = ["acme", "acme", "acme", "acme", "globex", "initech"];
            let tenants = if random.once_in(25) { &["nobody", "", "ACME"][..] } else { &known };
            headers.add("x-tenant-id", random.pick(tenants));
        }
        if random.once_in(12) {
            headers.add("x-tenant-policy", random.pick(&CARRIED));
        }
        if random.once_in(4) {
            headers.add(
                "x-multihome-clouds",
                random.pick(&["aws", "azure,aws", "gcp, aws", "azure", "azure, gcp,aws", "azure,gcp", "oracle"]),
            );
        }
        for _ in 0..random.below(6) {
            let (name, value) = random.pick(&HEADERS);
            headers.add_if_absent(name, value);
        }
        if random.once_in(12) {
            spoil_header(random, &mut headers);
        }
        let once = |name: &str| {
            let mut found = headers.iter().filter(|(known, _)| *known == name.as_bytes());
            let value = found.next().and_then(|(_, value)| String::from_utf8(value.to_vec()).ok());
            value.filter(|_| found.next().is_none())
        };
        let (tenant, carried, clouds) = (once("x-tenant-id"), once("x-tenant-policy"), once("x-multihome-clouds"));
        Made { message: message(random, headers, &body), body, tenant, carried, clouds, fate: Fate::Unknown }
    }
}

/// A name or a value such as no client should send.
fn spoil_header(random: &mut Random, headers: &mut Headers) {
    let names = [
        "x-tenant-id",
        "x-multihome-clouds",
        "x-tenant-policy",
        "content-type",
        "content-encoding",
        "x-odd",
        "x-envoy-x",
    ];
    let name = random.pick(&names);
    let value = match random.below(5) {
        0 => vec![0xff, 0xfe],
        1 => Vec::new(),
        2 => vec![b'x'; 20_000],
        3 => random.bytes(9),
        _ => b"acme".to_vec(),
    };
    if random.once_in(2) {
        headers.remove(name.as_bytes());
    }
    headers.add(name, value);
}

fn body(random: &mut Random) -> Vec<u8> {
    let mut members: Vec<String> = (0..random.below(4)).map(|_| random.pick(&MEMBERS).to_owned()).collect();
    if random.once_in(20) {
        members.push(random.pick(&WRONG_MEMBERS).to_owned());
    }
    if !random.once_in(20) {
        let place = random.below(members.len() + 1);
        members.insert(place, format!("\"model\":{}\"{}\"", random.pick(&["", " ", "\n\t"]), random.pick(&MODELS)));
    }
    let mut body = format!("{{{}}}", members.join(random.pick(&[",", " , ", ",\r\n"]))).into_bytes();
    match random.below(60) {
        0 => body.truncate(random.below(body.len() + 1)),
        1 => body.extend(random.bytes(3)),
        2 => {
            let place = random.below(body.len());
            body[place] = random.next() as u8;
        }
        3 => {
            let length = random.below(60);
            body = random.bytes(length);
        }
        4 => body = vec![b'['; random.below(300)],
        5 => {
            body = format!("{{\"model\":\"gpt-6.1-sol\",\"x\":\"{}\"}}", "y".repeat(random.below(70_000))).into_bytes()
        }
        6 => body.clear(),
        _ => {}
    }
    body
}

/// The body in any number of pieces, with any of the ends that HTTP/1.1 and HTTP/2 have.
fn message(random: &mut Random, headers: Headers, body: &[u8]) -> Message {
    let pieces = if random.once_in(3) { random.below(9) + 1 } else { 1 };
    let mut chunks = random.cut(body, pieces);
    if random.once_in(8) {
        chunks.push(Vec::new());
    }
    if body.is_empty() && random.once_in(2) {
        chunks.clear();
    }
    let trailers = random.once_in(8).then(|| Headers::of(&[("x-trailer", "SECRET"), ("authorization", "SECRET")]));
    Message { headers, chunks, trailers }
}

const ERRORS: [&str; 9] = [
    r#"{"error":{"code":"429","message":"Too many","param":null,"type":null}}"#,
    r#"{"error":{"message":"Unsupported","type":"invalid_request_error","param":"x","code":"y"}}"#,
    r#"[{"error":{"code":429,"message":"Exhausted","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"2.5s"}]}}]"#,
    r#"{"message":"Quota","__type":"com.amazon#ServiceQuotaExceededException"}"#,
    r#"{"error":{"message":"Filtered","code":"content_filter","status":400,"innererror":{"code":"x"}}}"#,
    r#"{"error":"text"}"#,
    "<html><title>502</title></html>",
    "[]",
    "",
];

const ANSWER_HEADERS: [(&str, &str); 12] = [
    ("set-cookie", "cloud=1"),
    ("x-multihome-cloud", "forged"),
    ("x-multihome-move-on", "1"),
    ("x-envoy-upstream-service-time", "1"),
    ("retry-after", "7"),
    ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"),
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-amzn-errortype", "ServiceQuotaExceededException:http://internal.amazon.com/"),
    ("x-amzn-requestid", "aws-1"),
    ("apim-request-id", "az-1"),
    ("x-request-id", "r-1"),
    ("www-authenticate", "Bearer"),
];

/// What an attempt meets.
pub fn answer(random: &mut Random) -> Answer {
    let status = random.pick(&["200", "200", "200", "429", "429", "500", "503", "400", "401", "404", "302", "599"]);
    let mut headers = Headers::of(&[(":status", status)]);
    for _ in 0..random.below(4) {
        let (name, value) = random.pick(&ANSWER_HEADERS);
        headers.add(name, value);
    }
    if random.once_in(12) {
        headers.add(random.pick(&["retry-after", "x-amzn-errortype", "apim-request-id", "content-type"]), [0xff, 0xfe]);
    }
    let body = match (status, random.below(12)) {
        (_, 0) => random.bytes(40),
        (_, 1) => vec![b'x'; random.below(140_000)],
        ("200", _) => b"data: {\"x\":\"\xc3\xa4\"}\n\ndata: [DONE]\n\n".to_vec(),
        _ => random.pick(&ERRORS).as_bytes().to_vec(),
    };
    if random.once_in(2) {
        headers.add("content-length", body.len().to_string());
    }
    let message = message(random, headers, &body);
    let outcome = match random.below(10) {
        0 => Outcome::Lost,
        1 => Outcome::TimedOut,
        2 => Outcome::Answered(message, Some(random.below(4))),
        _ => Outcome::Answered(message, None),
    };
    let spoils = random.once_in(40).then(|| {
        let value = match random.below(4) {
            0 => random.bytes(16),
            1 => b"azure-sweden".to_vec(),
            2 => [b"azure-sweden ".as_slice(), &random.bytes(16)].concat(),
            _ => Vec::new(),
        };
        ("wasm.multihome.next", value)
    });
    let after = if random.once_in(8) { random.below(5) } else { usize::MAX };
    Answer { outcome, after, may_retry: !random.once_in(12), spoils }
}
