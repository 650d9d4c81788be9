//! The output of a response that is being streamed: its items, and which of them are open.

use std::borrow::Cow;

use super::super::call_id;
use super::super::completion::{CallSaid, Counted, Finish};
use super::super::response::{Call, Head, Item, Part, State};
use super::numbered::{Numbered, Placed};
use crate::json::Writer;

/// The items of a stream's output so far, and the events that told of them.
#[derive(Debug, Default)]
pub(super) struct Output {
    items: Vec<Slot>,
    events: Numbered,
    /// The bytes of all texts, and of what holds them.
    kept: usize,
}

#[derive(Debug)]
struct Slot {
    item: Item<'static>,
    phase: Phase,
    /// Of a call: how its cloud names it.
    said: Option<Said>,
    status: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A call whose name is not known yet: no client has heard of it.
    Unnamed,
    Open,
    Closed,
}

/// How a cloud names a call.
#[derive(Debug)]
struct Said {
    index: Option<u64>,
    id: Vec<u8>,
}

/// What an item or a part counts for, beside its texts: more than it takes, so that there are some thousands at most.
const ITEM: usize = 1 << 10;

const IN_PROGRESS: &str = "in_progress";

impl Output {
    /// How many events went out.
    pub(super) fn sequence(&self) -> u64 {
        self.events.count()
    }

    /// The bytes of memory that the output takes.
    pub(super) fn kept_bytes(&self) -> usize {
        self.kept
    }

    /// Writes an event that belongs to no item.
    pub(super) fn emit(&mut self, out: &mut Vec<u8>, name: &str, members: &mut dyn FnMut(&mut Writer<'_>)) {
        self.events.emit(out, name, members);
    }

    /// Writes an event that holds the whole response.
    pub(super) fn response(
        &mut self,
        head: &Head,
        name: &str,
        state: State<'_>,
        counted: Option<Counted>,
        out: &mut Vec<u8>,
    ) {
        let Output { items, events, .. } = self;
        events.response(out, name, head, state, counted, &mut |json| {
            for (place, slot) in items.iter().enumerate().filter(|(_, slot)| slot.phase != Phase::Unnamed) {
                head.write_item(json, place, &slot.item, slot.status);
            }
        });
    }

    /// Goes on with a model's reasoning.
    pub(super) fn reasoning(&mut self, head: &Head, text: &[u8], out: &mut Vec<u8>) {
        let open = self.open().filter(|place| matches!(self.item(*place), Some(Item::Reasoning(_))));
        let place = open.unwrap_or_else(|| {
            let place = self.add(head, Item::Reasoning(Cow::Borrowed(b"")), out);
            self.tell(head, place, |events, placed| events.part_added(out, placed));
            place
        });
        self.tell(head, place, |events, placed| events.delta(out, placed, text, b""));
        self.kept += text.len();
        if let Some(Item::Reasoning(whole)) = self.item_mut(place) {
            whole.to_mut().extend_from_slice(text);
        }
    }

    /// Goes on with the text of a message.
    pub(super) fn text(&mut self, head: &Head, text: &[u8], logprobs: &[u8], out: &mut Vec<u8>) {
        let place = self.message(head, false, out);
        self.go_on_with_message(head, place, text, logprobs, out);
    }

    /// Goes on with a refusal.
    pub(super) fn refusal(&mut self, head: &Head, text: &[u8], out: &mut Vec<u8>) {
        let place = self.message(head, true, out);
        self.go_on_with_message(head, place, text, b"", out);
    }

    /// Adds an annotation to the text of a message.
    pub(super) fn annotation(&mut self, head: &Head, annotation: &[u8], out: &mut Vec<u8>) {
        let place = self.message(head, false, out);
        let Some(part) = self.part_mut(place) else { return };
        let number = part.annotated;
        part.annotated += 1;
        append(&mut part.annotations, annotation);
        self.kept += annotation.len() + 1;
        self.tell(head, place, |events, placed| {
            events.of_part(out, "response.output_text.annotation.added", placed, &mut |json| {
                json.key("annotation_index").number(number).key("annotation").raw(annotation);
            });
        });
    }

    /// Goes on with a call of a tool, or begins one.
    pub(super) fn call(&mut self, head: &Head, said: CallSaid<'_>, out: &mut Vec<u8>) {
        let place = self.find_call(&said).unwrap_or_else(|| self.begin_call(head, &said, out));
        self.name_call(head, place, said.name, out);
        self.go_on_with_call(head, place, said.arguments, out);
    }

    /// Closes whatever is open, if the output is one that a completion can have; says whether it is.
    pub(super) fn close_all(&mut self, head: &Head, finish: Finish, out: &mut Vec<u8>) -> bool {
        if self.items.iter().any(|slot| slot.phase == Phase::Unnamed) {
            return false;
        }
        // A completion that ends with nothing to say says nothing: a client waits for its message.
        let only_thought = self.items.iter().all(|slot| matches!(slot.item, Item::Reasoning(_)));
        if only_thought && finish == Finish::Whole {
            self.message(head, false, out);
        }
        let last = self.items.len().saturating_sub(1);
        for place in 0..self.items.len() {
            let status = if place == last { finish.status() } else { Finish::Whole.status() };
            if self.items.get(place).is_some_and(|slot| slot.phase == Phase::Open) {
                self.close(head, place, status, out);
            }
        }
        true
    }

    fn item(&self, place: usize) -> Option<&Item<'static>> {
        self.items.get(place).map(|slot| &slot.item)
    }

