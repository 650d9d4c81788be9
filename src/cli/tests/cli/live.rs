//! `multihome render envoy --out`: what is written into the folder, and what is left as it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::render::LISTENERS;
use crate::run::{EVERYTHING, Run, multihome_with};

/// A folder of this test's own, with a module in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("m.wasm"), "one").unwrap();
    folder
}

fn render(folder: &Path, policy: &str) -> Run {
    let (wasm, out) = (folder.join("m.wasm"), folder.join("out"));
    let words = ["render", "envoy", "-", "--wasm", wasm.to_str().unwrap(), "--out", out.to_str().unwrap()];
    multihome_with(&[&words, &LISTENERS[..]].concat(), policy)
}

fn state(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out/state.json")).unwrap()).unwrap()
}

fn live(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder.join("out/live")).unwrap().map(|file| file.unwrap().path());
    let mut texts: Vec<_> =
        files.map(|file| (file.display().to_string(), fs::read_to_string(&file).unwrap())).collect();
    texts.sort();
    texts
}

#[test]
fn the_first_is_served_and_what_follows_is_staged() {
    let folder = folder("staged");
    let first = render(&folder, EVERYTHING);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out.contains("start Envoy with: envoy -c "), "{}", first.out);
    let before = live(&folder);
    let names = ["clusters.yaml", "edge-a.yaml", "edge-b.yaml", "listeners.yaml", "runtime.yaml"];
    assert!(names.iter().all(|name| before.iter().any(|(file, _)| file.ends_with(name))), "{before:?}");
    // A version of digits and an `e` has quotes in YAML, others have none.
    let version = format!("version_info: {}", first.out.lines().next().unwrap());
    assert!(before.iter().all(|(_, text)| text.replace("version_info: \"", "version_info: ").contains(&version)));
    assert!(!fs::read_to_string(folder.join("out/bootstrap.yaml")).unwrap().contains("tenants"), "it stays");

    // The same once more is nothing new; another one waits for `apply`.
    assert!(render(&folder, EVERYTHING).out.ends_with("it is what Envoy has: nothing to apply\n"));
    let second = render(&folder, &EVERYTHING.replace("connect: 1500ms", "connect: 1600ms"));
    assert!(
        second.out.contains("new cluster `multihome-v2-plain`")
            && second.out.contains("no more cluster `multihome-v1-plain`")
    );
    assert!(second.out.contains("give it to Envoy with: multihome apply "), "{}", second.out);
    assert_eq!(live(&folder), before);
    assert_eq!(state(&folder)["next"], second.out.lines().next().unwrap());

    // With faults nothing is written at all.
    let faulty = render(&folder, &EVERYTHING.replace("cloud: azure", "cloud: azur"));
    assert_eq!(faulty.code, 1);
    assert_eq!(state(&folder)["next"], second.out.lines().next().unwrap());
}

/// What is changed, whether clusters get other names, and the VM another id.
#[test]
fn what_differs_has_another_name_and_what_does_not_keeps_it() {
    for (row, (from, to, module, clusters, vm)) in [
        // Who may use what is no cluster's business.
        ("max_attempts: 4}", "max_attempts: 3}", "one", true, true),
        ("connect: 1500ms", "connect: 1600ms", "one", false, true),
        ("", "", "two", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = folder(&format!("names-{row}"));
        let first = render(&folder, EVERYTHING);
        fs::write(folder.join("m.wasm"), module).unwrap();
        let second = render(&folder, &EVERYTHING.replacen(from, to, 1));
        assert_eq!((first.code, second.code), (0, 0), "{from}");
        let release = |run: &Run| -> Value {
            let name = format!("out/releases/{}.json", run.out.lines().next().unwrap());
            serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
        };
        let (first, second) = (release(&first), release(&second));
        assert_eq!(first["generation"] == second["generation"], clusters, "{from}");
        assert_eq!(first["vm"] == second["vm"], vm, "{from}");
        if !clusters {
            assert_ne!(first["slot"], second["slot"], "{from}");
        }
    }
}

#[test]
fn apply_says_what_is_missing() {
    let folder = folder("apply");
    let out = folder.join("out");
    let apply = |more: &[&str]| multihome_with(&[&["apply", out.to_str().unwrap()], more].concat(), "");
    assert!(apply(&[]).err.contains("`multihome render envoy POLICY --out DIR` makes it"));
    let first = render(&folder, EVERYTHING);
    assert!(apply(&[]).out.ends_with("serves: nothing to apply\n"));
    assert!(apply(&["--back"]).err.contains("there is no release to go back to"));
    let second = render(&folder, &EVERYTHING.replace("connect: 1500ms", "connect: 1600ms"));
    let unreachable = apply(&["--admin", "http://127.0.0.1:1"]);
    assert_eq!(unreachable.code, 1);
    assert!(unreachable.err.contains("no Envoy can be reached at 127.0.0.1:1"), "{}", unreachable.err);
    let version = |run: &Run| run.out.lines().next().unwrap().to_owned();
    // For an Envoy that does not run, and back.
    assert_eq!(apply(&["--offline"]).out, format!("{} serves\n", version(&second)));
    assert!(live(&folder).iter().all(|(_, text)| text.contains(&version(&second))));
    assert_eq!(apply(&["--offline", "--back"]).out, format!("{} serves\n", version(&first)));
    assert_eq!(state(&folder)["live"], version(&first).as_str());
}
