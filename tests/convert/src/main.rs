//! `multihome-convert`: translates what it reads, for tests in other languages. A line of the standard input is an object:
//! `direction` (`responses/request`), `body` (an object or a text), `include_usage`, `piece` (bytes of a stream at once). A
//! line of the standard output is what came of it: `out` (a text), `cannot`, `left_out`, `failed`, `usage`.
//!
//! `multihome-convert recorded DIR` holds what comes of recorded responses against what they were.

use std::io::{BufRead, Result, Write, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use multihome_convert::{Outcome, recorded, translate};
use multihome_core::convert::Asked;
use serde_json::{Value, json};

fn main() -> Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["recorded", folder] => hold_against(Path::new(folder)),
        _ => translate_lines().map(|()| ExitCode::SUCCESS),
    }
}

fn hold_against(folder: &Path) -> Result<ExitCode> {
    let report = recorded::report(folder)?;
    let mut out = stdout().lock();
    for line in &report.untranslatable {
        writeln!(out, "untranslatable  {line}")?;
    }
    for line in &report.different {
        writeln!(out, "DIFFERENT       {line}")?;
    }
    let (same, different) = (report.same, report.different.len());
    let (requests, not) = (report.requests, report.untranslatable.len());
    writeln!(out, "translated: {same} responses the same, {different} different; {requests} requests, {not} not")?;
    Ok(if different == 0 && same > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn translate_lines() -> Result<()> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let direction = line.get("direction").and_then(Value::as_str).unwrap_or_default();
        let body = match line.get("body") {
            Some(Value::String(text)) => text.clone(),
            Some(body) => body.to_string(),
            None => String::new(),
        };
        let is = |name| line.get(name).and_then(Value::as_bool).unwrap_or_default();
        let piece = line.get("piece").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let mut asked = Asked { stream: is("stream"), include_usage: is("include_usage"), ..Asked::default() };
        if let Some(echo) = line.get("echo").and_then(Value::as_str) {
            asked.echo = echo.as_bytes().to_vec();
        }
        let piece = usize::try_from(piece).unwrap_or(usize::MAX);
        let outcome = translate(direction, body.as_bytes(), asked, piece);
        writeln!(out, "{}", outcome.map_or(json!({"unknown": direction}), |outcome| shown(&outcome)))?;
        out.flush()?;
    }
    Ok(())
}

fn shown(outcome: &Outcome) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    json!({
        "out": text(&outcome.out),
        "asked": {
            "stream": outcome.asked.stream,
            "include_usage": outcome.asked.include_usage,
            "echo": text(&outcome.asked.echo),
        },
        "cannot": outcome.cannot,
        "left_out": outcome.left_out,
        "failed": outcome.failed.as_deref().map(text),
        "usage": outcome.usage.map(|usage| json!({
            "input": usage.input, "cached": usage.cached, "output": usage.output, "reasoning": usage.reasoning,
        })),
    })
}
