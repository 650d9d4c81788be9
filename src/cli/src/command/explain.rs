//! What would become of one request: decided by the same code that runs in Envoy, told target by target.

use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use multihome_core::api::feature::{Feature, Features};
use multihome_core::api::inbound::Inbound;
use multihome_core::config::{Awaited, Config, Order, Target};
use multihome_core::edge::{self, Weighed};
use multihome_core::name::Named;
use multihome_core::plan::{self, Candidate, Environment, Needs, Plan, Unfit, WeightedPicks};
use multihome_core::tenant::{Permit, Rule};

use crate::file::{self, counted};
use crate::outcome::Outcome;

#[derive(Debug, Args)]
#[command(after_long_help = "\
The request is taken to come from a peer that may name the tenant. Without --body it is the smallest one that names the model.
The exit code is 0 where it would be sent to a cloud, 1 where it would be denied or the policy has faults.

Examples:
    multihome explain policy.yaml --header 'x-tenant-id: acme' --model gpt-6.1-sol
    multihome explain policy.yaml --header 'x-tenant-id: acme' --header 'x-multihome-clouds: aws, gcp' --operation responses --body request.json")]
pub struct Explain {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// A header of the request; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// The model that is asked for
    #[arg(long, value_name = "NAME", required_unless_present_any = ["body", "path"], conflicts_with = "body")]
    model: Option<String>,
    /// The API that the client speaks
    #[arg(long, value_enum, default_value_t = Operation::Chat)]
    operation: Operation,
    /// The path that the client asks, where it is not that of the operation; it may name the model: /openai/deployments/MODEL/chat/completions
    #[arg(long, value_name = "PATH", conflicts_with = "operation")]
    path: Option<String>,
    /// The request's body, from a file: its size, features and limits count, and it names the model
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Decide as if HTTP/2 trailers followed the body
    #[arg(long)]
    trailers: bool,
    /// Decide as if there were no Google access token
    #[arg(long)]
    no_google_token: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Operation {
    /// POST /v1/chat/completions
    Chat,
    /// POST /v1/responses
    Responses,
}

impl Operation {
    fn path(self) -> &'static str {
        match self {
            Operation::Chat => "/v1/chat/completions",
            Operation::Responses => "/v1/responses",
        }
    }
}

/// A request, as far as it decides.
#[derive(Debug)]
struct Asked {
    /// Its headers; names in lower case.
    headers: Vec<(String, String)>,
    /// Its path.
    path: String,
    /// Its body.
    body: Vec<u8>,
    /// Whether trailers follow it.
    trailers: bool,
    /// Whether there is a Google access token.
    google_token: bool,
}

impl Explain {
    /// Explains what the policy makes of the request: exit code 0 where it would be sent, 1 where it would be denied.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let policy = file::read(&self.policy)?;
        let asked = self.asked()?;
        let config = Rc::new(policy.config);
        let inbound = inbound(&config, &asked);
        let google_token = || asked.google_token;
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &google_token };
        let mut out = String::new();
        let verdict = edge::explain(&config, &inbound, &asked.body, asked.trailers, &mut environment, |weighed| {
            out.push_str(&table(weighed));
        });
        match verdict {
            Ok(()) => Ok(Outcome::done(out)),
            Err(error) => {
                let code = error.code.as_deref().unwrap_or("no code");
                let _ = writeln!(out, "denied: {} {code}: {}", error.status, error.message);
                Err(Outcome { out, code: 1, ..Outcome::default() })
            }
        }
    }

    fn asked(self) -> Result<Asked, Outcome> {
        let body = match (&self.body, &self.model) {
            (Some(file), _) => std::fs::read(file)
                .map_err(|error| Outcome::usage(format!("error: cannot read {}: {error}\n", file.display())))?,
            (None, Some(model)) => serde_json::json!({"model": model}).to_string().into_bytes(),
            (None, None) => b"{}".to_vec(),
        };
        let path = self.path.unwrap_or_else(|| self.operation.path().to_owned());
        let (trailers, google_token) = (self.trailers, !self.no_google_token);
        Ok(Asked { headers: self.header, path, body, trailers, google_token })
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not a header; write `name: value`")),
    }
}

fn inbound<'a>(config: &Config, asked: &'a Asked) -> Inbound<'a> {
    let own: [(&[u8], &[u8]); 2] = [(b":method", b"POST"), (b":path", asked.path.as_bytes())];
    let given = || asked.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let content_type =
        given().all(|(name, _)| name != b"content-type").then_some((&b"content-type"[..], &b"application/json"[..]));
    Inbound::read(own.into_iter().chain(content_type).chain(given()), config.identity.headers())
}

