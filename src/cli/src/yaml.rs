//! YAML read into core's tree, with the line and column of everything, for faults to point at.
//!
//! The core schema of YAML 1.2: `off` and `2024-10-21` are strings. What lets a reader and a machine
//! disagree about a policy is refused: a key that stands twice, tags, and merge keys.

mod sentence;
mod trail;

use std::collections::HashMap;

use multihome_core::document::Node;
use multihome_core::fault::{Fault, Place, Step};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use trail::Trail;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Where the parts of a file stand.
#[derive(Clone, Debug)]
pub struct Positions {
    at: Position,
    members: Vec<(String, Positions)>,
    items: Vec<Positions>,
}

impl Positions {
    /// The position of `place`; of the nearest part around it, where it is not in the file (a missing field).
    pub fn of(&self, place: &Place) -> Position {
        let mut here = self;
        for step in &place.0 {
            let next = match step {
                Step::Key(key) => here.members.iter().find(|(name, _)| name == key).map(|(_, positions)| positions),
                Step::Index(index) => here.items.get(*index),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here.at
    }

    fn leaf(at: Position) -> Positions {
        Positions { at, members: Vec::new(), items: Vec::new() }
    }
}

/// A file that was read.
#[derive(Debug)]
pub struct Document {
    /// What it says.
    pub node: Node,
    /// Where it says it.
    pub positions: Positions,
    /// What must not stand in a policy, though YAML allows it.
    pub faults: Vec<Fault>,
}

/// A file that is no YAML.
#[derive(Debug)]
pub struct Unreadable {
    /// Where reading ended.
    pub at: Position,
    /// What it was in the middle of, why it ended, and what to do.
    pub fault: Fault,
}

impl Unreadable {
    fn new(at: Position, place: Place, message: &str, help: Option<&str>) -> Unreadable {
        let message = format!("cannot be read: {message}");
        Unreadable { at, fault: Fault { place, message, help: help.map(str::to_owned) } }
    }
}

/// How deep a file may be nested: a policy needs 8 levels.
const DEEPEST: usize = 64;
/// How many values aliases may add to a file, so that a small file stays a small tree.
const MOST_ALIASED: usize = 1_000_000;

/// Reads the first and only document of `text`.
///
/// # Errors
/// Where the text is no YAML, or is nested too deep.
pub fn read(text: &str) -> Result<Document, Unreadable> {
    let mut composer = Composer {
        events: events(text)?.into_iter().peekable(),
        anchors: HashMap::new(),
        aliased: 0,
        faults: Vec::new(),
        last: Position { line: 1, column: 1 },
    };
    let (node, positions) = composer.document()?;
    Ok(Document { node, positions, faults: composer.faults })
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// All that the parser finds. It is asked for one event after the other: to have it load the file, it would go as deep as
/// the file is nested, and end the process with its stack.
fn events(text: &str) -> Result<Vec<(Event<'_>, Span)>, Unreadable> {
    let mut events = Vec::new();
    let mut depth = 0_usize;
    let mut trail = Trail::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let (message, help) = sentence::of(error.info());
            Unreadable::new(position(*error.marker()), trail.place(), &message, help)
        })?;
        trail.follow(&event);
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let help = "a policy needs 8 levels";
            return Err(Unreadable::new(position(span.start), Place::default(), "nested too deep", Some(help)));
        }
        events.push((event, span));
    }
    Ok(events)
}

struct Composer<'input, I: Iterator<Item = (Event<'input>, Span)>> {
    events: std::iter::Peekable<I>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    faults: Vec<Fault>,
    last: Position,
}

