//! How a response with a status of 2xx begins: whether it says that the completion failed before there is any of it.
//!
//! Of a stream that is its first event that is more than lifecycle. Of a whole body it is the member that says how the
//! completion went, which stands before what was generated; if it stands behind, the body is not waited for.

use super::Form;
use crate::json::{Cursor, Malformed};
use crate::stream::sse::Event;

/// What a beginning says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning<'b> {
    /// Nothing of the completion yet.
    Lifecycle,
    /// There is one, or will be; or nobody can tell.
    Output,
    /// It failed: the cloud's error, as it says one in a body of its own.
    Failed(&'b [u8]),
}

impl Form {
    /// What an event at a stream's beginning says.
    pub fn event_says(self, event: Event<'_>) -> Beginning<'_> {
        if event.name == b"error" {
            return Beginning::Failed(event.data);
        }
        match self {
            Form::Chat => chunk_says(event.data),
            Form::Responses => {
                let named = kind_of(event.name);
                match named.or_else(|| kind_of(&typed(event.data)?)) {
                    Some(Kind::Lifecycle) => Beginning::Lifecycle,
                    Some(Kind::Failed) => Beginning::Failed(failed_response(event.data)),
                    None if has_error(event.data) => Beginning::Failed(event.data),
                    None => Beginning::Output,
                }
            }
        }
    }

    /// What the beginning of a whole body says, of which all is there if `ended`. Of one that failed, the rest is still to come
    /// if not.
    pub fn body_says(self, body: &[u8], ended: bool) -> Beginning<'_> {
        let mut says = Beginning::Lifecycle;
        let read = Cursor::new(body).object(|cursor, key| {
            match cursor.peek() {
                Some(b'{' | b'"') if key.is("error") => says = Beginning::Failed(body),
                Some(b'"') if self == Form::Responses && key.is("status") => {
                    let failed = cursor.string("a status")?.is("failed");
                    says = if failed { Beginning::Failed(body) } else { Beginning::Output };
                }
                // It has no status: what stands before the completion is enough.
                _ if key.is("choices") || key.is("output") => says = Beginning::Output,
                _ => _ = cursor.skip()?,
            }
            if says == Beginning::Lifecycle { Ok(()) } else { Err(Stop::Decided) }
        });
        match read {
            Err(Stop::Decided) => says,
            // It may be cut: the caller bounds how much of it is waited for.
            Err(Stop::Malformed) if !ended && matches!(Cursor::new(body).peek(), Some(b'{') | None) => {
                Beginning::Lifecycle
            }
            _ => Beginning::Output,
        }
    }
}

/// Why reading ended.
enum Stop {
    /// It is known.
    Decided,
    /// It is no JSON, or not all of it.
    Malformed,
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Stop {
        Stop::Malformed
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Lifecycle,
    Failed,
}

/// What the name of an event of the Responses API says.
fn kind_of(name: &[u8]) -> Option<Kind> {
    match name {
        b"response.created" | b"response.queued" | b"response.in_progress" => Some(Kind::Lifecycle),
        b"response.failed" | b"error" => Some(Kind::Failed),
        _ => None,
    }
}

/// The `type` of an event, which has no escapes where it is one that is known.
fn typed(data: &[u8]) -> Option<Vec<u8>> {
    let mut kind = None;
    // What stands before a malformed place has been read.
    let _: Result<(), Malformed> = Cursor::new(data).object(|cursor, key| {
        if key.is("type") && cursor.peek() == Some(b'"') {
            kind = cursor.string("a type")?.unescaped().map(|kind| kind.into_owned().into_bytes());
        } else {
            cursor.skip()?;
        }
        Ok(())
    });
    kind
}

/// A chunk of chat: an error in place of one; or one without a choice, with which Azure begins.
fn chunk_says(data: &[u8]) -> Beginning<'_> {
    let (mut failed, mut empty) = (false, false);
    let read: Result<(), Malformed> = Cursor::new(data).object(|cursor, key| {
        if key.is("error") {
            failed |= cursor.peek() != Some(b'n');
        } else if key.is("choices") && cursor.peek() == Some(b'[') {
            empty = true;
            return cursor.array(|cursor| {
                empty = false;
                cursor.skip().map(|_| ())
            });
        } else if key.is("usage") && cursor.peek() == Some(b'{') {
            empty = false;
        }
        cursor.skip().map(|_| ())
    });
    match read {
        Ok(()) if failed => Beginning::Failed(data),
        Ok(()) if empty => Beginning::Lifecycle,
        _ => Beginning::Output,
    }
}

