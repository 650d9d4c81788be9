//! The part that answers with and without hosted tools have in common. Where a recorded answer used a hosted
//! tool, which is not emulated, the rest of it is compared all the same.

use serde_json::Value;

/// Output items that are emulated; the others belong to hosted tools.
const ITEMS: &[&str] = &["message", "reasoning", "function_call"];

/// Fields that speak of hosted tools: their declaration, their citations, where a searched tool was found.
const HOSTED: &[&str] = &["tools", "annotations", "namespace"];

/// The first hosted tool that an answer declares or used.
pub fn hosted(outcome: &Value) -> Option<String> {
    let kinds = |name: &str| {
        let entries = outcome.get(name).and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(|entry| entry.get("type")?.as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let tool = kinds("tools").into_iter().find(|kind| kind != "function");
    tool.or_else(|| kinds("output").into_iter().find(|kind| !ITEMS.contains(&kind.as_str())))
}

/// Whether an output item belongs to a hosted tool.
pub fn is_hosted(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str).is_some_and(|kind| !ITEMS.contains(&kind))
}

/// A value without hosted tools and their traces.
pub fn of(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !HOSTED.contains(&name.as_str()));
            kept.map(|(name, value)| match (name.as_str(), value) {
                ("output", Value::Array(items)) => {
                    (name.clone(), items.iter().filter(|item| !is_hosted(item)).map(of).collect())
                }
                _ => (name.clone(), of(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
        }
        Value::Array(entries) => entries.iter().map(of).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_what_has_nothing_to_do_with_hosted_tools() {
        let answer = json!({
            "output": [{"type": "web_search_call"}, {"type": "message", "content": [{"text": "x", "annotations": [1]}]}],
            "tools": [{"type": "web_search"}], "usage": {"input_tokens": 1},
        });
        assert_eq!(hosted(&answer).as_deref(), Some("web_search"));
        let expected =
            json!({"output": [{"type": "message", "content": [{"text": "x"}]}], "usage": {"input_tokens": 1}});
        assert_eq!(of(&answer), expected);
        assert_eq!(hosted(&json!({"output": [{"type": "message"}], "tools": [{"type": "function"}]})), None);
    }
}
