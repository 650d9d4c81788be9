//! What would become of one request: decided by the same code that runs in Envoy, told target by target.

use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;

use clap::{Args, ValueEnum};
use multihome_core::api::body;
use multihome_core::api::error::ApiError;
use multihome_core::api::feature::{Feature, Features};
use multihome_core::api::inbound::Inbound;
use multihome_core::config::{Config, Order};
use multihome_core::edge::{self, Answer, Begin, Moment};
use multihome_core::plan::{self, Considered, Needs, Shares, Unfit};
use multihome_core::tenant::{Caller, Permit, Rule};
use multihome_core::{api::Api, name::Named};

use crate::file;
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
    #[arg(long, value_name = "NAME", required_unless_present = "body", conflicts_with = "body")]
    model: Option<String>,
    /// The API that the client speaks
    #[arg(long, value_enum, default_value_t = Operation::Chat)]
    operation: Operation,
    /// The request's body, from a file: its size, features and limits count, and it names the model
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
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

/// A request, as far as it decides.
#[derive(Debug)]
struct Asked {
    /// Its headers; names in lower case.
    headers: Vec<(String, String)>,
    /// The API that the client speaks.
    api: Api,
    /// Its body.
    body: Vec<u8>,
    /// Whether there is a Google access token.
    google_token: bool,
}

impl Explain {
    /// Explains what the policy makes of the request: exit code 0 where it would be sent, 1 where it would be denied.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let policy = file::read(&self.policy)?;
        let asked = self.asked()?;
        let config = Rc::new(policy.config);
        let mut out = String::new();
        let verdict = decide(&config, &asked);
        if let Some(table) = considered(&config, &asked) {
            out.push_str(&table);
        }
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
            (None, model) => serde_json::json!({"model": model}).to_string().into_bytes(),
        };
        let api = match self.operation {
            Operation::Chat => Api::Chat,
            Operation::Responses => Api::Responses,
        };
        Ok(Asked { headers: self.header, api, body, google_token: !self.no_google_token })
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

/// The edge's own verdict, by its own machine.
fn decide(config: &Rc<Config>, asked: &Asked) -> Result<(), ApiError> {
    let inbound = inbound(config, asked);
    let mut shares = Shares::default();
    match edge::begin(config, &inbound, Moment { shares: &mut shares, google_token: &|| asked.google_token }) {
        Begin::Answer(Answer::Denied(error)) => Err(error),
        Begin::Answer(Answer::Found(_)) | Begin::Go(_) => Ok(()),
        Begin::Hold(pending) => {
            let moment = Moment { shares: &mut shares, google_token: &|| asked.google_token };
            pending.finish(asked.body.clone(), false, moment).map(drop)
        }
    }
}

fn inbound<'a>(config: &Config, asked: &'a Asked) -> Inbound<'a> {
    let path: &[u8] = match asked.api {
        Api::Chat => b"/v1/chat/completions",
        Api::Responses => b"/v1/responses",
    };
    let own: [(&[u8], &[u8]); 2] = [(b":method", b"POST"), (b":path", path)];
    let given = || asked.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let content_type =
        given().all(|(name, _)| name != b"content-type").then_some((&b"content-type"[..], &b"application/json"[..]));
    Inbound::read(own.into_iter().chain(content_type).chain(given()), config.identity.headers())
}

/// Every target of the model with what becomes of it; `None` where the request is denied before any is looked at.
fn considered(config: &Config, asked: &Asked) -> Option<String> {
    let facts = body::read(&asked.body, asked.api).ok()?;
    let model = facts.model?;
    let caller = Caller::identify(config, &inbound(config, asked)).ok()?;
    let permit = caller.permit(config, &model).ok()?;
    let needs = Needs {
        api: asked.api,
        features: facts.features,
        bytes: asked.body.len() as u64,
        max_tokens: facts.max_tokens,
        google_token: &|| asked.google_token,
    };
    let considered = plan::consider(&permit, needs);
    let plan = plan::plan(&permit, needs, &considered, &mut Shares::default()).unwrap_or_default();
    let mut rows: Vec<Row> =
        considered.iter().filter_map(|considered| Row::of(considered, &permit, needs, &plan)).collect();
    rows.sort_by_key(|row| row.rank.unwrap_or(usize::MAX));

    let mut out = String::new();
    let _ = writeln!(out, "model {model}, {}{}", asked.api.name(), uses(facts.features));
    let _ = writeln!(out, "order {}", order(&permit, needs));
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
    Some(out)
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

fn order(permit: &Permit<'_>, needs: Needs) -> String {
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
    fn of(considered: &Considered<'_>, permit: &Permit<'_>, needs: Needs, plan: &[usize]) -> Option<Row> {
        let target = considered.target;
        let endpoint = permit.config().endpoint_of(target)?;
        let rank = plan.iter().position(|index| *index == considered.index);
        let outcome = match (considered.unfit, rank) {
            (Some(unfit), _) => {
                format!("refused: {}", reason(unfit, needs, endpoint.cloud.name(), &endpoint.residency))
            }
            (None, None) => "fits, but comes after the last attempt".to_owned(),
            (None, Some(_)) => {
                let path = target.address_for(needs.api).map(|address| address.path.as_str()).unwrap_or_default();
                let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
                format!("{}{scheme}://{}{path}", merits(considered, permit, needs), endpoint.host)
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
fn merits(considered: &Considered<'_>, permit: &Permit<'_>, needs: Needs) -> String {
    match permit.order() {
        Order::Ordered => String::new(),
        Order::Weighted => format!("weight {}  ", considered.target.weight),
        Order::Cheapest => {
            let tokens = needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens);
            match considered.target.price {
                Some(price) => format!("${:.6}  ", plan::cost(price, needs.bytes, tokens)),
                None => "no price  ".to_owned(),
            }
        }
    }
}

fn reason(unfit: Unfit, needs: Needs, cloud: &str, residency: &str) -> String {
    match unfit {
        Unfit::Form => format!("does not speak {}", needs.api.name()),
        Unfit::Refused(Rule::Clouds) => format!("policy's `clouds` does not hold `{cloud}`"),
        Unfit::Refused(Rule::Residency) => format!("policy's `residency` does not hold `{residency}`"),
        Unfit::Refused(Rule::Targets) => "policy's `targets` does not match it".to_owned(),
        Unfit::Refused(rule @ Rule::NarrowedClouds) => format!("the request's {} leaves out `{cloud}`", rule.name()),
        Unfit::Refused(rule @ Rule::NarrowedResidency) => {
            format!("the request's {} leaves out `{residency}`", rule.name())
        }
        Unfit::Lacks(features) => format!("lacks {}", names(features)),
        Unfit::NoCredential => "there is no Google access token".to_owned(),
    }
}
