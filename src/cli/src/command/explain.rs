//! What would become of a request: decided by the same code that runs in Envoy, told target by target.

mod ask;
mod hint;
mod listener;
mod matrix;
mod text;
mod told;

use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::Rc;

use clap::{Args, ValueEnum};

use ask::Asked;
use told::{Denial, Told};

use crate::file;
use crate::outcome::{Format, Outcome};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The request is taken to come from a peer that may name the tenant, unless --listener says where it comes in. Without --body it is the smallest one that names the model.
The exit code is 0 where it would be sent to a cloud, 1 where it would be denied or the policy has faults. With --matrix it is 0.

Examples:
    multihome explain policy.yaml --header 'x-tenant-id: acme' --model gpt-6.1-sol
    multihome explain policy.yaml --header 'x-tenant-id: acme' --header 'x-multihome-clouds: aws, gcp' --operation responses --body request.json
    multihome explain policy.yaml --header 'x-tenant-id: acme' --model gpt-6.1-sol --listener partners --format json
    multihome explain policy.yaml --claim tenant=acme --claim 'multihome={\"clouds\": [\"aws\"], \"residency\": [\"us\"], \"models\": [\"*\"]}' --model gpt-6.1-sol
    multihome explain policy.yaml --header 'x-tenant-id: acme' --method GET --path /v1/responses/resp_0a1b2c
    multihome explain policy.yaml --matrix
A response's id has a tag, which the keys of `sessions.tag_keys` verify: their variables are read here too.")]
pub struct Explain {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// A header of the request; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// A claim of a token that the request brings and that holds; VALUE is JSON, or text. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Vec<(String, serde_json::Value)>,
    /// The model that is asked for
    #[arg(long, value_name = "NAME", required_unless_present_any = ["body", "path", "matrix"], conflicts_with = "body")]
    model: Option<String>,
    /// The API that the client speaks
    #[arg(long, value_enum, default_value_t = Operation::Chat)]
    operation: Operation,
    /// The path that the client asks, where it is not that of the operation; it may name the model: /openai/deployments/MODEL/chat/completions
    #[arg(long, value_name = "PATH", conflicts_with = "operation")]
    path: Option<String>,
    /// Its method
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    method: String,
    /// The request's body, from a file: its size, features and limits count, and it names the model
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Decide as if HTTP/2 trailers followed the body
    #[arg(long)]
    trailers: bool,
    /// Decide as if there were no Google access token
    #[arg(long)]
    no_google_token: bool,
    /// The listener that the request comes in at: says whether the identity headers survive there, and decides without them if not
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Every tenant, model and API of the file instead of one request: who is served where, or by which rule not
    #[arg(long, conflicts_with_all = ["model", "operation", "method", "path", "body"])]
    matrix: bool,
    /// For whom to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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

impl Explain {
    /// Explains what the policy makes of the request: exit code 0 where it would be sent, 1 where it would be denied.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let policy = file::read(&self.policy)?;
        let mut config = policy.config;
        // What they hold here is what they hold where Envoy runs; one that is not there verifies nothing: see `hint`.
        let variable = |name: &str| std::env::var_os(name).map(OsString::into_encoded_bytes);
        let _ = config.sessions.read_keys(variable);
        let config = Rc::new(config);
        if !self.claim.is_empty() && !config.identity.takes_tokens() {
            let help = "leave `--claim` out, or add `- jwt: {…}` to `identity`";
            return Err(Outcome::usage(format!("error: no token counts for this policy\n  help: {help}\n")));
        }
        let (format, listener) = (self.format, self.listener.clone());
        let is_matrix = self.matrix;
        let mut asked = self.asked()?;
        let entrance = listener.map(|name| listener::entrance(&config, &name));
        let removed = entrance.as_ref().map(|entrance| entrance.remove_from(&mut asked)).unwrap_or_default();
        if is_matrix {
            let cells = matrix::of(&config, &asked, entrance.as_ref());
            return Ok(Outcome::done(match format {
                Format::Text => matrix::text(&cells, entrance.as_ref()),
                Format::Json => matrix::json(&cells, &config, entrance.as_ref()),
            }));
        }
        let mut told = Told::default();
        let denied = ask::ask(&config, &asked, |weighed| told = Told::of(weighed)).err();
        let denied = denied.map(|error| Denial { help: hint::on(&config, &asked, &removed, &error), error });
        let out = match format {
            Format::Text => text::of(&told, denied.as_ref(), entrance.as_ref()),
            Format::Json => told.json(&config, denied.as_ref(), entrance.as_ref()),
        };
        let code = u8::from(denied.is_some());
        Ok(Outcome { out, code, ..Outcome::default() })
    }

    fn asked(self) -> Result<Asked, Outcome> {
        let path = self.path.unwrap_or_else(|| self.operation.path().to_owned());
        let body = match (&self.body, &self.model) {
            (Some(file), _) => std::fs::read(file)
                .map_err(|error| Outcome::usage(format!("error: cannot read {}: {error}\n", file.display())))?,
            (None, Some(model)) => ask::smallest(model, &path),
            (None, None) => b"{}".to_vec(),
        };
        let (trailers, google_token, method) = (self.trailers, !self.no_google_token, self.method);
        Ok(Asked { headers: self.header, claims: self.claim, method, path, body, trailers, tenant: None, google_token })
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

fn claim(text: &str) -> Result<(String, serde_json::Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
            Ok((name.to_owned(), value))
        }
        _ => Err(format!("`{text}` is no claim; write `tenant=acme`")),
    }
}