    fn item_mut(&mut self, place: usize) -> Option<&mut Item<'static>> {
        self.items.get_mut(place).map(|slot| &mut slot.item)
    }

    fn part_mut(&mut self, place: usize) -> Option<&mut Part<'static>> {
        match self.item_mut(place)? {
            Item::Message(parts) => parts.last_mut(),
            Item::Reasoning(_) | Item::Call(_) => None,
        }
    }

    /// Writes an event of an item.
    fn tell(&mut self, head: &Head, place: usize, event: impl FnOnce(&mut Numbered, Placed<'_>)) {
        if let Some(slot) = self.items.get(place) {
            event(&mut self.events, Placed { head, place, item: &slot.item });
        }
    }

    /// The open item that is no call: there is one at most.
    fn open(&self) -> Option<usize> {
        self.items.iter().rposition(|slot| slot.phase == Phase::Open && slot.said.is_none())
    }

    fn add(&mut self, head: &Head, item: Item<'static>, out: &mut Vec<u8>) -> usize {
        self.close_open(head, out);
        let place = self.items.len();
        self.kept += ITEM;
        self.items.push(Slot { item, phase: Phase::Open, said: None, status: IN_PROGRESS });
        self.tell(head, place, |events, placed| events.item(out, ADDED, placed, IN_PROGRESS));
        place
    }

    /// The message whose latest part is open and of that kind.
    fn message(&mut self, head: &Head, refusal: bool, out: &mut Vec<u8>) -> usize {
        let open = self.open().filter(|place| matches!(self.item(*place), Some(Item::Message(_))));
        let place = open.unwrap_or_else(|| self.add(head, Item::Message(Vec::new()), out));
        match self.part_mut(place).map(|part| part.refusal == refusal) {
            Some(true) => return place,
            Some(false) => self.tell(head, place, |events, placed| events.whole(out, placed)),
            None => {}
        }
        self.kept += ITEM;
        if let Some(Item::Message(parts)) = self.item_mut(place) {
            parts.push(Part { refusal, ..Part::default() });
        }
        self.tell(head, place, |events, placed| events.part_added(out, placed));
        place
    }

    fn go_on_with_message(&mut self, head: &Head, place: usize, text: &[u8], logprobs: &[u8], out: &mut Vec<u8>) {
        self.tell(head, place, |events, placed| events.delta(out, placed, text, logprobs));
        self.kept += text.len() + logprobs.len() + 1;
        if let Some(part) = self.part_mut(place) {
            part.text.to_mut().extend_from_slice(text);
            append(&mut part.logprobs, logprobs);
        }
    }

    fn find_call(&self, said: &CallSaid<'_>) -> Option<usize> {
        self.items.iter().rposition(|slot| {
            slot.said.as_ref().is_some_and(|known| {
                // Some clouds number all calls 0, and tell them apart by their ids alone.
                let same_id = said.id.is_empty() || known.id.is_empty() || known.id == said.id;
                same_id && (said.index.is_none() || known.index == said.index)
            })
        })
    }

    fn begin_call(&mut self, head: &Head, said: &CallSaid<'_>, out: &mut Vec<u8>) -> usize {
        self.close_open(head, out);
        let place = self.items.len();
        let ordinal = self.items.iter().filter(|slot| slot.said.is_some()).count();
        let id = call_id::outward(said.id, &head.digest, ordinal).into_owned();
        self.kept += ITEM + id.len() + said.id.len();
        self.items.push(Slot {
            item: Item::Call(Call {
                custom: said.custom,
                id: Cow::Owned(id),
                name: Cow::Borrowed(b""),
                arguments: Cow::Borrowed(b""),
            }),
            phase: Phase::Unnamed,
            said: Some(Said { index: said.index, id: said.id.to_vec() }),
            status: IN_PROGRESS,
        });
        place
    }

    fn name_call(&mut self, head: &Head, place: usize, name: &[u8], out: &mut Vec<u8>) {
        let Some(Slot { item: Item::Call(call), phase: phase @ Phase::Unnamed, .. }) = self.items.get_mut(place) else {
            return;
        };
        if name.is_empty() {
            return;
        }
        call.name = Cow::Owned(name.to_vec());
        *phase = Phase::Open;
        let early = std::mem::take(&mut call.arguments);
        self.kept = (self.kept + name.len()).saturating_sub(early.len());
        self.tell(head, place, |events, placed| events.item(out, ADDED, placed, IN_PROGRESS));
        self.go_on_with_call(head, place, &early, out);
    }

    fn go_on_with_call(&mut self, head: &Head, place: usize, arguments: &[u8], out: &mut Vec<u8>) {
        let Some(Slot { item: Item::Call(call), phase, .. }) = self.items.get_mut(place) else { return };
        if arguments.is_empty() {
            return;
        }
        call.arguments.to_mut().extend_from_slice(arguments);
        self.kept += arguments.len();
        if *phase == Phase::Open {
            self.tell(head, place, |events, placed| events.delta(out, placed, arguments, b""));
        }
    }

    fn close_open(&mut self, head: &Head, out: &mut Vec<u8>) {
        if let Some(place) = self.open() {
            self.close(head, place, Finish::Whole.status(), out);
        }
    }

    fn close(&mut self, head: &Head, place: usize, status: &'static str, out: &mut Vec<u8>) {
        if let Some(Item::Call(call)) = self.item(place)
            && call.arguments.is_empty()
            && !call.custom
        {
            self.go_on_with_call(head, place, b"{}", out);
        }
        if let Some(slot) = self.items.get_mut(place) {
            (slot.phase, slot.status) = (Phase::Closed, status);
        }
        self.tell(head, place, |events, placed| {
            events.whole(out, placed);
            events.item(out, "response.output_item.done", placed, status);
        });
    }
}

const ADDED: &str = "response.output_item.added";

/// Adds elements to those of an array.
fn append(elements: &mut Cow<'static, [u8]>, more: &[u8]) {
    if !more.is_empty() {
        let elements = elements.to_mut();
        if !elements.is_empty() {
            elements.push(b',');
        }
        elements.extend_from_slice(more);
    }
}
