//! JSON values written as YAML for people to read: with comments (see [`note`]), and without repeating itself (see [`part`]).

mod embedded;
mod flow;
pub mod note;
mod part;
mod scalar;

use std::collections::HashSet;

use serde_json::{Map, Value};

use part::{Parts, Written};

/// Writes `value` as a YAML document.
pub fn yaml(value: &Value) -> String {
    let mut page = Page { out: String::new(), parts: Parts::of(value), said: HashSet::new() };
    page.lead(value, 0);
    page.body(value, 0, false);
    page.out
}

/// How wide a comment may run.
const COLUMNS: usize = 110;

/// How wide a line of small values may run.
const FLOW_COLUMNS: usize = 120;

/// How a mark begins that stands at every place that it is for, from the second on without what follows its first sentence.
/// Any other comment stands once, where it is needed first.
const MARKS: [&str; 2] = ["yours", "policy:"];

/// What stands on the left: a bootstrap's parts, its listeners and its clusters.
const LEFT: usize = 2;
/// What is large, in lines.
const LARGE: usize = 15;

struct Page {
    out: String,
    parts: Parts,
    /// The comments that stand already.
    said: HashSet<String>,
}

impl Page {
    /// What has to stand above the first line of a value, when that line continues a `- `.
    fn lead(&mut self, value: &Value, depth: usize) {
        if let Some(text) = note::on(value) {
            self.comment(text, depth);
        }
    }

    /// The lines of a value. `inline`: its first line continues a `- `, and what belongs above that line is there.
    fn body(&mut self, value: &Value, depth: usize, inline: bool) {
        match value {
            Value::Object(members) if note::facts(members).next().is_some() => self.members(members, depth, inline),
            Value::Array(items) if !items.is_empty() => self.items(items, depth, inline),
            scalar => {
                self.out.push_str(&scalar::plain(scalar));
                self.out.push('\n');
            }
        }
    }

    fn members(&mut self, members: &Map<String, Value>, depth: usize, inline: bool) {
        debug_assert_eq!(note::astray(members).next(), None, "a comment at a member that is not there");
        let mut before = None;
        for (position, (key, member)) in note::facts(members).enumerate() {
            let continues = inline && position == 0;
            self.apart(before.replace(member), depth);
            let written = self.parts.next(member);
            let line = line(key, member, &written, depth);
            let behind = behind(members, key, line.as_deref(), depth);
            if !continues {
                self.above(members, key, member, behind.is_some(), depth);
                self.indent(depth);
            }
            match line {
                Some(line) => {
                    self.out.push_str(&line);
                    if let Some(text) = behind.and_then(|text| self.still_to_say(text)) {
                        self.out.push_str(&format!(" # {text}"));
                    }
                    self.out.push('\n');
                }
                None => {
                    self.out.push_str(&scalar::word(key));
                    self.out.push(':');
                    self.below(member, &written, depth);
                }
            }
        }
    }

    fn items(&mut self, items: &[Value], depth: usize, inline: bool) {
        let mut before = None;
        for (position, item) in items.iter().enumerate() {
            let continues = inline && position == 0;
            self.apart(before.replace(item), depth);
            if !continues {
                self.lead(item, depth);
            }
            let written = self.parts.next(item);
            let short = short(item, &written, "- ", depth);
            if let (Value::Object(members), Written::Plain, false, None) = (item, &written, continues, &short)
                && let Some((key, member)) = note::facts(members).next()
            {
                let behind = behind(members, key, line(key, member, &Written::Plain, depth + 1).as_deref(), depth + 1);
                self.above(members, key, member, behind.is_some(), depth);
            }
            if !continues {
                self.indent(depth);
            }
            match written {
                _ if short.is_some() => {
                    self.out.push_str(&short.unwrap_or_default());
                    self.out.push('\n');
                }
                Written::Again(name) => self.out.push_str(&format!("- *{name}\n")),
                Written::First(name) => {
                    self.out.push_str(&format!("- &{name}\n"));
                    self.body(item, depth + 1, false);
                }
                Written::Plain => {
                    self.out.push_str("- ");
                    self.body(item, depth + 1, true);
                }
            }
        }
    }

