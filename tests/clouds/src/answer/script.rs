//! Answers that a prompt scripts: `[[script [STEP, …]]]`, or `[[call NAME {…}]]` for a single step of calls.
//!
//! Which step is due hangs on the conversation alone: a step of calls is over when as many results came behind the script, a
//! step of words when a user message did. So a client may go to another account in between, and the script goes on.

use super::content::{Finish, Item, Order, pieces};
use serde_json::{Value, json};

/// One answer of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub items: Vec<Scripted>,
    pub finish: Option<Finish>,
    pub order: Order,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Scripted {
    Reasoning,
    Message(String),
    Refusal(String),
    /// A call of a function, or of a custom tool.
    Call {
        name: String,
        custom: bool,
        input: String,
    },
    /// An item as it is, without its id.
    Raw(Value),
}

impl Scripted {
    fn read(value: &Value) -> Option<Self> {
        if let Value::String(text) = value {
            return Some(Self::Message(text.clone()));
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let written = |name: &str| match value.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None if name == "arguments" => "{}".into(),
            None => String::new(),
        };
        if value.get("reasoning").is_some() {
            return Some(Self::Reasoning);
        }
        if let Some(item) = value.get("item") {
            return Some(Self::Raw(item.clone()));
        }
        text("message")
            .map(Self::Message)
            .or_else(|| text("refusal").map(Self::Refusal))
            .or_else(|| text("call").map(|name| Self::Call { name, custom: false, input: written("arguments") }))
            .or_else(|| text("custom").map(|name| Self::Call { name, custom: true, input: written("input") }))
    }
}

impl Step {
    fn of(items: Vec<Scripted>) -> Self {
        Self { items, finish: None, order: Order::InTurn }
    }

    fn read(value: &Value) -> Option<Self> {
        let (items, settings) = match value {
            Value::Array(items) => (items.iter().collect(), None),
            Value::Object(fields) if fields.contains_key("items") => {
                (fields.get("items")?.as_array()?.iter().collect(), Some(fields))
            }
            item => (vec![item], None),
        };
        let items: Option<Vec<Scripted>> = items.into_iter().map(Scripted::read).collect();
        let mut step = Self::of(items?);
        if let Some(settings) = settings {
            step.finish = settings.get("finish").and_then(Value::as_str).and_then(Finish::named);
            step.order = match settings.get("deltas").and_then(Value::as_str) {
                Some("interleaved") => Order::Interleaved,
                Some("none") => Order::DoneOnly,
                _ => Order::InTurn,
            };
        }
        Some(step)
    }

    fn calls(&self) -> usize {
        self.items.iter().filter(|item| matches!(item, Scripted::Call { .. })).count()
    }
}

/// Every marker of a text whose name is `name`: what stands behind the name, and where the marker stands. What is behind may
/// be JSON with brackets of its own, after words without any.
fn marks<'a>(text: &'a str, name: &str) -> Vec<(&'a str, usize, usize)> {
    let opening = format!("[[{name} ");
    let mut found = Vec::new();
    for (at, _) in text.match_indices(&opening) {
        let from = at + opening.len();
        let Some(rest) = text.get(from..) else { continue };
        let json_at = rest.find(['{', '[', '"']).unwrap_or(rest.len());
        let closing_at = rest.find("]]").unwrap_or(rest.len());
        let end = if json_at < closing_at {
            let Some(json) = rest.get(json_at..) else { continue };
            let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>();
            match values.next() {
                Some(Ok(_)) => json_at + values.byte_offset(),
                _ => continue,
            }
        } else {
            closing_at
        };
        let Some((inner, tail)) = rest.split_at_checked(end) else { continue };
        let spaces = tail.len() - tail.trim_start().len();
        if tail.trim_start().starts_with("]]") {
            found.push((inner.trim(), at, from + end + spaces + 2));
        }
    }
    found
}