impl<'input, I: Iterator<Item = (Event<'input>, Span)>> Composer<'input, I> {
    fn document(&mut self) -> Result<(Node, Positions), Unreadable> {
        while let Some((Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _)) = self.events.peek() {
            self.events.next();
        }
        let root = match self.events.peek() {
            Some((Event::StreamEnd, _)) | None => return Ok((Node::Null, Positions::leaf(self.last))),
            Some(_) => self.value(&Place::default())?,
        };
        let second = self.events.find(|(event, _)| matches!(event, Event::DocumentStart(_)));
        match second {
            Some((_, span)) => Err(Unreadable::new(
                position(span.start),
                Place::default(),
                "a policy is one document, here begins another",
                Some("take the line `---` out, or make it a file of its own"),
            )),
            None => Ok(root),
        }
    }

    fn value(&mut self, place: &Place) -> Result<(Node, Positions), Unreadable> {
        let Some((event, span)) = self.events.next() else {
            return Err(self.unreadable("the file ends too early"));
        };
        let at = position(span.start);
        self.last = at;
        let (anchor, node, positions) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                let node = if style == ScalarStyle::Plain { plain(&text) } else { Node::Text(text.into_owned()) };
                (anchor, node, Positions::leaf(at))
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                let (node, positions) = self.list(place, at)?;
                (anchor, node, positions)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                let (node, positions) = self.map(place, at)?;
                (anchor, node, positions)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.unreadable("an alias stands inside what it names"));
                };
                self.aliased += count(&node);
                if self.aliased > MOST_ALIASED {
                    return Err(self.unreadable("aliases repeat too much"));
                }
                (0, node, Positions::leaf(at))
            }
            _ => return Err(self.unreadable("expected a value")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok((node, positions))
    }

    fn list(&mut self, place: &Place, at: Position) -> Result<(Node, Positions), Unreadable> {
        let mut items = Vec::new();
        let mut positions = Positions::leaf(at);
        while !matches!(self.events.peek(), Some((Event::SequenceEnd, _))) {
            let (node, item) = self.value(&place.index(items.len()))?;
            items.push(node);
            positions.items.push(item);
        }
        self.events.next();
        Ok((Node::List(items), positions))
    }

    fn map(&mut self, place: &Place, at: Position) -> Result<(Node, Positions), Unreadable> {
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut positions = Positions::leaf(at);
        loop {
            let (key, style, key_at) = match self.events.next() {
                Some((Event::MappingEnd, _)) => return Ok((Node::Map(members), positions)),
                Some((Event::Scalar(key, style, 0, None), span)) => (key.into_owned(), style, position(span.start)),
                Some((_, span)) => {
                    self.last = position(span.start);
                    return Err(self.unreadable("a key is a plain word or a string"));
                }
                None => return Err(self.unreadable("the file ends too early")),
            };
            let member = place.key(&key);
            let (node, mut below) = self.value(&member)?;
            // A member stands where its key does: that is where the eye looks for `tenants.acme`.
            below.at = key_at;
            if key == "<<" && style == ScalarStyle::Plain {
                self.fault(
                    &member,
                    "merge keys are not supported",
                    "repeat the fields, or name the whole value with an anchor",
                );
            } else if seen.insert(key.clone()) {
                members.push((key.clone(), node));
            } else {
                self.fault(
                    &member,
                    &format!("duplicate of an earlier `{key}` of this map"),
                    "keep one: the later one would hide the earlier one",
                );
                // Both positions are kept; the later one is found first, since it is the one too many.
                positions.members.insert(0, (key, below));
                continue;
            }
            positions.members.push((key, below));
        }
    }

    fn refuse_tag(&mut self, tagged: bool, place: &Place) {
        if tagged {
            self.fault(place, "tags are not supported", "quote the value to make it a string");
        }
    }

    fn fault(&mut self, place: &Place, message: &str, help: &str) {
        self.faults.push(Fault { place: place.clone(), message: message.to_owned(), help: Some(help.to_owned()) });
    }

    fn unreadable(&self, message: &str) -> Unreadable {
        Unreadable::new(self.last, Place::default(), message, None)
    }
}

fn count(node: &Node) -> usize {
    match node {
        Node::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Node::Map(members) => 1 + members.iter().map(|(_, node)| count(node)).sum::<usize>(),
        _ => 1,
    }
}

