//! Puts tags into a response on its way to the client.
//!
//! The bytes are searched, not parsed: a key cannot stand inside a JSON string, where its quote would be escaped, and what is
//! found in an object that is the client's own, `metadata` for one, is tagged to no harm: it comes back the same way. Where
//! the bytes are cut makes no difference. Only what could be the start of a tagged value is held back, at most
//! [`MOST_HELD`] bytes, and never the end of an event.

use super::tag::{Binding, Kind, LENGTH, Tag};

/// The keys whose values are tagged.
const KEYS: [(&[u8], Kind); 6] = [
    (b"\"id\"", Kind::Id),
    (b"\"item_id\"", Kind::Id),
    (b"\"previous_response_id\"", Kind::Id),
    (b"\"response_id\"", Kind::Id),
    (b"\"container_id\"", Kind::Id),
    (b"\"encrypted_content\"", Kind::Encrypted),
];

/// The ids that a later request may bring back, by how they begin.
const PREFIXES: [&[u8]; 21] = [
    b"cntr_", b"resp_", b"conv_", b"rs_", b"msg_", b"fc_", b"ctc_", b"cmp_", b"ws_", b"fs_", b"tsc_", b"tso_", b"mcp_",
    b"mcpl_", b"mcpr_", b"ci_", b"ig_", b"cu_", b"lsh_", b"sh_", b"apc_",
];

/// White space between a key and its value that is looked past; clouds write none, or one blank.
const MOST_SPACE: usize = 8;
/// The most bytes that are held back: the longest key, the white space, and of its value what is bound.
pub const MOST_HELD: usize = 22 + 2 * MOST_SPACE + 2 + super::tag::MOST_BOUND;

/// Puts tags into one response.
#[derive(Debug)]
pub struct Tagger {
    binding: Binding,
    /// What was held back.
    held: Vec<u8>,
    /// The last byte that went out: the one before a quote tells whether that is escaped.
    before: u8,
    /// The latest id and its tag: the deltas of one item repeat its id.
    latest: Option<(Vec<u8>, Tag)>,
}

/// What stands at a place that may be a key.
enum Found {
    /// No key of ours, or a value that is not tagged; so many bytes are looked through.
    Nothing(usize),
    /// A value that is tagged at this place; so many bytes of it are bound.
    Value { at: usize, kind: Kind, bound: usize },
    /// The bytes end before this can be told.
    Cut,
}

impl Tagger {
    /// Tags the values of one account for one tenant.
    pub fn new(binding: Binding) -> Tagger {
        Tagger { binding, held: Vec::new(), before: 0, latest: None }
    }

    /// The next piece, as it goes to the client. With `end`, nothing follows it.
    pub fn push(&mut self, piece: &[u8], end: bool, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            return self.tag(piece, end, out);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(piece);
        self.tag(&held, end, out);
    }

    /// The bytes that are held back.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    fn tag(&mut self, bytes: &[u8], end: bool, out: &mut Vec<u8>) {
        out.reserve(bytes.len() + 4 * LENGTH);
        let mut written = 0;
        let mut at = 0;
        while let Some(quote) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)).map(|found| at + found) {
            let before = quote.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(self.before);
            let found =
                if before == b'\\' { Found::Nothing(1) } else { find(bytes.get(quote..).unwrap_or_default(), end) };
            match found {
                Found::Nothing(length) => at = quote + length,
                Found::Value { at: value, kind, bound } => {
                    let start = quote + value;
                    let value = bytes.get(start..start + bound).unwrap_or_default();
                    let insert = start + kind.place(value);
                    out.extend_from_slice(bytes.get(written..insert).unwrap_or_default());
                    out.extend_from_slice(&self.tag_of(kind, value));
                    (written, at) = (insert, start + bound);
                }
                Found::Cut => {
                    out.extend_from_slice(bytes.get(written..quote).unwrap_or_default());
                    self.before = before;
                    self.held.extend_from_slice(bytes.get(quote..).unwrap_or_default());
                    return;
                }
            }
        }
        out.extend_from_slice(bytes.get(written..).unwrap_or_default());
        if let Some(last) = bytes.last() {
            self.before = *last;
        }
    }

    fn tag_of(&mut self, kind: Kind, value: &[u8]) -> Tag {
        if let Some((latest, tag)) = &self.latest
            && latest == value
        {
            return *tag;
        }
        let tag = self.binding.tag(value);
        if kind == Kind::Id {
            self.latest = Some((value.to_vec(), tag));
        }
        tag
    }
}

/// Looks at what begins with a quote that opens a string.
fn find(bytes: &[u8], end: bool) -> Found {
    let cut = |length: usize| if end { Found::Nothing(length.max(1)) } else { Found::Cut };
    let Some((key, kind)) = KEYS.into_iter().find(|(key, _)| bytes.starts_with(key)) else {
        let begun = bytes.len() < 24 && KEYS.iter().any(|(key, _)| key.starts_with(bytes));
        return if begun { cut(bytes.len()) } else { Found::Nothing(1) };
    };
    let mut at = key.len();
    for wanted in [b':', b'"'] {
        let rest = bytes.get(at..).unwrap_or_default();
        let space =
            rest.iter().take(MOST_SPACE).take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        match rest.get(space) {
            Some(byte) if *byte == wanted => at += space + 1,
            Some(_) => return Found::Nothing(key.len()),
            None => return cut(bytes.len()),
        }
    }
    let value = bytes.get(at..).unwrap_or_default();
    let value = value.get(..kind.bound()).unwrap_or(value);
    let length = memchr::memchr2(b'"', b'\\', value);
    let bound = length.unwrap_or(value.len());
    if kind == Kind::Id && !is_id(value, length.is_some()) {
        return Found::Nothing(at);
    }
    if length.is_none() && value.len() < kind.bound() {
        return cut(bytes.len());
    }
    if bound == 0 { Found::Nothing(at) } else { Found::Value { at, kind, bound } }
}

