//! A `Response`, whole or at the end of a stream: what a chat completion shows of it.

use super::super::raw::{Members, Raw};
use super::failure;
use crate::form::Usage;
use crate::json::Writer;

/// What is read of it.
pub(super) const MEMBERS: &[&str; 9] =
    &["id", "created_at", "model", "status", "incomplete_details", "error", "output", "usage", "service_tier"];

/// A `Response`.
#[derive(Debug)]
pub(super) struct Response<'j>(pub(super) Members<'j, 9>);

/// The longest id and model that are shown, in bytes.
const LONGEST: usize = 256;

impl<'j> Response<'j> {
    /// Reads a value that was read past; `None` if it is no object.
    pub(super) fn of(value: Raw<'j>) -> Option<Response<'j>> {
        Members::of(value, MEMBERS).map(Response)
    }

    /// The cloud's error, if the completion failed.
    pub(super) fn failure(&self) -> Option<Vec<u8>> {
        let failed = self.0.get("status").is_some_and(|status| status.is("failed") || status.is("cancelled"));
        let error = self.0.get("error");
        if failed || error.is_some() { Some(failure::of(error)) } else { None }
    }

    /// Writes what a completion and each chunk of one begin with: `id`, `object`, `created`, `model`.
    pub(super) fn write_head(&self, object: &str, now: u64, json: &mut Writer<'_>) {
        let text = |name| self.0.get(name).and_then(Raw::inner).filter(|inner| inner.len() <= LONGEST);
        let created = self.0.get("created_at").and_then(Raw::count).unwrap_or(now);
        let id = text("id").map(|id| id.strip_prefix(b"resp_").unwrap_or(id));
        json.key("id").begin_string().text("chatcmpl-");
        match id {
            Some(id) => json.raw_text(id),
            None => json.text("none"),
        };
        json.end_string();
        json.key("object").string(object).key("created").number(created);
        json.key("model").begin_string().raw_text(text("model").unwrap_or_default()).end_string();
    }

    /// Writes `service_tier`, if it is known.
    pub(super) fn write_tier(&self, json: &mut Writer<'_>) {
        if let Some(tier) = self.0.get("service_tier").filter(|tier| tier.is_string()) {
            json.key("service_tier").raw(tier.bytes());
        }
    }

    /// Why the completion ended.
    pub(super) fn finish(&self, calls: bool) -> &'static str {
        if self.0.get("status").is_some_and(|status| status.is("incomplete")) {
            let reason = self.0.get("incomplete_details").and_then(|details| Members::of(details, &["reason"]));
            return match &*reason.and_then(|reason| reason.get("reason")).map(Raw::word).unwrap_or_default() {
                "content_filter" => "content_filter",
                // Another instruction came in between: what is there stands.
                "steered" => "stop",
                _ => "length",
            };
        }
        if calls { "tool_calls" } else { "stop" }
    }

    /// What it took.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let names = &["input_tokens", "output_tokens", "total_tokens", "input_tokens_details", "output_tokens_details"];
        let usage = Members::of(self.0.get("usage")?, names)?;
        let count = |name| usage.get(name).and_then(Raw::count);
        let input_details = usage.get("input_tokens_details");
        let input_details =
            input_details.and_then(|details| Members::of(details, &["cached_tokens", "cache_write_tokens"]));
        let output_details = usage.get("output_tokens_details");
        let output_details = output_details.and_then(|details| Members::of(details, &["reasoning_tokens"]));
        let of_input = |name| input_details.as_ref().and_then(|details| details.get(name)).and_then(Raw::count);
        let reasoning = output_details.and_then(|details| details.get("reasoning_tokens")).and_then(Raw::count);
        let usage = Usage {
            input: count("input_tokens").unwrap_or_default(),
            cached: of_input("cached_tokens").unwrap_or_default(),
            output: count("output_tokens").unwrap_or_default(),
            reasoning: reasoning.unwrap_or_default(),
        };
        let sum = usage.input.saturating_add(usage.output);
        Some(Tokens { usage, written: of_input("cache_write_tokens"), total: count("total_tokens").unwrap_or(sum) })
    }
}

/// What a completion took, as far as chat shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    /// As it is accounted.
    pub(super) usage: Usage,
    /// Tokens that the cloud put into its cache, if it says so.
    written: Option<u64>,
    total: u64,
}

impl Tokens {
    /// Writes `usage`.
    pub(super) fn write(&self, json: &mut Writer<'_>) {
        json.key("usage").begin_object();
        json.key("prompt_tokens").number(self.usage.input);
        json.key("completion_tokens").number(self.usage.output);
        json.key("total_tokens").number(self.total);
        json.key("prompt_tokens_details").begin_object();
        json.key("cached_tokens").number(self.usage.cached);
        if let Some(written) = self.written {
            json.key("cache_write_tokens").number(written);
        }
        json.key("audio_tokens").number(0).end_object();
        json.key("completion_tokens_details").begin_object();
        json.key("reasoning_tokens").number(self.usage.reasoning);
        json.key("audio_tokens").number(0);
        json.key("accepted_prediction_tokens").number(0).key("rejected_prediction_tokens").number(0);
        json.end_object().end_object();
    }
}