    /// An empty line behind what is large and stands on the left, as behind a paragraph.
    fn apart(&mut self, before: Option<&Value>, depth: usize) {
        if depth <= LEFT && before.is_some_and(|value| part::lines(value) >= LARGE) {
            self.out.push('\n');
        }
    }

    /// The comments that stand above a member.
    fn above(&mut self, members: &Map<String, Value>, key: &str, member: &Value, behind: bool, depth: usize) {
        if let Some(text) = note::at(members, key).filter(|_| !behind) {
            self.comment(text, depth);
        }
        self.lead(member, depth);
    }

    /// What follows `key:` where it takes more than a line.
    fn below(&mut self, value: &Value, written: &Written, depth: usize) {
        if let Value::String(text) = value
            && let Some((sign, block)) = embedded::block(text)
        {
            self.out.push_str(&format!(" {sign}\n"));
            for line in block.lines() {
                if !line.is_empty() {
                    self.indent(depth + 1);
                }
                self.out.push_str(line);
                self.out.push('\n');
            }
            return;
        }
        if let Written::First(name) = written {
            self.out.push_str(&format!(" &{name}"));
        }
        if let Some(words) = flow::words(value) {
            self.out.push_str(" [\n");
            let words = format!("{},", words.join(",\n"));
            for line in filled(words.lines(), COLUMNS.saturating_sub(2 * depth + 2)) {
                self.indent(depth + 1);
                self.out.push_str(&format!("{line}\n"));
            }
            self.indent(depth);
            self.out.push_str("]\n");
            return;
        }
        self.out.push('\n');
        self.body(value, depth + 1, false);
    }

    fn comment(&mut self, text: &str, depth: usize) {
        let Some(text) = self.still_to_say(text) else { return };
        let room = COLUMNS.saturating_sub(2 * depth + "# ".len()).max(LEAST_COLUMNS);
        for line in wrapped(text, room) {
            self.indent(depth);
            self.out.push_str(&format!("# {line}\n"));
        }
    }

    /// What of a comment does not stand further up.
    fn still_to_say<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if self.said.insert(text.to_owned()) {
            return Some(text);
        }
        let mark = MARKS.iter().any(|mark| text.starts_with(mark));
        mark.then(|| text.split_once(". ").map_or(text, |(first, _)| first))
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
    }
}

/// A comment is at least so wide, however deep it stands.
const LEAST_COLUMNS: usize = 60;

/// The comment at a member, where it fits behind the member's line.
fn behind<'v>(members: &'v Map<String, Value>, key: &str, line: Option<&str>, depth: usize) -> Option<&'v str> {
    let room = COLUMNS.checked_sub(2 * depth + line?.chars().count() + " # ".len())?;
    note::at(members, key).filter(|text| text.chars().count() <= room && !text.contains('\n'))
}

/// A member that takes one line.
fn line(key: &str, member: &Value, written: &Written, depth: usize) -> Option<String> {
    let key = scalar::word(key);
    match (member, written) {
        (_, Written::Again(name)) => Some(format!("{key}: *{name}")),
        (Value::Object(members), _) if note::facts(members).next().is_none() => Some(format!("{key}: {{}}")),
        (Value::Object(_) | Value::Array(_), _) => short(member, written, &format!("{key}: "), depth),
        (Value::String(text), _) if embedded::block(text).is_some() => None,
        (scalar, _) => Some(format!("{key}: {}", scalar::plain(scalar))),
    }
}

/// An object or a list that fits behind `before`.
fn short(value: &Value, written: &Written, before: &str, depth: usize) -> Option<String> {
    let Written::Plain = written else { return None };
    let line = format!("{before}{}", flow::flow(value)?);
    (2 * depth + line.chars().count() <= FLOW_COLUMNS).then_some(line)
}

