//! An explanation for people: a table of the targets, and what becomes of the request.

use std::fmt::Write;

use super::listener::Entrance;
use super::told::{Denial, HeldTo, Origin, Row, Told};
use crate::finding::counted;

/// All of it.
pub(super) fn of(told: &Told, denied: Option<&Denial>, entrance: Option<&Entrance>) -> String {
    let mut out = entrance.map(Entrance::text).unwrap_or_default();
    if !told.api.is_empty() {
        out.push_str(&table(told));
    }
    if let Some(Denial { error, help }) = denied {
        let code = error.code.as_deref().unwrap_or("no code");
        let _ = writeln!(out, "denied: {} {code}: {}", error.status, error.message);
        if let Some(help) = help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

fn table(told: &Told) -> String {
    let uses = if told.uses.is_empty() { String::new() } else { format!(", uses {}", told.uses.join(", ")) };
    let most = told.max_attempts;
    let attempts = if most == 1 { "attempt" } else { "attempts" };
    let state = if told.one_account { "; 1 here, since one account keeps what it names" } else { "" };
    // Who names a tenant by a header has just written it.
    let mut out = match told.named_by.as_str() {
        "header" => String::new(),
        by => format!("tenant {}, by {by}\n", told.tenant),
    };
    let api = [told.api, told.operation.unwrap_or_default()].join(" ");
    let api = api.trim_end();
    let _ = match told.model.as_str() {
        "" => writeln!(out, "a response by its id, {api}{uses}"),
        model => writeln!(out, "model {model}, {api}{uses}"),
    };
    let _ = writeln!(out, "order {}: {}; at most {most} {attempts}{state}", told.order, told.by);
    if let Some(Origin { account, held }) = &told.origin {
        let held = match held {
            HeldTo::Only => "no other account can read what the request brings back",
            HeldTo::First => "other accounts get the request without its reasoning",
            HeldTo::Preferred => "of targets that are equal, its come first",
        };
        let _ = writeln!(out, "origin {account}: {held}");
    }
    let rows: Vec<[String; 5]> = told.targets.iter().map(|row| cells(row, told)).collect();
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for [rank, name, place, id, outcome] in &rows {
        let _ = writeln!(
            out,
            "  {rank:>2}  {name:<name_width$}  {place:<place_width$}  {id:<id_width$}  {outcome}",
            name_width = widest(1),
            place_width = widest(2),
            id_width = widest(3),
        );
    }
    if let Some(wait) = &told.wait {
        let what = if wait.streamed { "a stream" } else { "a whole response" };
        let (most, each) = (shown(wait.most_ms), shown(wait.each_ms));
        let targets = counted(wait.targets, "target");
        let _ = writeln!(out, "wait  at most {most} for {what} to begin: {targets}, {each} for each");
    }
    out
}

/// A time as the policy file has it.
fn shown(milliseconds: u64) -> String {
    match (milliseconds / 1000, milliseconds % 1000) {
        (0, milliseconds) => format!("{milliseconds}ms"),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, milliseconds) => format!("{seconds}.{milliseconds:03}s"),
    }
}

fn cells(row: &Row, told: &Told) -> [String; 5] {
    let outcome = match (&row.refused, row.rank) {
        (Some(reason), _) => format!("refused: {reason}"),
        (None, None) => format!("{}fits, but comes after the last attempt", merits(row, told)),
        (None, Some(_)) => {
            let form = row.form.filter(|_| row.translated).map(|form| format!("as {form}  ")).unwrap_or_default();
            let without = match row.left_out.as_slice() {
                [] => String::new(),
                names => format!("without {}  ", names.join(", ")),
            };
            format!("{}{form}{without}{}", merits(row, told), row.url.as_deref().unwrap_or_default())
        }
    };
    let place = [row.cloud, &row.region, &row.residency].join("/").replace("//", "/");
    let rank = row.rank.map_or("-".to_owned(), |rank| rank.to_string());
    [rank, row.endpoint.clone(), place, row.id.clone(), outcome]
}

/// What the ranking went by.
fn merits(row: &Row, told: &Told) -> String {
    match (row.weight, row.share, row.cost) {
        (Some(weight), Some(share), _) => format!("weight {weight}, first for {:.1} %  ", share * 100.0),
        (_, _, Some(cost)) => format!("${cost:.6}  "),
        _ if told.order == "cheapest" => "no price  ".to_owned(),
        _ => String::new(),
    }
}