/// The text without scripts.
pub fn stripped(text: &str) -> String {
    let mut places: Vec<(usize, usize)> =
        ["script", "call"].iter().flat_map(|name| marks(text, name)).map(|(_, from, to)| (from, to)).collect();
    places.sort_unstable();
    let (mut kept, mut at) = (String::new(), 0);
    for (from, to) in places {
        // One marker may lie within another's JSON.
        if from >= at {
            kept.push_str(text.get(at..from).unwrap_or_default());
            at = to;
        }
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept
}

/// The steps that a text scripts; a script that cannot be read says so as its only step.
pub fn steps(text: &str) -> Option<Vec<Step>> {
    if let Some((inner, ..)) = marks(text, "script").first() {
        return Some(read(inner).unwrap_or_else(|| {
            vec![Step::of(vec![Scripted::Message(format!("the script cannot be read: {inner}"))])]
        }));
    }
    let call = |(inner, ..): &(&str, usize, usize)| {
        let (name, arguments) = inner.split_once(char::is_whitespace).unwrap_or((inner, "{}"));
        Scripted::read(&json!({"call": name, "arguments": arguments.trim()}))
    };
    let calls: Vec<Scripted> = marks(text, "call").iter().filter_map(call).collect();
    (!calls.is_empty()).then(|| vec![Step::of(calls)])
}

/// Steps as JSON.
pub fn read(json: &str) -> Option<Vec<Step>> {
    match serde_json::from_str(json).ok()? {
        Value::Array(steps) => steps.iter().map(Step::read).collect(),
        step => Step::read(&step).map(|step| vec![step]),
    }
}

/// The script of a text without the steps that are over, as a marker; none where nothing is left.
pub fn rest(text: &str, over: usize) -> Option<String> {
    if let Some((inner, ..)) = marks(text, "script").first() {
        let steps = match serde_json::from_str(inner).ok()? {
            Value::Array(steps) => steps,
            step => vec![step],
        };
        let left: Vec<Value> = steps.into_iter().skip(over).collect();
        return (!left.is_empty()).then(|| format!("[[script {}]]", Value::Array(left)));
    }
    let calls: Vec<String> = marks(text, "call").iter().map(|(inner, ..)| format!("[[call {inner}]]")).collect();
    (over == 0 && !calls.is_empty()).then(|| calls.concat())
}

/// What came behind a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Result,
    UserMessage,
}

/// How many steps are over.
pub fn over(steps: &[Step], since: &[Since]) -> usize {
    let count = |what| since.iter().filter(|since| **since == what).count();
    let (mut results, mut messages) = (count(Since::Result), count(Since::UserMessage));
    let is_over = |step: &&Step| {
        let (left, needed) = if step.calls() > 0 { (&mut results, step.calls()) } else { (&mut messages, 1) };
        let enough = *left >= needed;
        *left -= if enough { needed } else { 0 };
        enough
    };
    steps.iter().take_while(is_over).count()
}

/// A tool that the request offers.
pub struct Offered<'a> {
    pub name: &'a str,
    pub namespace: Option<&'a str>,
    pub custom: bool,
}

/// Every function and custom tool of a list of tools, in either API's form, within namespaces too.
pub fn offered<'a>(tools: impl IntoIterator<Item = &'a Value>) -> Vec<Offered<'a>> {
    let mut all = Vec::new();
    for tool in tools {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        let name = |tool: &'a Value| tool.get("name").and_then(Value::as_str);
        match kind {
            "function" | "custom" => {
                if let Some(name) = name(tool.get(kind).filter(|inner| inner.is_object()).unwrap_or(tool)) {
                    all.push(Offered { name, namespace: None, custom: kind == "custom" });
                }
            }
            "namespace" => {
                let inner = tool.get("tools").and_then(Value::as_array).into_iter().flatten();
                all.extend(offered(inner).into_iter().map(|inner| Offered { namespace: name(tool), ..inner }));
            }
            _ => {}
        }
    }
    all
}

