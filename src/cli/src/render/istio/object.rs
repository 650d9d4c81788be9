//! Objects of Kubernetes, and the documents that they are written in.

use serde_json::{Map, Value, json};

use super::options::Name;
use crate::render::rendered::Format;

/// An object with what there is to say of it.
#[derive(Debug)]
pub struct Document {
    /// For people; one line after the other.
    pub comment: String,
    /// The object.
    pub object: Value,
}

impl Document {
    /// An object with its comment.
    pub fn new(comment: &str, object: Value) -> Document {
        Document { comment: comment.to_owned(), object }
    }
}

/// An object of one of Istio's kinds.
pub fn object(api: &str, kind: &str, name: &Name, spec: Value) -> Value {
    json!({
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name.name, "namespace": name.namespace},
        "spec": spec,
    })
}

/// Labels as a map.
pub fn labels(labels: &[(String, String)]) -> Value {
    labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<String, Value>>().into()
}

/// A file of documents under a heading; a list of objects where the format has neither comments nor documents.
pub fn file(format: Format, heading: &str, documents: &[Document]) -> String {
    match format {
        Format::Yaml => {
            let texts: Vec<String> =
                documents.iter().map(|document| format.text(&commented(&document.comment), &document.object)).collect();
            format!("{heading}{}", texts.join("---\n"))
        }
        Format::Json => {
            let items: Vec<&Value> = documents.iter().map(|document| &document.object).collect();
            format.text("", &json!({"apiVersion": "v1", "kind": "List", "items": items}))
        }
    }
}

/// Each line of a text as a comment of YAML.
pub fn commented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") }).collect()
}
