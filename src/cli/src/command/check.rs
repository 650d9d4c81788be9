//! `check`: every fault of a policy, or what there is to say of one that has none.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::file::{self, Policy, Refused};
use crate::finding::{Finding, counted};
use crate::outcome::{Format, Outcome, shown};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The exit code is 0 where no file has a fault, 1 where one has (with --strict also where one has a warning), 2 where one cannot be read.

Examples:
    multihome check policy.yaml
    multihome check --strict --format json policies/*.yaml")]
pub struct Check {
    /// The policies, YAML or JSON; `-` is the standard input
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Let no warning pass: exit code 1 where there is one
    #[arg(long)]
    strict: bool,
    /// For whom to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Check {
    /// One line for each policy, and what is to be said of it.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let checked: Vec<Result<Policy, Refused>> = self.policies.iter().map(|path| file::read(path)).collect();
        let mut all = Outcome::default();
        let mut reports = Vec::new();
        for policy in checked {
            match policy {
                Ok(policy) => {
                    let warnings = policy.warnings();
                    all.code = all.code.max(u8::from(self.strict && !warnings.is_empty()));
                    match self.format {
                        Format::Text => self.tell(&policy, &warnings, &mut all),
                        Format::Json => reports.push(report(&policy.name, Some(&policy), &[], &warnings)),
                    }
                }
                Err(Refused::Faulty { name, faults }) if self.format == Format::Json => {
                    all.code = all.code.max(1);
                    reports.push(report(&name, None, &faults, &[]));
                }
                Err(refused) => {
                    let Outcome { err, code, .. } = Outcome::from(refused);
                    all.err.push_str(&err);
                    all.code = all.code.max(code);
                }
            }
        }
        if self.format == Format::Json {
            all.out = format!("{:#}\n", json!({ "policies": reports }));
        }
        Ok(all)
    }

    /// What a policy holds, and what is probably not meant.
    fn tell(&self, policy: &Policy, warnings: &[Finding], all: &mut Outcome) {
        let Policy { name, config, .. } = policy;
        all.out.push_str(&format!(
            "{name}: {}, {}, {}; version {}\n",
            counted(config.endpoints.len(), "endpoint"),
            counted(config.models.len(), "model"),
            counted(config.tenants.len(), "tenant"),
            config.version,
        ));
        all.err.push_str(&shown(warnings, name));
        if self.strict && !warnings.is_empty() {
            let number = counted(warnings.len(), "warning");
            all.err.push_str(&format!("{name}: {number}; `--strict` lets none pass\n"));
        }
    }
}

fn report(name: &str, policy: Option<&Policy>, faults: &[Finding], warnings: &[Finding]) -> Value {
    let version = policy.map(|policy| policy.config.version.to_string());
    let list = |findings: &[Finding]| findings.iter().map(Finding::json).collect::<Vec<_>>();
    json!({"policy": name, "version": version, "faults": list(faults), "warnings": list(warnings)})
}