fn has_error(data: &[u8]) -> bool {
    let mut has = false;
    let read: Result<(), Malformed> = Cursor::new(data).object(|cursor, key| {
        has |= key.is("error") && cursor.peek() == Some(b'{');
        cursor.skip().map(|_| ())
    });
    has && read.is_ok()
}

/// The `response` of an event, which says the error as a whole body does; the event itself where it has none.
fn failed_response(data: &[u8]) -> &[u8] {
    let mut response = None;
    let _: Result<(), Malformed> = Cursor::new(data).object(|cursor, key| {
        let span = cursor.skip()?;
        if key.is("response") {
            response = data.get(span);
        }
        Ok(())
    });
    response.unwrap_or(data)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_begins_with_its_first_event_that_is_more_than_lifecycle() {
        use Beginning::{Failed, Lifecycle, Output};
        const RATE: &str = r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null}"#;
        for (form, name, data, says) in [
            (Form::Chat, "", r#"{"choices":[{"index":0,"delta":{"role":"assistant"}}],"error":null}"#, Output),
            (Form::Chat, "", r#"{"choices":[],"prompt_filter_results":[{}]}"#, Lifecycle),
            (Form::Chat, "", r#"{"choices":[],"usage":{"prompt_tokens":1}}"#, Output),
            (Form::Chat, "", r#"{"usage":null,"choices":[]}"#, Lifecycle),
            (Form::Chat, "", "[DONE]", Output),
            (Form::Chat, "", "", Output),
            (Form::Chat, "", r#"{"error":{"code":"x"}}"#, Failed(br#"{"error":{"code":"x"}}"#)),
            (Form::Chat, "", r#"{"error":"x"}"#, Failed(br#"{"error":"x"}"#)),
            (Form::Chat, "error", "{}", Failed(b"{}")),
            (Form::Chat, "", r#"{"error":{"code":"x"}"#, Output),
            (Form::Responses, "response.created", r#"{"response":{"error":null}}"#, Lifecycle),
            (Form::Responses, "", r#"{"response":{},"type":"response.in_progress"}"#, Lifecycle),
            (Form::Responses, "", r#"{"type":"response.queued"}"#, Lifecycle),
            (Form::Responses, "response.output_item.added", r#"{"type":"response.output_item.added"}"#, Output),
            (Form::Responses, "response.incomplete", r#"{"response":{"status":"incomplete"}}"#, Output),
            (Form::Responses, "response.vendor_note", "{}", Output),
            (Form::Responses, "", "[DONE]", Output),
            (Form::Responses, "error", RATE, Failed(RATE.as_bytes())),
            (Form::Responses, "", RATE, Failed(RATE.as_bytes())),
            (Form::Responses, "", r#"{"error":{"code":"x"}}"#, Failed(br#"{"error":{"code":"x"}}"#)),
            (
                Form::Responses,
                "response.failed",
                r#"{"response":{"status":"failed","error":{"code":"server_error"}}}"#,
                Failed(br#"{"status":"failed","error":{"code":"server_error"}}"#),
            ),
        ] {
            let event = Event { name: name.as_bytes(), data: data.as_bytes() };
            assert_eq!(form.event_says(event), says, "{form:?} {name} {data}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_whole_body_is_known_by_what_stands_before_its_completion() {
        use Beginning::{Failed, Lifecycle, Output};
        for (form, body, ended, says) in [
            (Form::Chat, r#"{"id":"c","object":"chat.completion","choices":[{"#, false, Output),
            (Form::Chat, r#"{"error":{"mess"#, false, Failed(br#"{"error":{"mess"#)),
            (Form::Chat, r#"{"error":null,"choices":["#, false, Output),
            (Form::Chat, r#"{"id":"c","obj"#, false, Lifecycle),
            (Form::Chat, r#"{"id":"c","obj"#, true, Output),
            (Form::Chat, "", false, Lifecycle),
            (Form::Chat, "this is no JSON", false, Output),
            (Form::Chat, "[]", true, Output),
            (Form::Chat, r#"{"status":"failed","choices":[]}"#, true, Output),
            (Form::Responses, r#"{"id":"r","status":"completed","output":["#, false, Output),
            (Form::Responses, r#"{"id":"r","status":"in_pro"#, false, Lifecycle),
            (Form::Responses, r#"{"status":"failed","error""#, false, Failed(br#"{"status":"failed","error""#)),
            (Form::Responses, r#"{"background":false,"error":{"#, false, Failed(br#"{"background":false,"error":{"#)),
            (Form::Responses, r#"{"background":false,"error":null,"id":"r","output":["#, false, Output),
        ] {
            assert_eq!(form.body_says(body.as_bytes(), ended), says, "{form:?} {body} {ended}");
        }
    }
}
