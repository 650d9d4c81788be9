//! Whatever bytes come in, wherever they are cut.

use wasm_bindgen_test::wasm_bindgen_test;

use super::asked;
use super::events::rich;
use crate::convert::chat::{Events, reply, request};
use crate::convert::{Asked, Towards};
use crate::stream::sse;

/// Numbers that look random, the same in each run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    /// The bytes with some of them changed, taken out, or doubled.
    fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] = b"{}[]\",:\\0tn"[self.below(11)],
                2 => {
                    let end = (at + self.below(12)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        bytes
    }
}

fn streamed<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let (mut cut, mut events, mut out) = (sse::Events::default(), Events::new(asked(r#","user":"u""#), 7), Vec::new());
    for piece in pieces {
        cut.push(piece, |event| drop(events.event(&event, &mut out))).unwrap();
    }
    events.end(&mut out);
    out
}

fn stream() -> Vec<u8> {
    rich().iter().map(|data| format!("data: {data}\n\n")).collect::<String>().into_bytes()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_is_the_same_wherever_it_is_cut() {
    let stream = stream();
    let whole = streamed([&stream[..]]);
    assert!(String::from_utf8_lossy(&whole).contains("event: response.completed"));
    assert_eq!(streamed(stream.chunks(1)), whole);
    let mut random = Random(1);
    for _ in 0..200 {
        let mut cuts: Vec<usize> = (0..random.below(20)).map(|_| random.below(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        assert_eq!(streamed(cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]])), whole, "{cuts:?}");
    }
}

const REQUEST: &[u8] = br#"{"instructions":"Be kind","input":[{"role":"developer","content":"a"},{"role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"https://x","detail":"high"},{"type":"input_file","file_data":"x"}]},{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]},{"type":"refusal","refusal":"no"}]},{"type":"function_call","call_id":"call_0-0123456789abcdef","namespace":"crm","name":"f","arguments":"{\"a\":\"\u00e4\"}"},{"type":"function_call_output","call_id":"call_0-0123456789abcdef","output":[{"type":"input_text","text":"r"}]},{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"crm","description":"d","tools":[{"type":"custom","name":"c","format":{"type":"grammar","syntax":"lark","definition":"x"}}]}]}],"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]},"text":{"format":{"type":"json_schema","name":"n","schema":{}},"verbosity":"low"},"reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"],"stream":true}"#;

const REPLY: &[u8] = br#"{"id":"chatcmpl-1","created":5,"model":"m","choices":[{"index":0,"message":{"content":"a","reasoning":"hm","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"url":"u"}}],"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop","logprobs":{"content":[{"token":"a"}]}}],"usage":{"prompt_tokens":1,"completion_tokens_details":{"reasoning_tokens":1}}}"#;

#[wasm_bindgen_test(unsupported = test)]
fn no_bytes_are_too_odd() {
    let (mut random, stream, mut whole) = (Random(2), stream(), 0);
    assert!(request(REQUEST, &Towards { model: "m" }, &mut Vec::new()).is_ok());
    assert!(reply(REPLY, &Asked::default(), 7, &mut Vec::new()).is_ok());
    for _ in 0..4000 {
        let mut out = Vec::new();
        if request(&random.mutated(REQUEST), &Towards { model: "m" }, &mut out).is_ok() {
            serde_json::from_slice::<serde::de::IgnoredAny>(&out).unwrap();
            whole += 1;
        }
        out.clear();
        if reply(&random.mutated(REPLY), &Asked::default(), 7, &mut out).is_ok() {
            serde_json::from_slice::<serde::de::IgnoredAny>(&out).unwrap();
            whole += 1;
        }
    }
    assert!(whole > 200, "{whole} of them were translated");
    for _ in 0..400 {
        for event in String::from_utf8_lossy(&streamed([&random.mutated(&stream)[..]])).split_terminator("\n\n") {
            let (_, data) = event.split_once("\ndata: ").unwrap();
            serde_json::from_str::<serde::de::IgnoredAny>(data).unwrap();
        }
    }
}