/// Whether a value is an id that is tagged; if it is not `whole`, whether it may become one.
fn is_id(value: &[u8], whole: bool) -> bool {
    PREFIXES.iter().any(|prefix| {
        let begun = value.get(..prefix.len()).unwrap_or(value);
        if begun.len() < prefix.len() && whole { false } else { prefix.starts_with(begun) }
    })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::super::tag::{Key, Tagged};
    use super::*;

    fn binding() -> Binding {
        Key::new(b"secret").bind("acme", "azure")
    }

    fn tagged<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> String {
        let (mut tagger, mut out) = (Tagger::new(binding()), Vec::new());
        for piece in pieces {
            tagger.push(piece, false, &mut out);
            assert!(tagger.held_bytes() <= MOST_HELD, "{} bytes are held", tagger.held_bytes());
        }
        tagger.push(b"", true, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What stands between `[` and `]` is a value that gets a tag.
    const BODIES: [&str; 17] = [
        r#"{"id":"[resp_0a1b]","object":"response"}"#,
        r#"{ "id" : "[resp_0a1b]" , "previous_response_id":"[resp_0a1a]","conversation":{"id":"[conv_1]"}}"#,
        "{\n  \"id\":\n    \"[resp_0a1b]\"\n}",
        r#"{"item_id":"[msg_0a1b]","delta":"x"}{"item_id":"[msg_0a1b]"}{"item_id":"[msg_0a1c]"}"#,
        r#"{"type":"reasoning","id":"[rs_1]","encrypted_content":"[gAAAAABo0123456789012345678901234567890123456789]"}"#,
        r#"{"encrypted_content":"[rsn_01]","summary":[],"container_id":"[cntr_1]"}"#,
        r#"{"encrypted_content":"","id":""}{"encrypted_content":null,"id":7}"#,
        r#"{"id":"chatcmpl-1","call_id":"call_1","model":"id"}"#,
        r#"{"arguments":"{\"id\":\"resp_1\"}","text":"\"id\":\"rs_1\""}"#,
        r#"{"text":"\\","id":"[rs_1]"}"#,
        r#"{"text":"id","id"}"#,
        r#"{"id":"resp"}{"id":"[resp_]"}{"id":"fcx_1"}"#,
        r#"{"id":"[fc_0123456789012345678901234567890123456789012345678901234567890123456789]"}"#,
        r#"{"id":"[ctc_1]","type":"custom_tool_call"},{"id":"[cmp_1]"},{"id":"[ws_1]"},{"id":"[mcp_1]"}"#,
        "event: response.created\ndata: {\"response\":{\"id\":\"[resp_1]\"}}\n\ndata: [DONE]\n\n",
        r#"{"id":"#,
        r#"{"id":"resp_1"#,
    ];

    /// A body without its marks, and what it is expected to become.
    fn body(marked: &str) -> (String, String) {
        let (mut plain, mut expected) = (String::new(), String::new());
        let mut rest = marked;
        while let Some((before, (value, after))) =
            rest.split_once("\"[").and_then(|(before, after)| Some((before, after.split_once(']')?)))
        {
            let kind = if before.ends_with("encrypted_content\":") { Kind::Encrypted } else { Kind::Id };
            let bound = &value.as_bytes()[..value.len().min(kind.bound())];
            let (prefix, end) = value.split_at(kind.place(bound));
            let tag = String::from_utf8(binding().tag(bound).to_vec()).unwrap();
            plain += &format!("{before}\"{value}");
            expected += &format!("{before}\"{prefix}{tag}{end}");
            rest = after;
        }
        (plain + rest, expected + rest)
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn values_are_tagged_wherever_the_bytes_are_cut() {
        for marked in BODIES {
            let (plain, expected) = body(marked);
            let bytes = plain.as_bytes();
            assert_eq!(tagged([bytes]), expected);
            assert_eq!(tagged(bytes.chunks(1)), expected, "byte by byte");
            for cut in 0..=bytes.len() {
                let (one, other) = bytes.split_at(cut);
                assert_eq!(tagged([one, other]), expected, "cut at {cut}");
                let half = other.len() / 2;
                assert_eq!(tagged([one, &other[..half], &other[half..]]), expected, "cut at {cut} and {}", cut + half);
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_tagged_is_read_again() {
        let tagged = tagged([&br#"{"id":"resp_0a1b","encrypted_content":"gAAAAABo"}"#[..]]);
        let value = |key: &str| tagged.split_once(key).unwrap().1.split('"').nth(2).unwrap().to_owned();
        for (key, kind, prefix, rest) in
            [("\"id", Kind::Id, "resp_", "0a1b"), ("\"encrypted_content", Kind::Encrypted, "", "gAAAAABo")]
        {
            let value = value(key);
            let read = Tagged::read(kind, value.as_bytes()).unwrap();
            assert_eq!((read.prefix, read.rest), (prefix.as_bytes(), rest.as_bytes()));
            assert!(read.is_of(&binding()));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn no_whole_event_waits() {
        let (mut tagger, mut out) = (Tagger::new(binding()), Vec::new());
        for event in ["data: {\"id\":\"resp_1\"}\n\n", "data: {\"a\":\"id\"}\n\n", "data: [DONE]\n\n"] {
            tagger.push(event.as_bytes(), false, &mut out);
            assert!(out.ends_with(b"\n\n") && tagger.held.is_empty(), "{event}");
        }
    }
}