/// The items of a step, with the tools that are offered; a call of a tool that is not becomes words that say so.
pub fn items(step: &Step, tools: &[Offered<'_>], sealed: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for item in &step.items {
        items.push(match item {
            Scripted::Reasoning => Item::Reasoning,
            Scripted::Message(text) => Item::Message(pieces(text, None)),
            Scripted::Refusal(text) => Item::Refusal(pieces(text, None)),
            Scripted::Raw(value) => Item::Raw(value.clone()),
            Scripted::Call { name, custom, input } => {
                let names: Vec<&str> = name.split('|').collect();
                let fits = |tool: &&Offered<'_>| tool.custom == *custom && names.contains(&tool.name);
                let Some(tool) = tools.iter().find(fits) else {
                    let offered: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
                    let text = format!("no tool {name} is offered; there are: {}", offered.join(", "));
                    return vec![Item::Message(pieces(&text, None))];
                };
                let (name, namespace) = (tool.name.to_owned(), tool.namespace.map(str::to_owned));
                let input = input.replace("{{sealed}}", sealed);
                if *custom {
                    Item::Custom { name, namespace, input }
                } else {
                    Item::Call { name, namespace, arguments: input }
                }
            }
        });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, input: &str) -> Scripted {
        Scripted::Call { name: name.into(), custom: false, input: input.into() }
    }

    #[test]
    fn a_script_is_read_out_of_a_prompt() {
        let rows = [
            ("hi [[call f]]", vec![vec![call("f", "{}")]]),
            (
                r#"[[call f {"a":[[1]]}]] and [[call g {"b":"]]"} ]]"#,
                vec![vec![call("f", r#"{"a":[[1]]}"#), call("g", r#"{"b":"]]"}"#)]],
            ),
            (
                r#"do it [[script [[{"reasoning": true}, {"custom": "exec", "input": "ls"}], "done"]]]"#,
                vec![
                    vec![Scripted::Reasoning, Scripted::Call { name: "exec".into(), custom: true, input: "ls".into() }],
                    vec![Scripted::Message("done".into())],
                ],
            ),
            (r#"[[script {"refusal": "no"}]]"#, vec![vec![Scripted::Refusal("no".into())]]),
        ];
        for (text, expected) in rows {
            let found: Vec<Vec<Scripted>> = steps(text).unwrap().into_iter().map(|step| step.items).collect();
            assert_eq!(found, expected, "{text}");
            assert!(!stripped(text).contains("[["), "{}", stripped(text));
        }
        for none in ["hi", "[[call", "[[calls f]]", "[[azure 429]]", "[[script"] {
            assert_eq!(steps(none), None, "{none}");
            assert_eq!(stripped(none), none);
        }
        assert_eq!(stripped("a [[call f]] b [[call g]] c"), "a  b  c");
        let settings = steps(r#"[[script {"items": ["x"], "finish": "length", "deltas": "none"}]]"#).unwrap();
        assert_eq!((settings[0].finish, settings[0].order), (Some(Finish::Length), Order::DoneOnly));
        let broken = steps(r#"[[script {"what": 1}]]"#).unwrap();
        assert!(format!("{broken:?}").contains("cannot be read"));
    }

    #[test]
    fn a_step_is_over_when_its_calls_have_results_or_the_user_goes_on() {
        use Since::{Result, UserMessage};
        let steps =
            steps(r#"[[script [{"call": "f"}, [{"call": "f"}, {"call": "g"}], "done", {"call": "f"}, "bye"]]]"#)
                .unwrap();
        let rows: [(&[Since], usize); 7] = [
            (&[], 0),
            (&[Result], 1),
            (&[Result, Result], 1),
            (&[Result, Result, Result], 2),
            (&[Result, Result, Result, UserMessage], 3),
            (&[Result, Result, Result, UserMessage, Result], 4),
            (&[Result, Result, Result, UserMessage, Result, UserMessage], 5),
        ];
        for (since, expected) in rows {
            assert_eq!(over(&steps, since), expected, "{since:?}");
        }
    }

    #[test]
    fn calls_find_their_tool_wherever_it_is_offered() {
        let tools = [
            json!({"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": "exec"}]}),
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"type": "function", "name": "g"}),
        ];
        let tools = offered(&tools);
        let names: Vec<(&str, Option<&str>)> = tools.iter().map(|tool| (tool.name, tool.namespace)).collect();
        assert_eq!(names, [("exec", Some("n")), ("f", None), ("g", None)]);
        let step = Step::read(&json!({"custom": "shell|exec", "input": "x"})).unwrap();
        assert!(matches!(&items(&step, &tools, "")[..], [Item::Custom { namespace: Some(_), .. }]));
        let step = Step::read(&json!({"call": "exec"})).unwrap();
        assert!(matches!(&items(&step, &tools, "")[..], [Item::Message(_)]));
    }
}
