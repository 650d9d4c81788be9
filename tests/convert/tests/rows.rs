//! All rows of `cases`, and what holds of whatever they are made into.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use multihome_convert::rows::{Row, both_ways, read, write};
use multihome_convert::translate;

/// Each file of rows: its path, and its direction.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut files = Vec::new();
    for folder in fs::read_dir(&root).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let direction = path.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().to_owned();
            files.push((path, direction));
        }
    }
    files.sort();
    assert!(files.len() >= 3, "only {files:?}");
    files
}

fn all_rows() -> Vec<(String, Row)> {
    let of_file = |(path, direction): (PathBuf, String)| {
        let (_, rows) = read(&fs::read_to_string(path).unwrap());
        rows.into_iter().map(move |row| (direction.clone(), row))
    };
    files().into_iter().flat_map(of_file).collect()
}

#[test]
fn a_row_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for (path, direction) in files() {
        let (heading, rows) = read(&fs::read_to_string(&path).unwrap());
        if std::env::var_os("UPDATE").is_some() {
            let rows: String = rows.iter().map(|row| write(row, &row.lines(&direction, usize::MAX))).collect();
            fs::write(&path, format!("{heading}{}\n", rows.trim_end())).unwrap();
            continue;
        }
        for row in &rows {
            let lines = row.lines(&direction, usize::MAX);
            if lines != row.expected {
                wrong.push(format!(
                    "{direction}: {}\n{}\nbut is\n{}",
                    row.name,
                    row.expected.join("\n"),
                    lines.join("\n")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_comes_out_is_json() {
    for (direction, row) in both_ways(all_rows()) {
        for line in row.lines(&direction, usize::MAX) {
            if let Some(json) = line.strip_prefix("> ").filter(|line| *line != "[DONE]") {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(json);
                assert!(parsed.is_ok(), "{direction}: {}\n{json}", row.name);
            }
        }
    }
}

#[test]
fn a_stream_comes_out_the_same_however_it_is_cut() {
    for (direction, row) in both_ways(all_rows()).iter().filter(|(direction, _)| direction.ends_with("/events")) {
        let whole = row.lines(direction, usize::MAX);
        for piece in (1..8).chain([13, 64, 1000]) {
            assert_eq!(row.lines(direction, piece), whole, "{}, {piece} bytes at once", row.name);
        }
    }
}

/// Small, and the same everywhere (Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// What is put into bodies where it does not belong.
const ODD: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "1e999",
    "true",
    "[{}]",
    "{\"type\":\"text\"}",
    "\\ud83d",
    "\\",
    "\"",
    ",",
    ":",
    "\n",
    "\r\n\r\n",
    "\ndata: ",
    "[1,\ndata: 2]",
    "\u{0}",
    "{\"a\":",
    "[[[[",
    "\"error\":{},",
    "\"output_index\":99999999999999999999,",
    "\"type\":\"error\",",
];

fn spoil(bytes: &mut Vec<u8>, random: &mut Random) {
    let (at, other) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
    let (first, last) = (at.min(other), at.max(other));
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(first..last.min(first + 20))),
        2 => drop(bytes.splice(at..at, ODD[random.below(ODD.len())].bytes())),
        3 => {
            let again = bytes[first..last.min(first + 200)].to_vec();
            bytes.splice(at..at, again);
        }
        4 => drop(bytes.splice(first..last.min(first + 12), ODD[random.below(ODD.len())].bytes())),
        5 | 6 => {
            // A value, if it is a short one.
            let behind = |from: usize, wanted: &[u8]| bytes[from..].iter().position(|byte| wanted.contains(byte));
            if let Some(start) = behind(at, b":").map(|colon| at + colon + 1)
                && let Some(end) = behind(start, b",}]").map(|end| start + end)
            {
                bytes.splice(start..end, ODD[random.below(ODD.len())].bytes());
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(random.below(256)).unwrap();
            }
        }
    }
}

/// `SPOILT=100000` tries more.
#[test]
fn spoilt_bytes_are_no_harm() {
    let tries = std::env::var("SPOILT").ok().and_then(|tries| tries.parse().ok()).unwrap_or(100);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let is_json = |text: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    for (direction, row) in both_ways(all_rows()) {
        for _ in 0..tries {
            let mut bytes = row.bytes(&direction);
            for _ in 0..=random.below(3) {
                spoil(&mut bytes, &mut random);
            }
            let piece = 1 + random.below(300);
            let outcome = translate(&direction, &bytes, row.asked.clone(), piece).unwrap();
            let shown = || format!("{direction}: {}\n{}", row.name, String::from_utf8_lossy(&bytes));
            if direction.ends_with("/events") {
                let out = String::from_utf8(outcome.out).unwrap_or_else(|_| panic!("{}", shown()));
                for event in out.split_terminator("\n\n") {
                    let name = event.split_once('\n').filter(|(name, _)| name.starts_with("event: "));
                    let data = name.map_or(event, |(_, data)| data).strip_prefix("data: ").unwrap_or_default();
                    let is_event = !data.contains(['\n', '\r']) && (data == "[DONE]" || is_json(data.as_bytes()));
                    assert!(is_event, "{}\n{event}", shown());
                }
            } else {
                assert!(outcome.out.is_empty() || is_json(&outcome.out), "{}", shown());
                assert_eq!(
                    outcome.out.is_empty(),
                    !outcome.cannot.is_empty() || outcome.failed.is_some(),
                    "{}",
                    shown()
                );
            }
        }
    }
}
