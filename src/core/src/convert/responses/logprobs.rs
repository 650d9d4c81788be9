//! Log probabilities of a text's tokens. Both APIs have the same, but events of a stream leave out what is empty.

use super::super::raw::{Members, Raw};
use crate::json::Writer;

/// Writes the elements of a list.
pub(super) fn write(tokens: Raw<'_>, json: &mut Writer<'_>) {
    tokens.each(|_, token| {
        let Some(members) = Members::of(token, &["token", "logprob", "bytes", "top_logprobs"]) else { return };
        json.begin_object();
        write_token(members.get("token"), members.get("logprob"), members.get("bytes"), json);
        json.key("top_logprobs").begin_array();
        if let Some(top) = members.get("top_logprobs") {
            top.each(|_, token| {
                let Some(members) = Members::of(token, &["token", "logprob", "bytes"]) else { return };
                json.begin_object();
                write_token(members.get("token"), members.get("logprob"), members.get("bytes"), json);
                json.end_object();
            });
        }
        json.end_array().end_object();
    });
}

/// What events leave out is what OpenAI writes where there is none: a probability of nothing, no bytes.
fn write_token(token: Option<Raw<'_>>, logprob: Option<Raw<'_>>, bytes: Option<Raw<'_>>, json: &mut Writer<'_>) {
    json.key("token").raw(token.map_or(b"\"\"", Raw::bytes));
    json.key("logprob").raw(logprob.map_or(b"-9999.0", Raw::bytes));
    json.key("bytes").raw(bytes.map_or(b"null", Raw::bytes));
}
