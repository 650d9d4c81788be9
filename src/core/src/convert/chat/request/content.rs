//! What a message says, or a tool: text, images, files.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw, Shown};
use super::object::Object;
use crate::json::{Malformed, Writer};

/// Who says it, which decides what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    System,
    Tool,
}

/// Writes the content of a message, which stands at `place`: a string as it is, parts one by one.
pub(super) fn write(
    content: Option<Raw<'_>>,
    speaker: Speaker,
    place: Arguments<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
) {
    match content {
        Some(content) if content.is_string() => {
            json.raw(content.bytes());
        }
        // An empty list is what no cloud takes.
        Some(content) if content.is_array() && content.is_empty() => {
            json.string("");
        }
        Some(content) if content.is_array() => {
            // A string is what every cloud takes, whoever says it.
            let text = if speaker == Speaker::User { None } else { sole_text(content) };
            if let Some(text) = text {
                json.raw(text.bytes());
            } else {
                json.begin_array();
                write_parts(content, speaker, place, json, notes);
                json.end_array();
            }
        }
        _ => {
            notes.cannot(place);
            json.null();
        }
    }
}

/// Writes a message of the system's, and a comma behind it.
pub(super) fn system(out: &mut Vec<u8>, content: impl FnOnce(&mut Writer<'_>)) {
    let mut json = Writer::new(out);
    json.begin_object().key("role").string("system");
    content(json.key("content"));
    json.end_object();
    out.push(b',');
}

/// The text of content that is one part of text, and nothing else.
fn sole_text(content: Raw<'_>) -> Option<Raw<'_>> {
    let mut texts = Vec::new();
    content.each(|_, part| {
        let mut alone = true;
        let members = Members::read(&mut part.cursor(), &["type", "text"], |_, value| alone &= value.is_null());
        let members = members.ok().flatten().filter(|_| alone);
        let is_text = |kind: &Raw<'_>| kind.is("input_text");
        texts.push(members.and_then(|members| members.get("type").filter(is_text).and(members.get("text"))));
    });
    match texts.as_slice() {
        [Some(text)] if text.is_string() => Some(*text),
        _ => None,
    }
}

/// The members of the parts that a message can have.
const PART: &[&str; 9] =
    &["type", "text", "image_url", "file_id", "detail", "file_data", "file_url", "filename", "prompt_cache_breakpoint"];

type Part<'j> = Object<'j, 9>;

fn write_parts(content: Raw<'_>, speaker: Speaker, place: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let mut index = 0;
    // It was read past before: nothing of it is malformed.
    let _read = content.cursor().array(|cursor| {
        let at = format_args!("{place}[{index}]");
        match Part::read(cursor, PART)? {
            Some(mut part) => write_part(&mut part, speaker, at, json, notes),
            None => notes.cannot(at),
        }
        index += 1;
        Ok::<(), Malformed>(())
    });
}

fn write_part(part: &mut Part<'_>, speaker: Speaker, place: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let kind = part.take("type").unwrap_or(Raw::EMPTY);
    let user = speaker == Speaker::User;
    let write: fn(&mut Part<'_>, Arguments<'_>, &mut Writer<'_>, &mut Notes) = match &*kind.word() {
        "input_text" => write_text,
        "input_image" if user => write_image,
        "input_file" if user => write_file,
        _ => return notes.cannot(format_args!("{place}.type: {kind}")),
    };
    json.begin_object();
    write(part, place, json, notes);
    if let Some(breakpoint) = part.take("prompt_cache_breakpoint") {
        json.key("prompt_cache_breakpoint").raw(breakpoint.bytes());
    }
    json.end_object();
    part.left(place, notes);
}

fn write_text(part: &mut Part<'_>, place: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    json.key("type").string("text");
    json.key("text").begin_string().raw_text(part.text("text", place, notes)).end_string();
}

/// An image's id, of a file that the cloud keeps, has no place there.
fn write_image(part: &mut Part<'_>, place: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    json.key("type").string("image_url").key("image_url").begin_object();
    if part.has("file_id") {
        part.take("image_url");
    } else {
        json.key("url").begin_string().raw_text(part.text("image_url", place, notes)).end_string();
    }
    if let Some(detail) = part.take("detail").filter(|detail| !detail.is("auto")) {
        json.key("detail").raw(detail.bytes());
    }
    json.end_object();
}

/// A file's URL has no place there.
fn write_file(part: &mut Part<'_>, _: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    if part.take("detail").is_some_and(|detail| !detail.is("auto")) {
        notes.leave_out("input_file.detail");
    }
    json.key("type").string("file").key("file").begin_object();
    for name in ["file_data", "file_id", "filename"] {
        if let Some(value) = part.take(name) {
            json.key(name).raw(value.bytes());
        }
    }
    json.end_object();
}

/// What an assistant said in one part: a text, or a refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'j> {
    pub(super) refusal: bool,
    /// Without its quotes.
    pub(super) text: &'j [u8],
}

/// Reads the content of an assistant's message, which stands at `place`.
pub(super) fn read_assistant<'j>(
    content: Option<Raw<'j>>,
    place: Arguments<'_>,
    said: &mut Vec<Said<'j>>,
    notes: &mut Notes,
) {
    let Some(content) = content.filter(|content| content.is_string() || content.is_array()) else {
        return notes.cannot(place);
    };
    if let Some(text) = content.inner() {
        said.push(Said { refusal: false, text });
    }
    content.each(|index, part| {
        let place = format_args!("{place}[{index}]");
        let others = |key, value: Raw<'_>| {
            // What was said of the text goes, the text stays.
            match &*super::super::super::raw::word(&key) {
                _ if value.is_null() || value.is_empty() => {}
                "annotations" => notes.leave_out("output_text.annotations"),
                "logprobs" => notes.leave_out("output_text.logprobs"),
                "prompt_cache_breakpoint" => notes.leave_out("prompt_cache_breakpoint"),
                _ => notes.cannot(format_args!("{place}.{}", Shown(key))),
            }
        };
        let members = Members::read(&mut part.cursor(), &["type", "text", "refusal"], others).ok().flatten();
        let Some(members) = members else { return notes.cannot(place) };
        let [kind, text, refusal] = members.values();
        let kind = kind.unwrap_or(Raw::EMPTY);
        let refused = kind.is("refusal");
        let known = refused || kind.is("output_text") || kind.is("input_text");
        match if refused { refusal } else { text }.filter(|_| known).and_then(Raw::inner) {
            Some(text) => said.push(Said { refusal: refused, text }),
            None => notes.cannot(format_args!("{place}.type: {kind}")),
        }
    });
}

/// Writes what an assistant said.
pub(super) fn write_said(said: &[Said<'_>], json: &mut Writer<'_>) {
    let refusals = said.iter().filter(|part| part.refusal).count();
    match said {
        [] => {
            json.key("content").null();
        }
        [Said { refusal: true, text }] => {
            json.key("content").null().key("refusal").begin_string().raw_text(text).end_string();
        }
        // The parts of a text are a text.
        texts if refusals == 0 => {
            json.key("content").begin_string();
            texts.iter().for_each(|part| {
                json.raw_text(part.text);
            });
            json.end_string();
        }
        parts => {
            json.key("content").begin_array();
            for Said { refusal, text } in parts {
                let kind = if *refusal { "refusal" } else { "text" };
                json.begin_object().key("type").string(kind);
                json.key(kind).begin_string().raw_text(text).end_string().end_object();
            }
            json.end_array();
        }
    }
}
