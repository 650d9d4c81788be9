//! What rendering gives: files.

use serde_json::Value;

use crate::print::{self, note};

/// The files of one format, in the order in which they are applied: a path below the folder that they belong in, and the text.
#[derive(Debug, Default)]
pub struct Rendered {
    /// One at least.
    pub files: Vec<(String, String)>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: with comments, and without repeating itself.
    Yaml,
    /// For programs.
    Json,
}

impl Format {
    /// The path of a file: its stem with the format's ending.
    pub fn path(self, stem: &str) -> String {
        match self {
            Format::Yaml => format!("{stem}.yaml"),
            Format::Json => format!("{stem}.json"),
        }
    }

    /// A file's text, under a heading where the format has comments.
    pub fn text(self, heading: &str, value: &Value) -> String {
        match self {
            Format::Yaml => format!("{heading}{}", print::yaml(value)),
            Format::Json => format!("{:#}\n", note::strip(value)),
        }
    }
}
