//! The requests of the benchmark, written as the OpenAI SDK for Python writes them.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use serde_json::json;

use crate::{answer, upstream};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// The model stands in the path: nothing of the body is needed to route.
    Headers,
    Json700,
    /// The same; an API key names the tenant.
    Key700,
    Json64k,
    /// A streamed answer of `answer::EVENTS` events, as fast as Envoy takes them one by one.
    Sse64,
    /// The same at a model's pace: each event finds Envoy asleep.
    SsePaced,
    /// The target speaks Responses alone: as `Json700`, translated both ways.
    TranslatedJson700,
    TranslatedJson64k,
    TranslatedSse64,
    /// As `Sse64`, on the Responses API, whose ids get tags.
    TaggedSse64,
}

impl Case {
    pub const ALL: [Case; 10] = [
        Case::Headers,
        Case::Json700,
        Case::Key700,
        Case::Json64k,
        Case::Sse64,
        Case::SsePaced,
        Case::TranslatedJson700,
        Case::TranslatedJson64k,
        Case::TranslatedSse64,
        Case::TaggedSse64,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Case::Headers => "headers",
            Case::Json700 => "json-700",
            Case::Key700 => "key-700",
            Case::Json64k => "json-64k",
            Case::Sse64 => "sse-64",
            Case::SsePaced => "sse-paced",
            Case::TranslatedJson700 => "translated-json-700",
            Case::TranslatedJson64k => "translated-json-64k",
            Case::TranslatedSse64 => "translated-sse-64",
            Case::TaggedSse64 => "tagged-sse-64",
        }
    }

    /// The time between two events, where the answer is streamed.
    pub fn pace(self) -> Option<Duration> {
        match self {
            Case::Headers | Case::Json700 | Case::Key700 | Case::Json64k => None,
            Case::TranslatedJson700 | Case::TranslatedJson64k => None,
            Case::Sse64 | Case::TranslatedSse64 | Case::TaggedSse64 => Some(upstream::TICK),
            Case::SsePaced => Some(upstream::PACE),
        }
    }

    pub fn streams(self) -> bool {
        self.pace().is_some()
    }

    /// The length of a whole answer's body, its chunks joined; `None` where each chain makes something else of it.
    pub fn answer_bytes(self) -> Option<usize> {
        match self {
            Case::Headers | Case::Json700 | Case::Key700 | Case::Json64k => Some(answer::completion().len()),
            Case::Sse64 | Case::SsePaced => Some(answer::events().iter().map(String::len).sum()),
            _ => None,
        }
    }

    /// The whole request, head and body. `headers` are lines to add, `name: value`, in place of the SDK's of that name.
    pub fn request(self, host: &str, model: Option<&str>, headers: &[String]) -> Result<Vec<u8>, Box<dyn Error>> {
        let model = model.unwrap_or("gpt-6.1-sol");
        let path = match self {
            Case::Headers => {
                format!("/openai/deployments/{model}/chat/completions?api-version=2024-10-21")
            }
            Case::TaggedSse64 => "/v1/responses".to_owned(),
            _ => "/v1/chat/completions".to_owned(),
        };
        let body = match self {
            Case::Headers | Case::Json700 | Case::Key700 | Case::TranslatedJson700 => {
                body(&short(), model, "", USER, 700)?
            }
            Case::Sse64 | Case::TranslatedSse64 => body(&short(), model, STREAM, USER, 700)?,
            Case::TaggedSse64 => of_responses(&body(&short(), model, r#","stream":true"#, USER, 700)?),
            Case::SsePaced => body(&short(), model, STREAM, PACED_USER, 700)?,
            Case::Json64k | Case::TranslatedJson64k => body(&conversation(), model, "", USER, 64 * 1024)?,
        };
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n");
        let name = |line: &str| line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let given: Vec<String> = headers.iter().map(|line| name(line)).collect();
        let of_sdk = SDK_HEADERS.iter().copied().filter(|line| !given.contains(&name(line)));
        for line in of_sdk.chain(headers.iter().map(String::as_str)) {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut request = head.into_bytes();
        request.extend_from_slice(body.as_bytes());
        Ok(request)
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(name: &str) -> Result<Case, String> {
        Case::ALL.into_iter().find(|case| case.name() == name).ok_or_else(|| format!("there is no case `{name}`"))
    }
}

/// What openai 3.57 for Python sends beside the host and the length.
const SDK_HEADERS: &[&str] = &[
    "Accept-Encoding: gzip, deflate",
    "Connection: keep-alive",
    "authorization: Bearer sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD",
    "accept: application/json",
    "content-type: application/json",
    "user-agent: OpenAI/Python 3.57.0",
    "x-stainless-lang: python",
    "x-stainless-package-version: 3.57.0",
    "x-stainless-os: Linux",
    "x-stainless-arch: x64",
    "x-stainless-runtime: CPython",
    "x-stainless-runtime-version: 3.11.7",
    "x-stainless-async: false",
    "x-stainless-retry-count: 0",
    "x-stainless-read-timeout: 600",
];

const STREAM: &str = r#","stream":true,"stream_options":{"include_usage":true}"#;

const USER: &str = "user-8f14e45f";
/// By whom the upstream knows that a stream is to be paced: no header of a client's reaches it.
pub const PACED_USER: &str = "user-paced001";

/// A body of exactly `bytes` bytes: the last message's text is cut or continued to fit.
///
/// The messages come first: a reader that stops at the model has read them all.
fn body(
    messages: &[(&str, String)],
    model: &str,
    stream: &str,
    user: &str,
    bytes: usize,
) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(r#"{"messages":["#);
    for (role, content) in messages {
        text.push_str(&format!(r#"{{"role":"{role}","content":{}}},"#, json!(content)));
    }
    let tail = format!(
        r#""}}],"model":"{model}","max_completion_tokens":512,"temperature":1.0,"top_p":1.0{stream},"user":"{user}"}}"#
    );
    text.push_str(r#"{"role":"user","content":""#);
    let room = bytes
        .checked_sub(text.len() + tail.len())
        .ok_or_else(|| format!("the messages leave no room in {bytes} bytes"))?;
    text.extend(QUESTION.chars().cycle().take(room));
    text.push_str(&tail);
    Ok(text)
}

/// The same as a request of the Responses API, whose names are other ones.
fn of_responses(body: &str) -> String {
    body.replacen("\"messages\"", "\"input\"", 1).replacen("\"max_completion_tokens\"", "\"max_output_tokens\"", 1)
}

/// ASCII without anything to escape, so that it can be cut anywhere.
const QUESTION: &str = "Please compare the two drafts above, point by point, and say which of them a customer would rather \
    sign, and why. Keep it under two hundred words, name the clause each point rests on, and do not repeat the drafts. ";

fn short() -> Vec<(&'static str, String)> {
    vec![(
        "system",
        "You are the contract assistant of Contoso GmbH.\nAnswer in the user's language, quote clauses as \"§ 4.2\"."
            .to_owned(),
    )]
}

/// Twelve turns of prose, lists and code, with line breaks, quotes, escapes and text in other scripts.
/// About 60 KiB as JSON; the question after it fills the rest.
fn conversation() -> Vec<(&'static str, String)> {
    let mut messages = short();
    for turn in 0..12_usize {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        let mut text = String::new();
        // Escaping makes a paragraph a little longer: 4 900 bytes become about 5 000.
        for paragraph in PARAGRAPHS.iter().cycle().skip(turn) {
            if text.len() + paragraph.len() > 4900 {
                break;
            }
            text.push_str(paragraph);
        }
        messages.push((role, text));
    }
    messages
}

const PARAGRAPHS: &[&str] = &[
    "The supplier shall deliver the goods to the address named in the order within thirty days of its acceptance. If the \
     supplier foresees a delay, it shall tell the customer at once, name the reason and propose a new date; the customer may \
     accept that date, or withdraw from the part of the order that is late, without owing anything for it.\n\n",
    "He said: \"We can't sign this as it stands.\" She asked which clause he meant, and he answered: \"The one on liability, \
     and the whole of annex C.\" They agreed to meet again on Thursday, at the customer's office in Málaga, and to bring a \
     draft each.\n\n",
    "Die Haftung für leichte Fahrlässigkeit ist ausgeschlossen, soweit nicht wesentliche Vertragspflichten verletzt werden; \
     § 307 BGB bleibt unberührt. Über Änderungen verständigen sich die Parteien schriftlich – auch per E-Mail.\n\n",
    "Open points:\n- price per unit (now 12.40 €, we asked for 11.90 €)\n- term: 24 months, then month by month\n- who pays \
     the customs duty\n- notice: 3 months before the end of a quarter\n\n",
    "```python\ndef due(order: Order) -> date:\n    \"\"\"The last day of delivery.\"\"\"\n    return order.accepted + \
     timedelta(days=30 if order.kind != \"express\" else 3)\n\npath = \"C:\\\\contracts\\\\2026\\\\annex-c.docx\"\n```\n\n",
    "付款应在收到发票后三十天内完成。逾期付款的，买方应按日支付万分之五的违约金。双方同意以书面形式通知对方。\n\n",
    "Either party may end this agreement for cause where the other breaks a material duty and does not mend the breach within \
     fourteen days of a written notice that describes it. What was delivered and paid before the end stays delivered and \
     paid; the clauses on confidence, liability and governing law outlive the agreement. 👍\n\n",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_the_length_their_case_names() {
        for case in Case::ALL {
            let bytes = match case {
                Case::Json64k | Case::TranslatedJson64k => 65536,
                // `input` and `max_output_tokens` in place of `messages` and `max_completion_tokens`.
                Case::TaggedSse64 => 693,
                _ => 700,
            };
            let request = case.request("h", None, &[]).unwrap();
            let text = String::from_utf8(request).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.len(), bytes, "{case:?}");
            assert!(head.ends_with(&format!("Content-Length: {bytes}")));
            let value: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(value["model"], "gpt-6.1-sol");
            assert_eq!(value["stream"] == true, case.streams());
        }
    }

    #[test]
    fn the_long_conversation_is_mostly_conversation() {
        let text: usize = conversation().iter().map(|(_, content)| json!(content).to_string().len()).sum();
        assert!((52_000..65_000).contains(&text), "{text}");
    }
}
