//! What the README says of the policy file, held against the tool.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::run::{multihome, multihome_with, root};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The YAML blocks that are whole policies: their first line says so.
fn policies(readme: &str) -> Vec<&str> {
    let blocks = readme.split("\n```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.filter(|block| block.starts_with("# policy.yaml")).collect()
}

#[test]
fn its_policies_have_no_faults() {
    let readme = readme();
    let policies = policies(&readme);
    assert!(!policies.is_empty(), "no block begins with `# policy.yaml`");
    for policy in policies {
        let run = multihome_with(&["check", "-"], policy);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{policy}");
    }
}

/// Every field, and every word that a field may be, stands somewhere in backticks or in the example.
#[test]
fn it_leaves_no_field_out() {
    fn words(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                let named = members.get("properties").and_then(Value::as_object).into_iter().flatten();
                found.extend(named.map(|(name, _)| name.clone()));
                let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
                found.extend(listed.filter_map(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| words(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| words(item, found)),
            _ => {}
        }
    }
    let schema: Value = serde_json::from_str(&multihome(&["schema"]).out).unwrap();
    let mut wanted = BTreeSet::new();
    words(&schema, &mut wanted);
    assert!(wanted.len() > 50, "{wanted:?}");

    let readme = readme();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/');
    // `openai.chat` and `/openai/v1` are words; a full stop that ends a sentence is none of it.
    let told: BTreeSet<&str> = readme.split(|c: char| !is_part(c)).map(|word| word.trim_end_matches('.')).collect();
    // `identity.trust` tells of both.
    let parts: BTreeSet<&str> = told.iter().flat_map(|word| word.split('.')).collect();
    let untold: Vec<&String> =
        wanted.iter().filter(|word| !told.contains(word.as_str()) && !parts.contains(word.as_str())).collect();
    assert!(untold.is_empty(), "the README says nothing of {untold:?}");
}
