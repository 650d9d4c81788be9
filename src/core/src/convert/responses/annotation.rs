//! Citations.

use super::super::raw::{Members, Raw};
use crate::json::Writer;

/// Writes a citation of a page, whose place is counted from the beginning of its own part: `before` characters of the
/// message stand before that. Chat has no other annotations.
pub(super) fn write(annotation: Raw<'_>, before: u64, json: &mut Writer<'_>) -> bool {
    let names = &["type", "start_index", "end_index", "title", "url"];
    let Some(members) = Members::of(annotation, names) else { return false };
    if !members.get("type").is_some_and(|kind| kind.is("url_citation")) {
        return false;
    }
    json.begin_object().key("type").string("url_citation");
    json.key("url_citation").begin_object();
    for name in ["start_index", "end_index"] {
        if let Some(index) = members.get(name).and_then(Raw::count) {
            json.key(name).number(index.saturating_add(before));
        }
    }
    for name in ["title", "url"] {
        if let Some(text) = members.get(name).filter(|text| text.is_string()) {
            json.key(name).raw(text.bytes());
        }
    }
    json.end_object().end_object();
    true
}

/// How many characters a string has, by what stands between its quotes.
pub(super) fn characters(inner: &[u8]) -> u64 {
    let mut count = 0;
    let mut rest = inner;
    while let Some((byte, behind)) = rest.split_first() {
        let length = match (byte, behind) {
            // A second half of a surrogate pair begins no character.
            (b'\\', [b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..]) => {
                rest = behind.get(5..).unwrap_or_default();
                continue;
            }
            (b'\\', [b'u', ..]) => 5,
            (b'\\', _) => 1,
            // Neither does a byte that goes on with one.
            (0x80..=0xbf, _) => {
                rest = behind;
                continue;
            }
            _ => 0,
        };
        count += 1;
        rest = behind.get(length..).unwrap_or_default();
    }
    count
}
