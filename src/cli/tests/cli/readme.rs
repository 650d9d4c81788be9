//! What the README and `docs/` say, held against the tool: fields, policies, commands, links.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{multihome, multihome_with, root};

/// A page, and where it is.
struct Page {
    path: PathBuf,
    text: String,
}

/// The README, `docs/`, and the other pages beside them.
fn pages() -> Vec<Page> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let folder = |path: PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = folder(root()).chain(folder(root().join("docs"))).filter(is_page).collect();
    paths.sort();
    assert!(paths.len() > 5, "{paths:?}");
    paths.into_iter().map(|path| Page { text: std::fs::read_to_string(&path).unwrap(), path }).collect()
}

/// The fenced blocks of a language, without what indents them.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().strip_prefix("```") == Some(language) {
            let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim_start() != "```").collect();
            found.push(block.join("\n"));
        }
    }
    found
}

/// Each YAML block says in its first line which file it is; those that are policies have nothing to be said of.
#[test]
fn its_policies_have_no_faults() {
    let mut checked = 0;
    for Page { path, text } in pages() {
        for block in blocks(&text, "yaml") {
            let path = path.display();
            assert!(block.starts_with("# "), "{path}: a block of YAML does not say which file it is:\n{block}");
            if block.starts_with("# policy.yaml") {
                let run = multihome_with(&["check", "-"], &block);
                assert_eq!((run.code, run.err.as_str()), (0, ""), "{path}:\n{block}");
                checked += 1;
            } else {
                assert!(block.contains("\nresources:"), "{path}: neither `# policy.yaml` nor a secret:\n{block}");
            }
        }
    }
    assert!(checked >= 3, "only {checked} policies");
}

/// The field names and words of a part of the schema. A definition counts where it is used first.
fn words<'s>(schema: &'s Value, part: &'s Value, met: &mut BTreeSet<&'s str>, found: &mut BTreeSet<&'s str>) {
    match part {
        Value::Object(members) => {
            let named = members.get("properties").and_then(Value::as_object).into_iter().flatten();
            found.extend(named.map(|(name, _)| name.as_str()));
            let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
            found.extend(listed.filter_map(Value::as_str));
            if let Some(reference) = members.get("$ref").and_then(Value::as_str).filter(|name| met.insert(name)) {
                words(schema, schema.pointer(reference.trim_start_matches('#')).unwrap(), met, found);
            }
            members.values().for_each(|member| words(schema, member, met, found));
        }
        Value::Array(items) => items.iter().for_each(|item| words(schema, item, met, found)),
        _ => {}
    }
}

/// What stands in backticks in the tables of a section, taken apart at all that is no part of a name.
fn told(section: &str) -> BTreeSet<&str> {
    let rows = section.lines().filter(|line| line.starts_with('|'));
    let code = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    // `openai.chat`, `/openai/v1` and `openai-project` are words; `trust.listeners` tells of both.
    let whole = code.flat_map(move |code| code.split(move |c| !is_part(c)));
    whole.flat_map(|word| std::iter::once(word).chain(word.split(['.', '-']))).collect()
}

/// Every field, and every word that a field may be, stands in a table of its own section of `docs/policy.md`.
#[test]
fn it_leaves_no_field_out() {
    let schema: Value = serde_json::from_str(&multihome(&["schema"]).out).unwrap();
    let page = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let (mut met, mut count) = (BTreeSet::new(), 0);
    // `endpoints`, `models` and `tenants` come first: `identity` refers to what a tenant is.
    for field in ["endpoints", "models", "tenants", "identity", "listeners", "gcp", "defaults", "limits", "timeouts"] {
        let of_field = |section: &&&str| section.lines().next().unwrap().contains(&format!("`{field}`"));
        let section = sections.iter().find(of_field).unwrap_or_else(|| panic!("no section on `{field}`"));
        let mut wanted = BTreeSet::new();
        words(&schema, schema.pointer(&format!("/properties/{field}")).unwrap(), &mut met, &mut wanted);
        let told = told(section);
        let untold: Vec<_> = wanted.iter().filter(|word| !told.contains(*word)).collect();
        assert!(untold.is_empty(), "the tables on `{field}` in docs/policy.md say nothing of {untold:?}");
        count += wanted.len();
    }
    assert!(count > 60, "{count}");
    let known = schema["properties"].as_object().unwrap().len();
    assert_eq!(known, 9, "the file has a new field: give it a section, and a place in the list above");
}

/// The commands of a block: continued lines joined, comments and what follows `>`, `|` or `&&` taken off.
fn commands(block: &str) -> Vec<Vec<String>> {
    let joined = block.replace("\\\n", " ");
    let plain =
        joined.lines().map(|line| line.split(['#', '>', '|', '&']).next().unwrap_or_default().trim().to_owned());
    plain.filter(|line| line.starts_with("multihome ")).map(|line| arguments(&line)).collect()
}

/// The arguments behind the program's name, without their quotes.
fn arguments(line: &str) -> Vec<String> {
    let (mut found, mut quote, mut word) = (Vec::new(), None, String::new());
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            (' ', None) => found.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            _ => word.push(c),
        }
    }
    found.extend(Some(word).filter(|word| !word.is_empty()));
    found.split_off(1)
}

/// Each `multihome` command on a page does what it says, in a folder with the page's first policy.
#[test]
fn its_commands_work() {
    let mut ran = 0;
    for Page { path, text } in pages() {
        let commands: Vec<_> = blocks(&text, "sh").iter().flat_map(|block| commands(block)).collect();
        if commands.is_empty() {
            continue;
        }
        let folder = tempfile(&path);
        let policy = blocks(&text, "yaml").into_iter().find(|block| block.starts_with("# policy.yaml"));
        std::fs::write(folder.join("policy.yaml"), policy.unwrap_or_else(|| panic!("{}: no policy", path.display())))
            .unwrap();
        for command in commands {
            let output =
                Command::new(env!("CARGO_BIN_EXE_multihome")).args(&command).current_dir(&folder).output().unwrap();
            assert!(output.status.success(), "{}: {command:?}: {output:?}", path.display());
            ran += 1;
        }
    }
    assert!(ran >= 8, "only {ran} commands");
}

/// A folder of this test's own under `target/`.
fn tempfile(page: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(page.file_stem().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The anchors of a page's headings, as GitHub makes them, and those that it sets itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let kept = line.trim_start_matches('#').trim().chars();
        let kept = kept.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    });
    let own = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    headings.chain(own).collect()
}

/// Each link inside the project leads to a file, and to a heading that it has.
#[test]
fn its_links_lead_somewhere() {
    let mut followed = 0;
    for Page { path, text } in pages() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let shown = format!("{}: {link}", path.display());
            let target = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{shown}: {error}"));
            assert!(anchor.is_empty() || anchors(&target).contains(anchor), "{shown}: no such heading");
            followed += 1;
        }
    }
    assert!(followed > 30, "only {followed} links");
}
