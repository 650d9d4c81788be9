//! A response as a stream of events.

use super::super::content::{Content, Finish, Item, Order};
use super::super::{Call, Flavor, chat};
use super::items::{SUMMARY, includes, output_item, refusal_part, summarizes, summary_part, text_part};
use super::{Stage, output, response};
use bytes::Bytes;
use serde_json::{Value, json};

pub fn events(call: &Call<'_>, content: &Content) -> Vec<Bytes> {
    let mut stream = Stream { call, content, events: Vec::new(), sequence: 0 };
    let begun = response(call, content, Stage::Begun, Vec::new());
    if call.says("background") {
        let queued = response(call, content, Stage::Queued, Vec::new());
        stream.push("response.created", json!({"response": queued}));
        stream.push("response.queued", json!({"response": queued}));
    } else {
        stream.push("response.created", json!({"response": begun}));
    }
    stream.push("response.in_progress", json!({"response": begun}));
    if content.order == Order::Interleaved {
        stream.interleaved();
    } else {
        for (index, item) in content.items.iter().enumerate() {
            stream.item(index, item);
        }
    }
    let ended = response(call, content, Stage::Ended, output(call, content));
    let last = match content.finish {
        Finish::Stop | Finish::ToolCalls => "response.completed",
        Finish::Length | Finish::ContentFilter => "response.incomplete",
    };
    stream.push(last, json!({"response": ended}));
    stream.events
}

/// An event, its payload's type and number put in.
pub fn event(flavor: Flavor, name: &str, sequence: u64, mut payload: Value) -> Bytes {
    if let Value::Object(payload) = &mut payload {
        payload.insert("type".into(), json!(name));
        payload.insert("sequence_number".into(), json!(sequence));
    }
    // Mantle puts the data first, which the format allows and a naive parser does not expect.
    if flavor.is_mantle() {
        format!("data: {payload}\nevent: {name}\n\n").into()
    } else {
        format!("event: {name}\ndata: {payload}\n\n").into()
    }
}

struct Stream<'a> {
    call: &'a Call<'a>,
    content: &'a Content,
    events: Vec<Bytes>,
    sequence: u64,
}

/// What a call streams: the name of its events, the field of the whole, and the whole.
fn streamed_call(item: &Item) -> Option<(&'static str, &'static str, &str)> {
    match item {
        Item::Call { arguments, .. } => Some(("response.function_call_arguments", "arguments", arguments)),
        Item::Custom { input, .. } => Some(("response.custom_tool_call_input", "input", input)),
        _ => None,
    }
}