/// What a plain scalar is in the core schema. `.inf` and `.nan` mean nothing in a policy and stay strings.
fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Node::Null,
        "true" | "True" | "TRUE" => return Node::Bool(true),
        "false" | "False" | "FALSE" => return Node::Bool(false),
        _ => {}
    }
    let radix =
        |prefix: &str, radix| text.strip_prefix(prefix).and_then(|digits| u32::from_str_radix(digits, radix).ok());
    if let Some(value) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Node::Number(f64::from(value));
    }
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse::<f64>() {
        Ok(value) if numeric && text.bytes().any(|byte| byte.is_ascii_digit()) => Node::Number(value),
        _ => Node::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        serde_json::to_string(&read(text).unwrap().node).unwrap()
    }

    #[test]
    fn reads_the_core_schema() {
        for (yaml, expected) in [
            ("a: {b: [1, 2.5, x, true, ~, ]}", r#"{"a":{"b":[1,2.5,"x",true,null]}}"#),
            ("v: 2024-10-21", r#"{"v":"2024-10-21"}"#),
            ("v: \"2024\"", r#"{"v":"2024"}"#),
            ("tls: off", r#"{"tls":"off"}"#),
            ("n: 0x10", r#"{"n":16}"#),
            ("n: 5s", r#"{"n":"5s"}"#),
            ("n: e", r#"{"n":"e"}"#),
            ("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#),
            ("", "null"),
            ("# nothing\n", "null"),
        ] {
            assert_eq!(json(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn points_at_keys_and_items() {
        let document = read("tenants:\n  acme:\n    clouds: [azure,\n      azur]\n").unwrap();
        let acme = Place::default().key("tenants").key("acme");
        let at = |place: &Place| (document.positions.of(place).line, document.positions.of(place).column);
        assert_eq!(at(&acme), (2, 3));
        assert_eq!(at(&acme.key("clouds").index(1)), (4, 7));
        assert_eq!(at(&acme.key("missing")), (2, 3));
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        for (yaml, message, line) in [
            ("a: 1\nb: 2\na: 3\n", "duplicate of an earlier `a` of this map", 3),
            ("a: &x {b: 1}\nc:\n  <<: *x\n", "merge keys are not supported", 3),
            ("a: !!str 1\n", "tags are not supported", 1),
        ] {
            let document = read(yaml).unwrap();
            let [fault] = document.faults.as_slice() else { panic!("{yaml}: {:?}", document.faults) };
            assert_eq!(fault.message, message);
            assert_eq!(document.positions.of(&fault.place).line, line, "{yaml}");
        }
    }

    #[test]
    fn refuses_what_is_nested_too_deep() {
        for deep in ["- ".repeat(100_000) + "a", "[".repeat(100_000), "? ".repeat(100_000) + "a"] {
            let unreadable = read(&deep).unwrap_err();
            assert!(unreadable.at.line == 1 && !unreadable.fault.message.is_empty(), "{unreadable:?}");
        }
        let at_the_limit = |levels: usize| read(&("[".repeat(levels) + &"]".repeat(levels)));
        assert!(at_the_limit(DEEPEST).is_ok());
        assert_eq!(at_the_limit(DEEPEST + 1).unwrap_err().fault.message, "cannot be read: nested too deep");
    }

    #[test]
    fn refuses_what_is_no_single_document() {
        for (yaml, message, line) in [
            ("a: 1\n---\nb: 2\n", "a policy is one document, here begins another", 2),
            ("a: [1\nb: 2\n", "", 2),
            ("a: &x [*x]\n", "an alias stands inside what it names", 1),
        ] {
            let unreadable = read(yaml).unwrap_err();
            assert!(unreadable.fault.message.contains(message), "{unreadable:?}");
            assert_eq!(unreadable.at.line, line, "{unreadable:?}");
        }
    }
}
