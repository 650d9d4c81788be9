//! `multihome key`, the file of keys, and what `check`, `explain` and `render` make of keys.

use std::path::{Path, PathBuf};

use regex_lite::Regex;
use serde_json::Value;

use crate::run::{multihome, multihome_with};

const POLICY: &str = r#"endpoints:
  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: key}}}
models:
  m: [{endpoint: az, id: dep, form: openai.chat}]
tenants:
  acme: {clouds: [azure], residency: [us], models: [m], keys: [OWN]}
  globex: {clouds: [azure], residency: [us], models: [m]}
identity:
  - keys: {file: more/keys.yaml}
"#;

/// A key, and its line for a file.
fn new(arguments: &[&str]) -> (String, String) {
    let run = multihome(&[&["key", "new"], arguments].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let key = run.out.lines().next().unwrap().to_owned();
    let line = run.out.lines().last().unwrap().strip_prefix("- ").unwrap().to_owned();
    (key, line)
}

/// A folder with a policy, whose file of keys lies in a folder below.
fn files(name: &str, own: &str, keys: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("key-{name}"));
    std::fs::create_dir_all(folder.join("more")).unwrap();
    std::fs::write(folder.join("policy.yaml"), POLICY.replace("OWN", own)).unwrap();
    std::fs::write(folder.join("more/keys.yaml"), keys).unwrap();
    folder
}

fn policy_of(folder: &Path) -> String {
    folder.join("policy.yaml").display().to_string()
}