/// A text in lines of at most so many letters, where its words allow. Its own line breaks stay.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    text.lines().flat_map(|paragraph| filled(paragraph.split_whitespace(), room)).collect()
}

fn filled<'w>(words: impl Iterator<Item = &'w str>, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lays_out_maps_lists_and_embedded_json() {
        let value = json!({
            "name": "a b",
            "@type": "type.googleapis.com/x",
            "list": [{"a": 1, "b": [true, null]}, "off", []],
            "none": {},
            "value": "{\"role\":\"edge\",\"policy\":{\"endpoints\":{\"a\":{\"cloud\":\"aws\"}},\"models\":{\"m\":[{\"id\":1}]}}}",
        });
        let expected = r#"name: a b
"@type": type.googleapis.com/x
list:
  - {a: 1, b: [true, null]}
  - "off"
  - []
none: {}
value: |-
  {"role": "edge",
  "policy": {
    "endpoints": {
      "a": {"cloud":"aws"}},
    "models": {
      "m": [
        {"id":1}]}}}
"#;
        assert_eq!(yaml(&value), expected);
    }

    #[test]
    fn reads_back_as_what_it_was() {
        let value = json!({"a": ["x: y", "# no", "-", " lead", "trail ", "1", "1.5", "~", "ä", "{\"k\": \"v\"}", "a\nb", "0s", "%X%"],
            "file": "a: 1\n\n  b: \"2\" # c\n\td  \n", "open": "a\nb", "ends": "a\nb\n\n", "indented": " a\nb", "return": "a\r\nb", "line": "a\n"});
        let read: Value = serde_json::to_value(crate::yaml::read(&yaml(&value)).unwrap().node).unwrap();
        assert_eq!(read, value);
    }

    fn tls() -> Value {
        json!({"&": "tls", "name": "envoy.transport_sockets.tls", "files": vec![json!([1]); 7]})
    }

    #[test]
    fn says_why_and_says_it_once() {
        let value = json!({
            "#": "Above all.",
            "list": [
                {"#": "Of the item.", "#name": "short", "name": "a", "#tls": "Of the member.", "tls": tls()},
                {"#name": "short", "name": "b", "tls": tls(), "#port": "yours: here. Why.", "port": 1, "other": note::explained("Of the value.", json!({"#deep": "x ".repeat(60), "deep": []}))},
                note::named("small", json!({"#x": "x ".repeat(80), "x": {"k": 1}, "z": 2, "t": {"@type": 1}})),
                {"#": "Above all.", "x": {"k": 1}, "z": 2, "#port": "yours: here. Why.", "port": 2},
                {"x": {"k": 1}, "z": 2, "t": {"@type": 1}},
            ],
        });
        let long = |count: usize| "x ".repeat(count).trim_end().to_owned();
        let expected = format!(
            "\
# Above all.
list:
  # Of the item.
  - name: a # short
    # Of the member.
    tls: &tls
      name: envoy.transport_sockets.tls
      files: [
        [1], [1], [1], [1], [1], [1], [1],
      ]
  - name: b
    tls: *tls
    port: 1 # yours: here. Why.
    # Of the value.
    other:
      # {}
      # {}
      deep: []
  - &small
    # {}
    # {}
    x: {{k: 1}}
    z: 2
    t:
      \"@type\": 1
  - x: {{k: 1}}
    z: 2
    port: 2 # yours: here
  - *small
",
            long(51),
            long(9),
            long(52),
            long(28)
        );
        assert_eq!(yaml(&value), expected);
        let read: Value = serde_json::to_value(crate::yaml::read(&yaml(&value)).unwrap().node).unwrap();
        // Numbers are read as fractions.
        assert_eq!(read.to_string().replace(".0", ""), note::strip(&value).to_string());
    }
}
