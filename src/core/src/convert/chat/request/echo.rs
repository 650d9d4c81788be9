//! What a `Response` repeats of its request.

use super::super::super::raw::Raw;
use super::Fields;
use crate::convert::MOST_ECHO;
use crate::json::Writer;

/// All members of a `Response` that say what was asked, without braces around them. What does not fit any more stands at its
/// default, instructions and tools before all else.
pub(super) fn of(fields: &Fields<'_>) -> Vec<u8> {
    let members: [(&str, Option<Raw<'_>>, &[u8]); 20] = [
        ("background", None, b"false"),
        ("max_output_tokens", fields.max_output_tokens, b"null"),
        ("max_tool_calls", fields.max_tool_calls, b"null"),
        ("parallel_tool_calls", fields.parallel_tool_calls, b"true"),
        ("previous_response_id", None, b"null"),
        ("prompt_cache_key", fields.prompt_cache_key, b"null"),
        ("prompt_cache_retention", fields.prompt_cache_retention, b"null"),
        ("reasoning", fields.reasoning, br#"{"effort":null,"summary":null}"#),
        ("safety_identifier", fields.safety_identifier, b"null"),
        ("store", None, b"false"),
        ("temperature", fields.temperature, b"null"),
        ("text", fields.text, br#"{"format":{"type":"text"}}"#),
        ("tool_choice", fields.tool_choice, br#""auto""#),
        ("top_logprobs", fields.top_logprobs, b"0"),
        ("top_p", fields.top_p, b"null"),
        ("truncation", None, br#""disabled""#),
        ("user", fields.user, b"null"),
        ("metadata", fields.metadata, b"{}"),
        ("tools", fields.tools, b"[]"),
        ("instructions", fields.instructions, b"null"),
    ];
    let mut echo = Vec::new();
    let mut json = Writer::new(&mut echo);
    let mut room = MOST_ECHO - MOST_OF_DEFAULTS;
    for (name, value, default) in members {
        match value.filter(|value| value.bytes().len() <= room) {
            Some(value) => {
                room -= value.bytes().len();
                json.key(name).raw(&value.on_one_line());
            }
            None => {
                json.key(name).raw(default);
            }
        }
    }
    echo
}

/// More than all names and defaults take, in bytes.
const MOST_OF_DEFAULTS: usize = 1 << 10;
