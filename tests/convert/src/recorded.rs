//! Recorded traffic of real clouds, translated to the other API: texts, calls, usage and the finish stay what they were.

mod shows;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use multihome_core::convert::Asked;
use serde_json::Value;

use super::{Outcome, translate};
use shows::Shows;

/// What came of all exchanges of a folder.
#[derive(Debug, Default)]
pub struct Report {
    /// Responses that stayed what they were.
    pub same: usize,
    /// Requests that were translated.
    pub requests: usize,
    /// Requests that cannot be, with what of them cannot.
    pub untranslatable: Vec<String>,
    /// Responses that did not, with what differs.
    pub different: Vec<String>,
}

/// Translates the exchanges of a folder and of those in it.
///
/// # Errors
/// A file cannot be read.
pub fn report(folder: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for path in files(folder)? {
        let exchange: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let asked_path = exchange.pointer("/request/path").and_then(Value::as_str).unwrap_or_default();
        let asked_path = asked_path.split('?').next().unwrap_or_default();
        if asked_path.ends_with("/chat/completions") {
            request("responses", &exchange, &name, &mut report);
            response("chat", &exchange, &name, &mut report);
        } else if asked_path.ends_with("/responses") {
            request("chat", &exchange, &name, &mut report);
            response("responses", &exchange, &name, &mut report);
        }
    }
    Ok(report)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn request(towards: &str, exchange: &Value, name: &str, report: &mut Report) {
    let Some(body) = exchange.pointer("/request/body").filter(|body| body.is_object()) else { return };
    let direction = format!("{towards}/request");
    let Some(outcome) = translate(&direction, body.to_string().as_bytes(), Asked::default(), 1) else { return };
    match outcome.cannot.is_empty() {
        true => report.requests += 1,
        false => report.untranslatable.push(format!("{name}: {}", outcome.cannot.join(", "))),
    }
}

fn response(from: &str, exchange: &Value, name: &str, report: &mut Report) {
    if exchange.pointer("/response/status").and_then(Value::as_u64) != Some(200) {
        return;
    }
    let asked = Asked { stream: true, include_usage: true, ..Asked::default() };
    let (original, outcome) = if let Some(text) = exchange.pointer("/response/body_text").and_then(Value::as_str) {
        let outcome = translate(&format!("{from}/events"), text.as_bytes(), asked, 100);
        let original = stream(text);
        (original, outcome.map(|outcome| (stream(&String::from_utf8_lossy(&outcome.out)), outcome)))
    } else if let Some(body) = exchange.pointer("/response/body") {
        let outcome = translate(&format!("{from}/reply"), body.to_string().as_bytes(), asked, 1);
        let made = |outcome: &Outcome| serde_json::from_slice(&outcome.out).ok();
        (whole(body), outcome.map(|outcome| (made(&outcome).as_ref().and_then(whole), outcome)))
    } else {
        return;
    };
    let Some((translated, Outcome { failed, .. })) = outcome else { return };
    // A response that is not over is none that a chat client could get.
    let Some(original) = original else {
        if failed.is_none() {
            report.different.push(format!("{name}: it was not over, and was translated"));
        }
        return;
    };
    let translated = translated.map(Shows::with_bare_ids);
    if translated.as_ref() == Some(&original) {
        report.same += 1;
    } else {
        report.different.push(format!("{name}: {original:?} became {translated:?}"));
    }
}

/// What is shown by a whole response of either API.
fn whole(body: &Value) -> Option<Shows> {
    if body.get("output").is_some() { Shows::of_response(body) } else { Shows::of_completion(body) }
}

/// What is shown by a stream of either API.
fn stream(text: &str) -> Option<Shows> {
    Shows::of_events(text).or_else(|| Shows::of_chunks(text))
}
