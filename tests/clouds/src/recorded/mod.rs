//! Holds the emulated answers against recorded traffic of the real clouds: the recorded request goes to the
//! emulated cloud through its TLS port, and status, headers, types of all fields and order of all events are
//! compared. The recordings are read where they lie; nothing of them is kept here.

mod allowed;
mod common;
mod exchange;
mod lacking;
mod report;
mod shape;
mod sse;
mod steer;

use crate::args::Recorded;
use crate::client::{Client, Failure, Outgoing};
use crate::serve;
use crate::surface::Surface;
use allowed::Allowed;
use exchange::Exchange;
use report::{Report, Verdict};
use std::path::Path;
use std::process::ExitCode;

/// The command `recorded`.
///
/// # Errors
/// When the recordings cannot be read or the clouds cannot be started.
pub async fn run(options: Recorded) -> Result<ExitCode, Failure> {
    let report = hold(&options.dir).await?;
    print!("{report}");
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Holds emulated answers against every exchange that is recorded in `recordings`.
pub(crate) async fn hold(recordings: &Path) -> Result<Report, Failure> {
    let exchanges = exchange::read(recordings)?;
    let dir = std::env::temp_dir().join(format!("multihome-clouds-{}", crate::credentials::random_hex(12)));
    let models = exchanges.iter().map(Exchange::model).collect();
    let running = serve::start(&dir, models).await?;
    std::fs::remove_dir_all(&dir)?;
    let client = Client::new(&running)?;
    let allowed = Allowed::new(&exchanges);
    let mut report = Report::lacking(lacking::parts(recordings, &exchanges));
    for exchange in &exchanges {
        let verdict = match exchange.skipped() {
            Some(why) => Verdict::Skipped(why),
            None => Verdict::of(compare(&client, exchange, &allowed).await?),
        };
        report.add(exchange, verdict);
    }
    Ok(report)
}

/// Every difference between what a cloud answered and what is answered here.
async fn compare(client: &Client, exchange: &Exchange, allowed: &Allowed) -> Result<Vec<String>, Failure> {
    client.admin("POST", "/answers", &steer::of(exchange)).await?;
    let request = Outgoing::post(exchange.surface, &exchange.host, &exchange.target, &exchange.request);
    let request = match exchange.surface {
        Surface::Azure => request.with("api-key", client.credential("azure_api_key")?),
        Surface::OpenAi => request.with("authorization", format!("Bearer {}", client.credential("openai_api_key")?)),
        _ => client.signed(request)?,
    };
    let answer = client.send(&request).await?;
    let mut differences = Vec::new();
    if answer.cut {
        differences.push("the emulated answer was cut off".into());
    }
    if answer.status != exchange.status {
        let text = String::from_utf8_lossy(&answer.body);
        differences.push(format!("status: recorded {}, emulated {} {text}", exchange.status, answer.status));
        return Ok(differences);
    }
    for (name, value) in exchange.headers_that_matter() {
        match answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())) {
            None => differences.push(format!("header {name}: missing")),
            // Request ids differ in value by nature.
            Some(got) if name != "apim-request-id" && got != value => {
                differences.push(format!("header {name}: recorded `{value}`, emulated `{got}`"));
            }
            Some(_) => {}
        }
    }
    let found = match &exchange.stream {
        Some(stream) => {
            let (recorded, mut emulated) = (sse::parse(stream), sse::parse(&String::from_utf8_lossy(&answer.body)));
            if exchange.is_openai() {
                emulated = sse::without_filters(emulated);
            }
            if exchange.hosted().is_some() {
                sse::compare(&sse::common(recorded), &sse::common(emulated))
            } else {
                sse::compare(&recorded, &emulated)
            }
        }
        None => {
            let emulated = serde_json::from_slice(&answer.body)?;
            if exchange.hosted().is_some() {
                shape::compare(&common::of(&exchange.body), &common::of(&emulated))
            } else {
                shape::compare(&exchange.body, &emulated)
            }
        }
    };
    differences.extend(found.into_iter().filter(|found| !allowed.has(exchange, found)).map(|found| found.to_string()));
    Ok(differences)
}
