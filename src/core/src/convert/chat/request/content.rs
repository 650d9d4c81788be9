//! What a message says, or a tool: text, images, files.

use std::fmt;

use super::super::raw::{Raw, elements, given, is, members, unquoted};
use super::notes::Notes;
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
    content: Raw<'_>,
    speaker: Speaker,
    place: fmt::Arguments<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
) -> Result<(), Malformed> {
    match content.first() {
        Some(b'"') => {
            json.raw(content);
        }
        Some(b'[') => {
            let sole = sole_text(content)?;
            match sole {
                // A string is what every cloud takes, whoever says it, and an empty list is what none does.
                Some(text) if speaker != Speaker::User || text == EMPTY => {
                    json.raw(text);
                }
                _ => {
                    json.begin_array();
                    elements(content, |number, part| {
                        write_part(part, speaker, format_args!("{place}[{number}]"), json, notes)
                    })?;
                    json.end_array();
                }
            }
        }
        _ => {
            notes.refuse(place);
            json.null();
        }
    }
    Ok(())
}

/// Writes a message of the system's, and a comma behind it.
pub(super) fn system(out: &mut Vec<u8>, content: impl FnOnce(&mut Writer<'_>)) {
    let mut json = Writer::new(out);
    json.begin_object().key("role").string("system");
    content(json.key("content"));
    json.end_object();
    out.push(b',');
}

/// A string with nothing in it.
const EMPTY: Raw<'static> = b"\"\"";

/// The text of content that is one part of text alone, or none: then it is empty.
fn sole_text(content: Raw<'_>) -> Result<Option<Raw<'_>>, Malformed> {
    let (mut count, mut sole): (usize, Option<Raw<'_>>) = (0, Some(EMPTY));
    elements(content, |_, part| {
        count += 1;
        sole = None;
        if count == 1 && part.first() == Some(&b'{') {
            let mut plain = true;
            let [kind, text] = members(part, &["type", "text"], |_, _| plain = false)?;
            sole = Some(text).filter(|text| plain && is(kind, "input_text") && text.starts_with(b"\""));
        }
        Ok(())
    })?;
    Ok(sole)
}

fn write_part(
    part: Raw<'_>,
    speaker: Speaker,
    place: fmt::Arguments<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
) -> Result<(), Malformed> {
    if part.first() != Some(&b'{') {
        notes.refuse(place);
        return Ok(());
    }
    let [kind] = members(part, &["type"], |_, _| {})?;
    let is_text = is(kind, "input_text");
    if !is_text && !(speaker == Speaker::User && (is(kind, "input_image") || is(kind, "input_file"))) {
        notes.refuse_value(format_args!("{place}.type"), kind);
        return Ok(());
    }
    let names = ["type", "text", "image_url", "file_id", "detail", "file_data", "file_url", "filename"];
    let mut breakpoint = false;
    let [_, text, image_url, file_id, detail, file_data, file_url, filename] =
        members(part, &names, |key, value| match given(value) {
            Some(_) if key.is("prompt_cache_breakpoint") => breakpoint = true,
            Some(_) => notes.refuse_member(place, key),
            None => {}
        })?;
    if breakpoint {
        notes.leave_out("prompt_cache_breakpoint");
    }
    if is_text {
        if unquoted(text).is_none() {
            notes.refuse(format_args!("{place}.text"));
        }
        json.begin_object().key("type").string("text").key("text").raw(text).end_object();
    } else if is(kind, "input_image") {
        match (given(image_url), given(file_id)) {
            (Some(url), None) => write_image(url, detail, json),
            _ => notes.refuse(format_args!("{place}.file_id")),
        }
    } else {
        if given(file_url).is_some() {
            notes.refuse(format_args!("{place}.file_url"));
        }
        if given(detail).is_some_and(|detail| !is(detail, "auto")) {
            notes.leave_out("input_file.detail");
        }
        json.begin_object().key("type").string("file").key("file").begin_object();
        for (key, value) in [("file_data", file_data), ("file_id", file_id), ("filename", filename)] {
            if let Some(value) = given(value) {
                json.key(key).raw(value);
            }
        }
        json.end_object().end_object();
    }
    Ok(())
}

fn write_image(url: Raw<'_>, detail: Raw<'_>, json: &mut Writer<'_>) {
    json.begin_object().key("type").string("image_url").key("image_url");
    json.begin_object().key("url").raw(url);
    if let Some(detail) = given(detail).filter(|detail| !is(detail, "auto")) {
        json.key("detail").raw(detail);
    }
    json.end_object().end_object();
}

/// What an assistant said in one part: a text, or a refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'j> {
    pub(super) refusal: bool,
    /// With its quotes.
    pub(super) text: Raw<'j>,
}

/// Reads the content of an assistant's message, which stands at `place`.
pub(super) fn read_assistant<'j>(
    content: Raw<'j>,
    place: fmt::Arguments<'_>,
    said: &mut Vec<Said<'j>>,
    notes: &mut Notes,
) -> Result<(), Malformed> {
    match content.first() {
        Some(b'"') => said.push(Said { refusal: false, text: content }),
        Some(b'[') => elements(content, |number, part| {
            if part.first() != Some(&b'{') {
                notes.refuse(format_args!("{place}[{number}]"));
                return Ok(());
            }
            let mut left_out = [false; 3];
            let [annotated, probable, breakpoint] = &mut left_out;
            let [kind, text, refusal] = members(part, &["type", "text", "refusal"], |key, value| {
                let is_empty = given(value).is_none_or(super::is_empty);
                if key.is("annotations") {
                    *annotated |= !is_empty;
                } else if key.is("logprobs") {
                    *probable |= !is_empty;
                } else if key.is("prompt_cache_breakpoint") {
                    *breakpoint |= !is_empty;
                } else if !is_empty {
                    notes.refuse_member(format_args!("{place}[{number}]"), key);
                }
            })?;
            // What was said of the text goes, the text stays.
            let hints = ["output_text.annotations", "output_text.logprobs", "prompt_cache_breakpoint"];
            hints.iter().zip(left_out).filter(|(_, left)| *left).for_each(|(hint, _)| notes.leave_out(hint));
            if unquoted(text).is_some() && (is(kind, "output_text") || is(kind, "input_text")) {
                said.push(Said { refusal: false, text });
            } else if unquoted(refusal).is_some() && is(kind, "refusal") {
                said.push(Said { refusal: true, text: refusal });
            } else {
                notes.refuse_value(format_args!("{place}[{number}].type"), kind);
            }
            Ok(())
        })?,
        _ => notes.refuse(place),
    }
    Ok(())
}
