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
    // `endpoints`, `models` and `tenants` come first.
    for field in [
        "version",
        "endpoints",
        "models",
        "tenants",
        "identity",
        "listeners",
        "gcp",
        "defaults",
        "limits",
        "sessions",
        "timeouts",
    ] {
        let of_field = |section: &&&str| section.lines().next().unwrap().contains(&format!("`{field}`"));
        let section = sections.iter().find(of_field).unwrap_or_else(|| panic!("no section on `{field}`"));
        let mut wanted = BTreeSet::new();
        words(&schema, schema.pointer(&format!("/properties/{field}")).unwrap(), &mut met, &mut wanted);
        // A ceiling is what a tenant's entry is, without keys.
        met.insert("#/$defs/grant");
        let told = told(section);
        let untold: Vec<_> = wanted.iter().filter(|word| !told.contains(*word)).collect();
        assert!(untold.is_empty(), "the tables on `{field}` in docs/policy.md say nothing of {untold:?}");
        count += wanted.len();
    }
    assert!(count > 60, "{count}");
    let known = schema["properties"].as_object().unwrap().len();
    assert_eq!(known, 11, "the file has a new field: give it a section, and a place in the list above");
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

/// Each `multihome` command on a page does what it says, in a folder with the page's first policy, or the README's. One that
/// asks a running Envoy is taken for what it is; there is none here.
#[test]
fn its_commands_work() {
    let mut ran = 0;
    for Page { path, text } in pages() {
        let commands: Vec<_> = blocks(&text, "sh").iter().flat_map(|block| commands(block)).collect();
        if commands.is_empty() {
            continue;
        }
        let folder = tempfile(&path);
        let policy = |text: &str| blocks(text, "yaml").into_iter().find(|block| block.starts_with("# policy.yaml"));
        let readme = || policy(&std::fs::read_to_string(root().join("README.md")).unwrap());
        std::fs::write(folder.join("policy.yaml"), policy(&text).or_else(readme).expect("no policy")).unwrap();
        std::fs::write(folder.join("multihome.wasm"), "a module").unwrap();
        for command in commands {
            let output =
                Command::new(env!("CARGO_BIN_EXE_multihome")).args(&command).current_dir(&folder).output().unwrap();
            let is_right = match command.first().map(String::as_str) {
                // 2 would be a wrong command line.
                Some("doctor" | "apply") => output.status.code() != Some(2),
                _ => output.status.success(),
            };
            assert!(is_right, "{}: {command:?}: {output:?}", path.display());
            ran += 1;
        }
    }
    assert!(ran >= 8, "only {ran} commands");
}

/// The code within a page's sentences and tables.
fn spans(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// A command that a sentence or a table names is one that the tool has, with these options.
#[test]
fn it_names_no_option_that_is_not_there() {
    let mut named = 0;
    for Page { path, text } in pages().into_iter().filter(|page| !page.path.ends_with("CHANGELOG.md")) {
        for span in spans(&text).into_iter().filter(|span| span.starts_with("multihome ")) {
            let words: Vec<&str> = span.split_whitespace().skip(1).collect();
            let is_command =
                |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
            let nested = usize::from(words.first().is_some_and(|word| ["render", "key"].contains(word)));
            let command: Vec<&str> = words.iter().take(1 + nested).take_while(is_command).copied().collect();
            let help = multihome(&[&command[..], &["--help"]].concat());
            assert_eq!(help.code, 0, "{}: `{span}`: {}", path.display(), help.err);
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.out.contains(*option), "{}: `{span}` has no {option}", path.display());
            }
            named += 1;
        }
    }
    assert!(named > 20, "only {named} commands");
}

/// What `explain` prints on the page of the policy file is what it prints.
#[test]
fn its_explanation_is_the_tools() {
    let page = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let explained: Vec<_> = blocks(&page, "sh").iter().flat_map(|block| commands(block)).collect();
    let printed = blocks(&page, "text");
    assert!(!explained.is_empty() && explained.len() == printed.len(), "each command with what it prints");
    for (explain, printed) in explained.iter().zip(printed) {
        let read = explain.iter().map(|word| if word == "policy.yaml" { "-" } else { word });
        let run = multihome_with(&read.collect::<Vec<_>>(), &blocks(&page, "yaml")[0]);
        assert_eq!(printed, run.out.trim_end());
    }
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

/// The codes of errors that core and the module make. Their sources are read as text: an error is made where it is decided,
/// and a list of codes beside that would be one more thing to forget.
fn codes_of_the_module() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in ["src/core/src", "src/filter/src"].iter().flat_map(|folder| sources(&root().join(folder))) {
        let text = std::fs::read_to_string(&file).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        for call in shipped.split("ApiError::new(").skip(1) {
            let (_, rest) = call.split_once(',').unwrap();
            let code = rest.split(',').next().unwrap().trim();
            match code.strip_prefix('"').and_then(|code| code.strip_suffix('"')) {
                // A cloud's own code takes its place.
                Some("") => {}
                Some(code) => _ = found.insert(code.to_owned()),
                // The one code that is chosen.
                None => {
                    assert_eq!((code, file.ends_with("request/judge.rs")), ("code", true), "{}", file.display());
                    found.extend(["rate_limit_exceeded", "insufficient_quota"].map(str::to_owned));
                }
            }
        }
    }
    found
}

/// The sources below a folder, without those that are tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_source = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_some_and(|name| name != "tests")
    };
    let below = folders.iter().flat_map(|folder| sources(folder));
    files.into_iter().filter(is_source).chain(below).collect()
}

/// The codes of errors that the rendered Envoy makes.
fn codes_of_envoy() -> BTreeSet<String> {
    let policy = root().join("envoy/policy.yaml");
    let part = ["--wasm", "none", "--part", "filters", "--format", "json"];
    let run = multihome(&[&["render", "envoy", policy.to_str().unwrap()], &part[..]].concat());
    let rendered: Value = serde_json::from_str(&run.out).unwrap();
    let mappers = rendered["local_reply_config"]["mappers"].as_array().unwrap();
    let code = |mapper: &Value| {
        mapper.pointer("/body_format_override/json_format/error/code").and_then(Value::as_str).map(str::to_owned)
    };
    mappers.iter().filter_map(code).collect()
}

/// Every code of an error stands in the tables of what a client gets and of what an operator does about it; and none that is
/// no more.
#[test]
fn it_leaves_no_error_out() {
    let (module, envoy) = (codes_of_the_module(), codes_of_envoy());
    assert!(module.len() > 25 && envoy.len() > 12, "{module:?} {envoy:?}");
    let known: BTreeSet<&str> = module.iter().chain(&envoy).map(String::as_str).collect();
    for (page, heading) in [("docs/operate.md", "Error codes"), ("docs/api.md", "Errors")] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let section = text.split("\n## ").find(|section| section.lines().next() == Some(heading)).unwrap();
        let told = told(section);
        let untold: Vec<_> = known.iter().filter(|code| !told.contains(*code)).collect();
        assert!(untold.is_empty(), "the tables under `{heading}` in {page} say nothing of {untold:?}");
    }
    let page = std::fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Error codes\n")).unwrap();
    let firsts = section.lines().filter(|line| line.starts_with("| `")).filter_map(|row| row.split('|').nth(1));
    let gone: Vec<&str> =
        firsts.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|code| !known.contains(code)).collect();
    assert!(gone.is_empty(), "docs/operate.md explains {gone:?}, which nothing says");
}
