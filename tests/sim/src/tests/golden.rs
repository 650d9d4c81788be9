//! Golden cases: what each attempt sends and what the client receives, byte by byte. `../cases/README.md`
//! says how a case is written; `UPDATE=1` writes what is expected.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{NOW, cases, check, policy};
use crate::beside::Chain;
use crate::exchange::play;
use crate::headers::Headers;
use crate::host;
use crate::message::{Written, write};
use crate::script::{Answer, End, Outcome, Played, Seen, Turn};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

/// The token that the metadata server gives, unless a case says that it gives none.
const TOKEN: &str = "ya29.token-of-the-metadata-server";

#[derive(Debug)]
struct Case {
    folder: PathBuf,
    policy: Value,
    request: Written,
    answers: Vec<Written>,
    expected: BTreeMap<String, Vec<u8>>,
}

#[test]
fn chat_completions() {
    run("openai.chat");
}

#[test]
fn responses() {
    run("openai.responses");
}

#[test]
fn models() {
    run("openai.models");
}

/// Every folder that holds cases is run by a test above.
#[test]
fn no_case_is_left_out() {
    assert_eq!(folders(&cases()).len(), 3);
}

fn run(form: &str) {
    let folders = folders(&cases().join(form));
    assert!(!folders.is_empty(), "no cases");
    let update = std::env::var_os("UPDATE").is_some();
    let mut failed = String::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = Case::read(folder).unwrap_or_else(|what| panic!("{name}: {what}"));
        let wrong = case.run(update);
        if !wrong.is_empty() {
            writeln!(failed, "== {form}/{name}\n{wrong}").unwrap();
        }
    }
    println!("{form}: {} cases", folders.len());
    assert!(failed.is_empty(), "\n{failed}");
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

impl Case {
    fn read(folder: &Path) -> Result<Case, String> {
        let mut case = Case {
            folder: folder.to_owned(),
            policy: policy(),
            request: Written::default(),
            answers: Vec::new(),
            expected: BTreeMap::new(),
        };
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names {
            let bytes = fs::read(folder.join(&name)).unwrap();
            let parse = || Written::parse(&bytes).map_err(|what| format!("{name}: {what}"));
            match name.as_str() {
                "policy.json" => case.policy = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?,
                "request.http" => case.request = parse()?,
                _ if name.ends_with(".answer.http") => case.answers.push(parse()?),
                _ => drop(case.expected.insert(name, bytes)),
            }
        }
        let message = &mut case.request.message;
        let length = case.request.marks.iter().all(|(mark, _)| mark != "no-length");
        if length && !message.chunks.is_empty() && message.headers.get("transfer-encoding").is_none() {
            message.headers.add_if_absent("content-length", &message.chunks.concat().len().to_string());
        }
        case.request.message.headers.add_if_absent("x-forwarded-for", "192.0.2.7");
        case.request.message.headers.add_if_absent("x-forwarded-proto", "http");
        case.request.message.headers.add_if_absent("x-request-id", "6f4c9a52-0f3e-4e0b-9d0a-3c1f2b7d8e90");
        Ok(case)
    }

    /// Plays the case with Envoy's own filters beside the attempts and without; what differs from what is expected.
    fn run(&self, update: bool) -> String {
        if update {
            self.expected.keys().for_each(|name| fs::remove_file(self.folder.join(name)).unwrap());
            let (played, _) = self.play(Chain::Rendered);
            self.files(&played).iter().for_each(|(name, bytes)| fs::write(self.folder.join(name), bytes).unwrap());
            return self.judge(Chain::Rendered, &self.files(&played));
        }
        [Chain::Rendered, Chain::Bare].iter().map(|chain| self.judge(*chain, &self.expected)).collect()
    }

    fn play(&self, chain: Chain) -> (Played, Vec<String>) {
        let (request, answers) = (self.request.clone(), self.answers.clone());
        let worker = Worker::start(&Shared::default(), &self.policy).unwrap();
        worker.run(move |vm| play_case(vm, chain, &request, &answers)).expect("the worker panicked")
    }

    fn judge(&self, chain: Chain, expected: &BTreeMap<String, Vec<u8>>) -> String {
        let (played, refused) = self.play(chain);
        let mut wrong = String::new();
        for what in check::check(&played, TOKEN) {
            writeln!(wrong, "{chain:?}: {what}").unwrap();
        }
        for what in refused {
            writeln!(wrong, "{chain:?}: a host call in vain: {what}").unwrap();
        }
        if played.sent.len() != self.answers.len() {
            writeln!(wrong, "{chain:?}: {} attempts, {} answers", played.sent.len(), self.answers.len()).unwrap();
        }
        let found = self.files(&played);
        let names: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
        for name in names {
            let shown = |files: &BTreeMap<String, Vec<u8>>| match files.get(name) {
                Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                None => "(nothing)\n".to_owned(),
            };
            if found.get(name) != expected.get(name) {
                let (expected, found) = (shown(expected), shown(&found));
                writeln!(wrong, "-- {chain:?}, {name}, expected:\n{expected}-- found:\n{found}").unwrap();
            }
        }
        wrong
    }

    fn files(&self, played: &Played) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for (number, sent) in (1..).zip(&played.sent) {
            let cloud = self.policy["endpoints"][&sent.endpoint]["cloud"].as_str().unwrap_or("unknown");
            let marks: &[&str] = if sent.message.whole { &[] } else { &["unfinished"] };
            files.insert(format!("{number}.{cloud}.http"), written(marks, &sent.message));
        }
        let marks: &[&str] = match played.end {
            End::Answered => &[],
            End::Cut => &["cut"],
            End::Abandoned => &["abandoned"],
            End::Hung => &["hung"],
        };
        files.insert("client.http".to_owned(), written(marks, &played.received));
        files
    }
}

/// Of a longer body only the beginning is written, and how long it is.
const MOST_WRITTEN: usize = 4096;

fn written(marks: &[&str], seen: &Seen) -> Vec<u8> {
    // The order of headers means nothing.
    let headers = seen.headers.clone().unwrap_or_default().sorted();
    let trailers = seen.trailers.clone().filter(|trailers| !trailers.is_empty()).map(Headers::sorted);
    let length = format!("length {}", seen.body.len());
    let (shown, more) = match seen.body.get(..MOST_WRITTEN) {
        Some(_) => (&seen.body[..64], Some(length.as_str())),
        None => (&seen.body[..], None),
    };
    let marks: Vec<&str> = marks.iter().copied().chain(more).collect();
    write(&marks, &headers, shown, trailers.as_ref())
}

/// What came of it, and the host calls that Envoy would have refused.
fn play_case(vm: &Vm, chain: Chain, request: &Written, answers: &[Written]) -> (Played, Vec<String>) {
    host::with(|host| host.now = NOW);
    if !request.has("no-token") {
        vm.fetch_token(TOKEN, 3600);
    }
    let played = play(vm, chain, &request.message, request.number("patience"), &mut |turn: &Turn<'_>| {
        // An attempt too many shows in the number of attempts.
        let Some(written) = answers.get(turn.number - 1) else { return Answer::of(Outcome::Lost) };
        let outcome = if written.has("lost") {
            Outcome::Lost
        } else if written.has("timed-out") {
            Outcome::TimedOut
        } else {
            Outcome::Answered(written.message.clone(), written.number("cut"))
        };
        let after = written.number("after").unwrap_or(usize::MAX);
        Answer { after, may_retry: !written.has("no-retry"), ..Answer::of(outcome) }
    });
    (played, host::with(|host| std::mem::take(&mut host.refused)))
}