impl Stream<'_> {
    fn push(&mut self, name: &str, payload: Value) {
        self.events.push(event(self.call.flavor, name, self.sequence, payload));
        self.sequence += 1;
    }

    fn item(&mut self, index: usize, item: &Item) {
        let item_id = self.added(index, item);
        match item {
            Item::Reasoning if self.call.flavor == Flavor::MantleOpen || !summarizes(self.call) => {}
            Item::Reasoning => self.summary(index, &item_id),
            Item::Message(pieces) => self.message(index, &item_id, pieces),
            Item::Refusal(pieces) => self.refusal(index, &item_id, pieces),
            _ => {
                if let Some((name, field, whole)) = streamed_call(item) {
                    if self.content.order != Order::DoneOnly {
                        let pieces = if whole.len() > 2 { chat::halves(whole) } else { vec![whole] };
                        for piece in pieces {
                            self.piece(name, index, &item_id, piece);
                        }
                    }
                    self.whole(name, field, index, &item_id, whole);
                }
            }
        }
        self.done(index, item);
    }

    /// What is no call comes first; then all calls begin, take turns, and end in their order.
    fn interleaved(&mut self) {
        let items: Vec<(usize, &Item)> = self.content.items.iter().enumerate().collect();
        let (calls, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|(_, item)| streamed_call(item).is_some());
        for (index, item) in others {
            self.item(index, item);
        }
        let ids: Vec<Value> = calls.iter().map(|(index, item)| self.added(*index, item)).collect();
        for half in 0..2 {
            for ((index, item), id) in calls.iter().zip(&ids) {
                let Some((name, _, whole)) = streamed_call(item) else { continue };
                if let Some(piece) = chat::halves(whole).get(half) {
                    self.piece(name, *index, id, piece);
                }
            }
        }
        for ((index, item), id) in calls.iter().zip(&ids) {
            if let Some((name, field, whole)) = streamed_call(item) {
                self.whole(name, field, *index, id, whole);
            }
            self.done(*index, item);
        }
    }

    fn added(&mut self, index: usize, item: &Item) -> Value {
        let begun = output_item(self.call, self.content, index, item, Stage::Begun);
        let id = begun.get("id").cloned().unwrap_or_default();
        self.push("response.output_item.added", json!({"output_index": index, "item": begun}));
        id
    }

    fn done(&mut self, index: usize, item: &Item) {
        let mut done = output_item(self.call, self.content, index, item, Stage::Ended);
        if let (true, Item::Reasoning, Value::Object(done)) = (self.content.late, item, &mut done) {
            done.remove("encrypted_content");
        }
        self.push("response.output_item.done", json!({"output_index": index, "item": done}));
    }

    fn piece(&mut self, name: &str, index: usize, item_id: &Value, piece: &str) {
        let delta = json!({"item_id": item_id, "output_index": index, "delta": piece});
        self.push(&format!("{name}.delta"), self.obfuscated(delta, piece));
    }

    fn whole(&mut self, name: &str, field: &str, index: usize, item_id: &Value, whole: &str) {
        let done = json!({"item_id": item_id, "output_index": index, (field): whole});
        self.push(&format!("{name}.done"), done);
    }

    fn refusal(&mut self, index: usize, item_id: &Value, pieces: &[String]) {
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        self.push("response.content_part.added", merged(&place, json!({"part": refusal_part("")})));
        for piece in pieces {
            let delta = merged(&place, json!({"delta": piece}));
            self.push("response.refusal.delta", self.obfuscated(delta, piece));
        }
        let text = pieces.concat();
        self.push("response.refusal.done", merged(&place, json!({"refusal": text})));
        self.push("response.content_part.done", merged(&place, json!({"part": refusal_part(&text)})));
    }

    fn summary(&mut self, index: usize, item_id: &Value) {
        let place = json!({"item_id": item_id, "output_index": index, "summary_index": 0});
        self.push("response.reasoning_summary_part.added", merged(&place, json!({"part": summary_part("")})));
        for piece in chat::halves(SUMMARY) {
            let delta = merged(&place, json!({"delta": piece}));
            self.push("response.reasoning_summary_text.delta", self.obfuscated(delta, piece));
        }
        self.push("response.reasoning_summary_text.done", merged(&place, json!({"text": SUMMARY})));
        self.push("response.reasoning_summary_part.done", merged(&place, json!({"part": summary_part(SUMMARY)})));
    }

    fn message(&mut self, index: usize, item_id: &Value, pieces: &[String]) {
        let call = self.call;
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        self.push("response.content_part.added", merged(&place, json!({"part": text_part(call, "")})));
        for piece in pieces {
            let delta = merged(&place, json!({"delta": piece, "logprobs": logprobs(call, piece)}));
            self.push("response.output_text.delta", self.obfuscated(delta, piece));
        }
        let text = pieces.concat();
        self.push(
            "response.output_text.done",
            merged(&place, json!({"text": text, "logprobs": logprobs(call, &text)})),
        );
        self.push("response.content_part.done", merged(&place, json!({"part": text_part(call, &text)})));
    }

    /// With noise that hides the length of a piece; Mantle's is empty.
    fn obfuscated(&self, delta: Value, piece: &str) -> Value {
        if !self.call.obfuscates() {
            return delta;
        }
        let noise = if self.call.flavor.is_mantle() { String::new() } else { self.call.noise(piece, self.sequence) };
        merged(&delta, json!({"obfuscation": noise}))
    }
}

/// What an event tells of a text's tokens.
fn logprobs(call: &Call<'_>, text: &str) -> Value {
    if !includes(call, "message.output_text.logprobs") {
        return json!([]);
    }
    let token = |token: &str| json!({"token": token, "logprob": -0.25, "top_logprobs": []});
    text.split_inclusive(' ').map(token).collect()
}

fn merged(place: &Value, more: Value) -> Value {
    let mut all = place.clone();
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