#[test]
fn a_new_key_is_found_by_scanners_and_is_another_one_each_time() {
    let shape = Regex::new("^mh-[0-9A-Za-z]{49}$").unwrap();
    let made: Vec<String> = (0..3).map(|_| new(&["acme"]).0).collect();
    assert!(made.iter().all(|key| shape.is_match(key)) && made[0] != made[1] && made[1] != made[2]);
    let json = multihome(&["key", "new", "acme", "--name", "ci", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["tenant"], &json["entry"]["name"]), (&"acme".into(), &"ci".into()));
    for wrong in [
        &["a b"][..],
        &["acme", "--name", "the ci job"],
        &["acme", "--expires", "tomorrow"],
        &["acme", "--expires", "2020-01-01T00:00:00Z"],
    ] {
        assert_eq!(multihome(&[&["key", "new"], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_key_is_read_from_the_standard_input_alone_and_never_printed() {
    let (key, line) = new(&["acme", "--name", "ci", "--expires", "2099-01-31T00:00:00Z"]);
    let (in_file, line_in_file) = new(&["globex"]);
    let folder = files("whose", &line, &format!("tenants:\n  globex:\n    - {line_in_file}\n"));
    let policy = policy_of(&folder);
    let mut swapped = key.clone().into_bytes();
    let other = swapped.iter().skip(10).position(|byte| *byte != swapped[10]).unwrap() + 10;
    swapped.swap(10, other);
    let swapped = String::from_utf8(swapped).unwrap();
    let (nobodys, _) = new(&["acme"]);
    for (input, code, said) in [
        (&key, 0, "tenant acme, key ci (tenants.acme.keys[0] of "),
        (&format!("  {key}\n\n"), 0, "tenant acme, key ci"),
        (&in_file, 0, "tenant globex (tenants.globex[0] of "),
        (&nobodys, 1, "nobody's: a whole key of Multihome's, and no tenant has it"),
        (&"sk-proj-1".to_owned(), 1, "nobody's: no key of Multihome's making"),
        (&swapped, 1, "its check digits do not fit"),
        (&String::new(), 2, "there is no key"),
    ] {
        let run = multihome_with(&["key", "check", "--policy", &policy], input);
        let told = run.out + &run.err;
        assert_eq!(run.code, code, "{told}");
        assert!(told.contains(said), "{told}");
        assert!(input.is_empty() || !told.contains(input.trim()), "the key is printed");
    }
    assert!(multihome_with(&["key", "check"], &nobodys).out.starts_with("a whole key of Multihome's; sha256 "));
    // What no argument can be.
    assert_eq!(multihome(&["key", "check", &key]).code, 2);

    let explain = |header: &str| multihome(&["explain", &policy, "--model", "m", "--header", header]);
    let run = explain(&format!("authorization: Bearer {key}"));
    assert!(run.code == 0 && run.out.starts_with("tenant acme, by key:ci\nmodel m, chat\n"), "{}", run.out);
    let run = explain(&format!("api-key: {in_file}"));
    assert!(run.code == 0 && run.out.starts_with("tenant globex, by key\n"), "{}", run.out);
    let run = explain("authorization: Bearer nobody's");
    assert!(
        run.code == 1 && run.out.contains("denied: 401 invalid_api_key: No tenant of this endpoint has this API key.")
    );
    assert!(multihome(&["explain", &policy, "--model", "m"]).out.contains("--header 'authorization: Bearer KEY'"));
    let matrix = multihome(&["explain", &policy, "--matrix", "--listener", "default"]).out;
    assert!(matrix.contains("an API key names the tenant") && matrix.contains("globex  m      az"), "{matrix}");

    let args = ["--wasm", "w", "--listen", "0.0.0.0:8080", "--admin", "127.0.0.1:9901"];
    let run = multihome(&[&["render", "envoy", &policy], &args[..]].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "who has a key names a tenant there");
    let digest = line_in_file.split('"').nth(1).unwrap();
    assert!(
        run.out.contains(digest) && [key, in_file].iter().all(|key| !run.out.contains(key.trim_start_matches("mh-")))
    );
    assert!(!run.out.contains("remove: x-tenant-id"), "no header is a source, so there is none to remove");
}

#[test]
fn faults_of_a_file_of_keys_have_its_name_and_its_lines() {
    let (_, line) = new(&["acme"]);
    let folder = files("faults", &line, &format!("tenants:\n  globex:\n    - {line}\n    - {{sha: x}}\n  acmee: []\n"));
    let run = multihome(&["check", &policy_of(&folder)]);
    assert_eq!(run.code, 1);
    let keys = folder.join("more/keys.yaml").display().to_string();
    for said in [
        format!("{keys}:3:8: tenants.globex[0].sha256: is the key that tenants.acme.keys[0] of the policy is\n"),
        format!("{keys}:4:7: tenants.globex[1]: missing field `sha256`\n"),
        format!("{keys}:5:3: tenants.acmee: `tenants` of the policy has no `acmee`\n"),
    ] {
        assert!(run.err.contains(&said), "{said}\n{}", run.err);
    }
    std::fs::remove_file(&keys).unwrap();
    let run = multihome(&["check", &policy_of(&folder)]);
    assert!(run.code == 1 && run.err.starts_with(&format!("{keys}: cannot be read: ")), "{}", run.err);
    assert!(run.err.ends_with(": 1 fault\n"), "{}", run.err);
    let run = multihome(&["check", &policy_of(&folder), "--format", "json"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["policies"][0]["faults"][0]["file"], keys.as_str());
}

#[test]
fn warns_of_keys_that_have_ended_and_of_tenants_whom_nobody_can_be() {
    let ended = |digit: &str| format!("{{sha256: \"{}\", expires: 2020-01-01T00:00:00Z}}", digit.repeat(64));
    let folder = files("warned", &ended("a"), &format!("tenants:\n  acme:\n    - {}\n", ended("b")));
    let policy = policy_of(&folder);
    let run = multihome(&["check", &policy]);
    let keys = folder.join("more/keys.yaml").display().to_string();
    assert_eq!(run.code, 0);
    for said in [
        format!("{policy}:6:64: warning: tenants.acme.keys[0]: has expired: requests with it get 401\n"),
        format!("{keys}:3:7: warning: tenants.acme[0]: has expired: requests with it get 401\n"),
        format!(
            "{policy}:7:3: warning: tenants.globex: no request can be this tenant's: it has no key\n  help: `multihome key new globex` makes a key\n"
        ),
    ] {
        assert!(run.err.contains(&said), "{said}\n{}", run.err);
    }
}
