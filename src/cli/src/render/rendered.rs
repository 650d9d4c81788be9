//! What rendering gives: files.

use serde_json::Value;

use crate::print::{self, note};

/// The files of one format, in the order in which they are applied: a path below the folder that they belong in, and the text.
#[derive(Debug, Default)]
pub struct Rendered {
    /// One at least.
    pub files: Vec<(String, String)>,
}

/// How a file for people is to be read; below the heading of each.
pub const LEGEND: &str = "\
# `yours` marks what an operator chooses: by the option of `render` that it names, or where it names none, here.
# `policy` marks what comes from the policy, from the field that it names. What repeats is written once:
# `&name` stands where it is, `*name` where it belongs too. A comment stands where it is needed first.
";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::envoy;
    use crate::render::envoy::options::{Options, Scope};
    use crate::render::names::Names;
    use crate::render::piece::policy::{Paths, Policy};

    /// The example with a listener more, so that much of it repeats.
    fn example(format: Format) -> String {
        let file =
            crate::file::read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../envoy/policy.yaml")));
        let file = file.unwrap_or_else(|_| panic!("the example cannot be read"));
        let paths =
            Paths { wasm: "m".to_owned(), sds_dir: "s".to_owned(), ca_file: "c".to_owned(), certificates: None };
        let at = |port: u16| ([127, 0, 0, 1], port).into();
        let options = Options {
            paths,
            listeners: vec![("default".to_owned(), at(1)), ("second".to_owned(), at(2))],
            admin: at(3),
            domains: Vec::new(),
            internal_listeners: true,
            probe: Some(at(4)),
            max_heap_bytes: 1 << 30,
            max_connections: 10,
        };
        let policy =
            Policy { config: &file.config, node: &file.node, keys: file.keys.as_ref(), names: Names::default() };
        let Rendered { files } = envoy::render(&policy, &options, Scope::Bootstrap, format);
        files.into_iter().map(|(_, text)| text).collect()
    }

    /// Numbers are read as fractions, and the JSON in a string is laid out.
    fn whole(value: Value) -> Value {
        match value {
            Value::String(text) if text.starts_with('{') => serde_json::from_str(&text).unwrap(),
            Value::Number(number) => serde_json::json!(number.as_f64()),
            Value::Array(items) => items.into_iter().map(whole).collect(),
            Value::Object(members) => members.into_iter().map(|(key, member)| (key, whole(member))).collect(),
            other => other,
        }
    }

    #[test]
    fn programs_get_what_people_read_without_the_notes() {
        let (yaml, json) = (example(Format::Yaml), example(Format::Json));
        for note in ["# yours: --listen\n", "# policy: endpoints.aws-use1\n", " &vm\n", " *vm\n"] {
            assert!(yaml.contains(note), "{note}");
        }
        assert!(!json.contains("\"#") && !json.contains("\"&"), "{json}");
        assert_eq!(yaml.matches("\"role\": \"edge\"").count(), 1, "the policy stands in the file once");
        let read = crate::yaml::read(&yaml).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let said: Value = serde_json::from_str(&json).unwrap();
        let read = serde_json::to_value(read.node).unwrap();
        assert_eq!(whole(read).to_string(), whole(said).to_string());
    }
}
