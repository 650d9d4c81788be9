//! Rows of translations, in `cases/DIRECTION.txt`. A line says by its first character what it is:
//!
//! ```text
//! # what the row shows; begins a row
//! = include_usage, stream          what the client asked for, where a response depends on it
//! < {"input": "of the translation"}   of a stream: one event a line, named by its `type`
//! > {"output": "…"}                of a stream: the data of one event a line
//! ! what cannot be carried; of a response: the cloud's error
//! ~ a hint that was left out
//! ```
//!
//! `UPDATE=1 cargo test -p multihome-convert` writes what follows the input anew: read the difference.

use multihome_core::convert::Asked;

use super::{Outcome, translate};

/// A row.
#[derive(Debug, Default)]
pub struct Row {
    /// What it shows.
    pub name: String,
    /// What the client asked for.
    pub asked: Asked,
    /// The lines of its input.
    pub input: Vec<String>,
    /// All other lines, which are what is expected.
    pub expected: Vec<String>,
}

/// Reads a file of rows; text before the first one is its heading.
///
/// # Panics
/// A line is of no kind.
pub fn read(text: &str) -> (String, Vec<Row>) {
    let (mut heading, mut rows) = (String::new(), Vec::<Row>::new());
    for line in text.lines() {
        let (kind, rest) = line.split_at_checked(2).unwrap_or((line, ""));
        match (kind.trim_end(), rows.last_mut()) {
            ("#", _) => rows.push(Row { name: rest.to_owned(), ..Row::default() }),
            (_, None) => heading.extend([line, "\n"]),
            ("<", Some(row)) => row.input.push(rest.to_owned()),
            ("=", Some(row)) => {
                row.asked.include_usage = rest.contains("include_usage");
                row.asked.stream = rest.contains("stream");
            }
            (">" | "!" | "~", Some(row)) => row.expected.push(line.trim_end().to_owned()),
            ("", Some(_)) => {}
            (_, Some(row)) => assert!(line.is_empty(), "{}: {line}", row.name),
        }
    }
    (heading, rows)
}

/// Writes a row as it stands in its file.
pub fn write(row: &Row, expected: &[String]) -> String {
    let mut text = format!("# {}\n", row.name);
    let asked = [(row.asked.stream, "stream"), (row.asked.include_usage, "include_usage")];
    let asked: Vec<&str> = asked.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    if !asked.is_empty() {
        text.extend(["= ", &asked.join(", "), "\n"]);
    }
    row.input.iter().for_each(|line| text.extend(["< ", line, "\n"]));
    expected.iter().for_each(|line| text.extend([line, "\n"]));
    text.push('\n');
    text
}

impl Row {
    /// The bytes that are translated.
    pub fn bytes(&self, direction: &str) -> Vec<u8> {
        if !direction.ends_with("/events") {
            return self.input.join("\n").into_bytes();
        }
        let event = |data: &String| {
            let payload: Option<serde_json::Value> = serde_json::from_str(data).ok();
            let name = payload.as_ref().and_then(|payload| payload.get("type")).and_then(|name| name.as_str());
            let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
            format!("{name}data: {data}\n\n")
        };
        self.input.iter().map(event).collect::<String>().into_bytes()
    }

    /// Translates it, a stream in pieces of `piece` bytes: the lines that are expected.
    ///
    /// # Panics
    /// There is no such direction.
    pub fn lines(&self, direction: &str, piece: usize) -> Vec<String> {
        let outcome = translate(direction, &self.bytes(direction), self.asked.clone(), piece);
        shown(&outcome.unwrap_or_else(|| unknown(direction)), direction)
    }
}

#[expect(clippy::panic, reason = "a test's table names what does not exist")]
fn unknown(direction: &str) -> Outcome {
    panic!("no direction {direction}")
}

fn shown(outcome: &Outcome, direction: &str) -> Vec<String> {
    let out = String::from_utf8_lossy(&outcome.out);
    let out: Vec<String> = if direction.ends_with("/events") {
        out.split("\n\n").filter(|event| !event.is_empty()).map(data_of).collect()
    } else {
        out.lines().map(str::to_owned).collect()
    };
    let data = |data: &String| format!("> {data}");
    let failed = outcome.failed.iter().map(|error| format!("! {}", String::from_utf8_lossy(error)));
    let cannot = outcome.cannot.iter().map(|place| format!("! {place}"));
    let left_out = outcome.left_out.iter().map(|hint| format!("~ {hint}"));
    out.iter().map(data).chain(failed).chain(cannot).chain(left_out).collect()
}

/// The data of an event, if there is nothing else to it: no name but that of its `type`.
fn data_of(event: &str) -> String {
    let (name, data) = event.split_once("\ndata: ").unwrap_or(("", event));
    let named = name.strip_prefix("event: ").is_none_or(|name| data.starts_with(&format!("{{\"type\":\"{name}\",")));
    let data = if named { data } else { event };
    data.strip_prefix("data: ").unwrap_or(data).replace('\n', " ")
}

/// Rows with their directions; and what comes out of them as what goes in the other way.
pub fn both_ways(rows: Vec<(String, Row)>) -> Vec<(String, Row)> {
    let back = |(direction, row): &(String, Row)| {
        let (form, what) = direction.split_once('/')?;
        let form = if form == "chat" { "responses" } else { "chat" };
        let lines = row.expected.iter();
        let input: Vec<String> = lines.map(|line| line.strip_prefix("> ").map(str::to_owned)).collect::<Option<_>>()?;
        let asked = Asked { include_usage: true, ..row.asked.clone() };
        Some((format!("{form}/{what}"), Row { name: row.name.clone(), asked, input, expected: Vec::new() }))
    };
    let back: Vec<(String, Row)> = rows.iter().filter_map(back).collect();
    rows.into_iter().chain(back).collect()
}
