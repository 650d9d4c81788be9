//! All rows of `cases`, and what holds of whatever they are made into.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use multihome_convert::rows::{Row, read, write};

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
    for (direction, row) in all_rows() {
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
    for (direction, row) in all_rows().iter().filter(|(direction, _)| direction.ends_with("/events")) {
        let whole = row.lines(direction, usize::MAX);
        for piece in (1..8).chain([13, 64, 1000]) {
            assert_eq!(row.lines(direction, piece), whole, "{}, {piece} bytes at once", row.name);
        }
    }
}
