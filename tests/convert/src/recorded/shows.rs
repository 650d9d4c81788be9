//! What a client is shown of a completion, by either API.

use serde_json::Value;

/// What a client is shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shows {
    text: String,
    refusal: String,
    /// Ids, names, and what the tools are given.
    calls: Vec<(String, String, String)>,
    citations: usize,
    logprobs: usize,
    /// Tokens: of the request, cached ones of those, of the completion, reasoning ones of those, all.
    usage: [u64; 5],
    finish: String,
}

impl Shows {
    /// The same, with the ids of calls that only count as they were: a digest of the response stands behind them, since the
    /// next response counts anew.
    pub fn with_bare_ids(mut self) -> Shows {
        for (id, _, _) in &mut self.calls {
            let counted = id
                .rsplit_once('-')
                .filter(|(_, digest)| digest.len() == 16 && digest.bytes().all(|digit| digit.is_ascii_hexdigit()));
            if let Some((bare, _)) = counted.filter(|(bare, _)| bare.starts_with("call_")) {
                *id = bare.to_owned();
            }
        }
        self
    }
}

fn string(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn usage(value: &Value, pointers: [&str; 5]) -> [u64; 5] {
    pointers.map(|pointer| value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default())
}

impl Shows {
    /// Of a whole `Response`; `None` of one that is not over.
    pub fn of_response(response: &Value) -> Option<Shows> {
        let status = string(response, "/status");
        if matches!(&*status, "queued" | "in_progress" | "failed" | "cancelled") {
            return None;
        }
        let mut shows = Shows::default();
        for item in list(response, "/output") {
            match &*string(item, "/type") {
                "message" => list(item, "/content").iter().for_each(|part| {
                    shows.text += &string(part, "/text");
                    shows.refusal += &string(part, "/refusal");
                    let urls = list(part, "/annotations").iter();
                    shows.citations += urls.filter(|annotation| string(annotation, "/type") == "url_citation").count();
                    shows.logprobs += list(part, "/logprobs").len();
                }),
                kind @ ("function_call" | "custom_tool_call") => {
                    let given = if kind == "function_call" { "/arguments" } else { "/input" };
                    shows.calls.push((string(item, "/call_id"), string(item, "/name"), string(item, given)));
                }
                _ => {}
            }
        }
        let details = ["/usage/input_tokens_details/cached_tokens", "/usage/output_tokens_details/reasoning_tokens"];
        let names = ["/usage/input_tokens", details[0], "/usage/output_tokens", details[1], "/usage/total_tokens"];
        shows.usage = usage(response, names);
        shows.finish = match &*string(response, "/incomplete_details/reason") {
            "" if shows.calls.is_empty() => "stop",
            "" => "tool_calls",
            "content_filter" => "content_filter",
            _ => "length",
        }
        .to_owned();
        Some(shows)
    }

    fn read_usage(&mut self, completion: &Value) {
        if completion.pointer("/usage/prompt_tokens").is_none() {
            return;
        }
        let details =
            ["/usage/prompt_tokens_details/cached_tokens", "/usage/completion_tokens_details/reasoning_tokens"];
        let names = ["/usage/prompt_tokens", details[0], "/usage/completion_tokens", details[1], "/usage/total_tokens"];
        self.usage = usage(completion, names);
    }

    /// Adds what a message or a delta holds.
    fn add(&mut self, message: &Value) {
        self.text += &string(message, "/content");
        self.refusal += &string(message, "/refusal");
        self.citations += list(message, "/annotations").len();
        for (place, call) in list(message, "/tool_calls").iter().enumerate() {
            let index = call.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
            let index = index.unwrap_or(place);
            if index == self.calls.len() {
                self.calls.push(<(String, String, String)>::default());
            }
            let Some((id, name, given)) = self.calls.get_mut(index) else { continue };
            *id += &string(call, "/id");
            *name += &(string(call, "/function/name") + &string(call, "/custom/name"));
            *given += &(string(call, "/function/arguments") + &string(call, "/custom/input"));
        }
    }

    /// Of a stream's last event.
    pub fn of_events(stream: &str) -> Option<Shows> {
        let over = |event: &Value| matches!(&*string(event, "/type"), "response.completed" | "response.incomplete");
        Shows::of_response(data(stream).find(over)?.get("response")?)
    }

    /// Of a whole chat completion.
    pub fn of_completion(completion: &Value) -> Option<Shows> {
        let mut shows = Shows { finish: string(completion, "/choices/0/finish_reason"), ..Shows::default() };
        shows.add(completion.pointer("/choices/0/message")?);
        shows.logprobs = list(completion, "/choices/0/logprobs/content").len();
        shows.read_usage(completion);
        Some(shows)
    }

    /// Of a chat completion's chunks; `None` of a stream that does not end as they do.
    pub fn of_chunks(stream: &str) -> Option<Shows> {
        let stream = stream.trim_end().strip_suffix("data: [DONE]")?;
        let mut shows = Shows::default();
        for chunk in data(stream) {
            if let Some(delta) = chunk.pointer("/choices/0/delta") {
                shows.add(delta);
            }
            shows.logprobs += list(&chunk, "/choices/0/logprobs/content").len();
            shows.finish += &string(&chunk, "/choices/0/finish_reason");
            shows.read_usage(&chunk);
        }
        Some(shows)
    }
}

/// The data of a stream's events.
fn data(stream: &str) -> impl Iterator<Item = Value> {
    stream.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?).ok())
}
