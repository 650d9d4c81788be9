//! Parts of a message's content.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw, Shown};
use crate::json::{Malformed, Writer};

const MEMBERS: &[&str; 6] = &["type", "text", "image_url", "file", "refusal", "prompt_cache_breakpoint"];

type Part<'j> = Members<'j, 6>;

/// Hands out the parts that have a type, with their places.
fn each<'j>(
    content: Raw<'j>,
    notes: &mut Notes,
    place: Arguments<'_>,
    mut each: impl FnMut(Raw<'j>, &mut Part<'j>, &mut Notes, Arguments<'_>),
) {
    let mut index = 0;
    // It was read past before: nothing of it is malformed.
    let _read = content.cursor().array(|cursor| {
        let place = format_args!("{place}[{index}]");
        let mut unknown = Vec::new();
        let part = Members::read(cursor, MEMBERS, |key, value| {
            if !value.is_null() {
                unknown.push(key);
            }
        })?;
        match part {
            None => notes.cannot(place),
            Some(mut part) => match notes.text(&mut part, "type", place) {
                // Its members are those of its type.
                Some(kind) if !is_known(kind) => notes.cannot(format_args!("{place}.type: {kind}")),
                kind => {
                    for key in unknown {
                        notes.cannot(format_args!("{place}.{}", Shown(key)));
                    }
                    if let Some(kind) = kind {
                        each(kind, &mut part, notes, place);
                        notes.left(&part, place);
                    }
                }
            },
        }
        index += 1;
        Ok::<(), Malformed>(())
    });
}

fn is_known(kind: Raw<'_>) -> bool {
    matches!(&*kind.word(), "text" | "image_url" | "file" | "refusal")
}

/// Writes the parts of what the model is given.
pub(super) fn write(content: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    json.begin_array();
    each(content, notes, place, |kind, part, notes, place| {
        json.begin_object();
        match &*kind.word() {
            "text" => {
                if let Some(text) = notes.text(part, "text", place) {
                    json.key("type").string("input_text").key("text").raw(text.bytes());
                }
            }
            "image_url" => write_image(part, json, notes, place),
            "file" => write_file(part, json, notes, place),
            _ => notes.cannot(format_args!("{place}.type: {kind}")),
        }
        if let Some(breakpoint) = part.take("prompt_cache_breakpoint") {
            json.key("prompt_cache_breakpoint").raw(breakpoint.bytes());
        }
        json.end_object();
    });
    json.end_array();
}

fn write_image(part: &mut Part<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let place = format_args!("{place}.image_url");
    let Some(image) = part.take("image_url") else { return notes.cannot(place) };
    let Some(mut image) = notes.members_of(image, &["url", "detail"], place) else { return };
    let Some(url) = notes.text(&mut image, "url", place) else { return };
    json.key("type").string("input_image").key("image_url").raw(url.bytes());
    // There it has to be said.
    json.key("detail").raw(image.take("detail").map_or(b"\"auto\"", Raw::bytes));
}

fn write_file(part: &mut Part<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    const NAMES: &[&str; 3] = &["file_id", "filename", "file_data"];
    let place = format_args!("{place}.file");
    let Some(file) = part.take("file") else { return notes.cannot(place) };
    let Some(file) = notes.members_of(file, NAMES, place) else { return };
    json.key("type").string("input_file");
    for name in NAMES {
        if let Some(value) = file.get(name) {
            json.key(name).raw(value.bytes());
        }
    }
}

/// Collects the texts of what an assistant said, its refusals among them.
pub(super) fn texts<'j>(content: Raw<'j>, texts: &mut Vec<&'j [u8]>, notes: &mut Notes, place: Arguments<'_>) {
    each(content, notes, place, |kind, part, notes, place| {
        let text = match &*kind.word() {
            "text" => notes.text(part, "text", place),
            "refusal" => notes.text(part, "refusal", place),
            _ => {
                // It is named as a whole.
                part.take("image_url");
                part.take("file");
                return notes.cannot(format_args!("{place}.type: {kind}"));
            }
        };
        texts.extend(text.and_then(Raw::inner));
        if part.take("prompt_cache_breakpoint").is_some() {
            notes.leave_out("prompt_cache_breakpoint");
        }
    });
}