/// Every target of the model with what becomes of it.
fn table(weighed: &Weighed<'_>) -> String {
    let Weighed { permit, needs, awaited, decision } = weighed;
    let mut rows: Vec<Row> = decision.candidates.iter().filter_map(|candidate| Row::of(candidate, weighed)).collect();
    rows.sort_by_key(|row| row.rank.unwrap_or(usize::MAX));

    let mut out = String::new();
    let _ = writeln!(out, "model {}, {}{}", permit.model(), needs.api.name(), uses(needs.features));
    let _ = writeln!(out, "order {}", order(permit, needs));
    for row in &rows {
        let rank = row.rank.map_or("-".to_owned(), |rank| (rank + 1).to_string());
        let widest = |cell: fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or_default();
        let _ = writeln!(
            out,
            "  {rank:>2}  {:<name$}  {:<place$}  {:<id$}  {}",
            row.name,
            row.place,
            row.id,
            row.outcome,
            name = widest(|row| row.name.len()),
            place = widest(|row| row.place.len()),
            id = widest(|row| row.id.len()),
        );
    }
    if let Ok(plan) = &decision.plan {
        let _ = writeln!(out, "wait  {}", wait(plan, *awaited));
    }
    out
}

/// The longest that the client may wait.
fn wait(plan: &Plan, awaited: Awaited) -> String {
    let (time, tries) = (plan.try_time(awaited), plan.tries());
    let what = match awaited {
        Awaited::Stream => "a stream",
        Awaited::Whole => "a whole response",
    };
    let all = time.saturating_mul(u32::try_from(tries).unwrap_or(u32::MAX));
    let targets = counted(tries, "target");
    format!("at most {} for {what} to begin: {targets}, {} for each", shown(all), shown(time))
}

/// A time as the policy file has it.
fn shown(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, milliseconds) => format!("{milliseconds}ms"),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, milliseconds) => format!("{seconds}.{milliseconds:03}s"),
    }
}

fn uses(features: Features) -> String {
    if features.is_empty() {
        return String::new();
    }
    format!(", uses {}", names(features))
}

fn names(features: Features) -> String {
    features.iter().map(Feature::name).collect::<Vec<_>>().join(", ")
}

fn order(permit: &Permit<'_>, needs: &Needs) -> String {
    let rule = match permit.order() {
        Order::Ordered => "ordered: by the tenant's clouds, then as the model lists its targets".to_owned(),
        Order::Weighted => "weighted: the first in proportion to the weights, the others by weight".to_owned(),
        Order::Cheapest => {
            let tokens = needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens);
            format!("cheapest: for {} bytes in and at most {tokens} tokens out", needs.bytes)
        }
    };
    let most = permit.max_attempts();
    let state = if needs.features.of_one_account() { "; 1 here, since one account keeps what it names" } else { "" };
    format!("{rule}; at most {most} attempt{}{state}", if most == 1 { "" } else { "s" })
}

struct Row {
    rank: Option<usize>,
    name: String,
    place: String,
    id: String,
    outcome: String,
}

impl Row {
    fn of(candidate: &Candidate<'_>, weighed: &Weighed<'_>) -> Option<Row> {
        let Weighed { permit, needs, decision, .. } = weighed;
        let target = candidate.target;
        let endpoint = permit.config().endpoint_of(target)?;
        let planned = |plan: &Plan| plan.iter().position(|stop| stop.index == candidate.index);
        let rank = decision.plan.as_ref().ok().and_then(planned);
        let outcome = match (candidate.fit, rank) {
            (Err(unfit), _) => {
                format!("refused: {}", reason(unfit, needs, endpoint.cloud.name(), &endpoint.residency))
            }
            (Ok(_), None) => "fits, but comes after the last attempt".to_owned(),
            (Ok(form), Some(_)) => {
                let path = target.address(form).map(|address| address.path.as_str()).unwrap_or_default();
                let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
                format!("{}{scheme}://{}{path}", merits(target, permit, needs), endpoint.host)
            }
        };
        Some(Row {
            rank,
            name: endpoint.name.clone(),
            place: [endpoint.cloud.name(), &endpoint.region, &endpoint.residency].join("/").replace("//", "/"),
            id: target.id.clone(),
            outcome,
        })
    }
}

/// What the ranking went by.
fn merits(target: &Target, permit: &Permit<'_>, needs: &Needs) -> String {
    match permit.order() {
        Order::Ordered => String::new(),
        Order::Weighted => format!("weight {}  ", target.weight),
        Order::Cheapest => {
            let tokens = needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens);
            match target.price {
                Some(price) => format!("${:.6}  ", plan::cost(price, needs.bytes, tokens)),
                None => "no price  ".to_owned(),
            }
        }
    }
}

fn reason(unfit: Unfit, needs: &Needs, cloud: &str, residency: &str) -> String {
    match unfit {
        Unfit::Form => format!("does not speak {}", needs.api.name()),
        Unfit::Policy(Rule::Clouds) => format!("policy's `clouds` does not hold `{cloud}`"),
        Unfit::Policy(Rule::Residency) => format!("policy's `residency` does not hold `{residency}`"),
        Unfit::Policy(Rule::Targets) => "policy's `targets` does not match it".to_owned(),
        Unfit::Policy(rule @ Rule::NarrowedClouds) => format!("the request's {} leaves out `{cloud}`", rule.name()),
        Unfit::Policy(rule @ Rule::NarrowedResidency) => {
            format!("the request's {} leaves out `{residency}`", rule.name())
        }
        Unfit::Denied(features) => format!("policy's `denies` holds {}", names(features)),
        Unfit::Lacks(features) => format!("lacks {}", names(features)),
        Unfit::NoCredential => "there is no Google access token".to_owned(),
    }
}
