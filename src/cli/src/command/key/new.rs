//! `key new`: a key for a tenant.

use clap::Args;
use multihome_core::key::{self, Digest};
use multihome_core::{name, time};
use serde_json::{Map, Value, json};

use crate::clock::now;
use crate::outcome::{Format, Outcome};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The key is 256 bits of the operating system's, behind `mh-` and with 6 check digits: 52 letters and digits that a scanner finds by `mh-[0-9A-Za-z]{49}`.
Nothing but its SHA-256 belongs into a file. Who has lost it gets another one.

Examples:
    multihome key new acme
    multihome key new acme --name ci --expires 2027-01-31T00:00:00Z
    multihome key new acme --format json")]
pub struct New {
    /// The tenant, by its name in the policy
    #[arg(value_parser = tenant)]
    tenant: String,
    /// What the access log calls it, up to 64 of A-Z a-z 0-9 . _ -
    #[arg(long, value_name = "NAME", value_parser = key_name)]
    name: Option<String>,
    /// From when on it is refused, in UTC
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<String>,
    /// For whom to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl New {
    /// Makes it.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| Outcome::faults(format!("error: the operating system gives no random bits: {error}\n")))?;
        let key = key::make(secret);
        let digest = Digest::of(key.as_bytes()).to_string();
        let mut entry = Map::new();
        entry.insert("sha256".to_owned(), json!(digest));
        entry.extend(self.name.map(|name| ("name".to_owned(), Value::String(name))));
        entry.extend(self.expires.map(|expires| ("expires".to_owned(), Value::String(expires))));
        let tenant = self.tenant;
        Ok(Outcome::done(match self.format {
            Format::Json => format!("{:#}\n", json!({"tenant": tenant, "key": key, "entry": entry})),
            Format::Text => format!(
                "{key}\n\n# The key is not shown again. This line belongs under `tenants.{tenant}.keys` of the policy, or under `tenants.{tenant}` of the file that\n# `identity[…].keys.file` names:\n- {}\n",
                in_braces(&entry)
            ),
        }))
    }
}

/// As YAML on one line. A digest and a name may look like a number, so they are in quotes.
fn in_braces(entry: &Map<String, Value>) -> String {
    let fields: Vec<String> = entry.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn tenant(text: &str) -> Result<String, String> {
    match name::is_tenant(text) {
        true => Ok(text.to_owned()),
        false => Err("a tenant's name has up to 128 visible ASCII characters without , ; \" \\".to_owned()),
    }
}

fn key_name(text: &str) -> Result<String, String> {
    match name::is_key_name(text) {
        true => Ok(text.to_owned()),
        false => Err("use up to 64 of A-Z a-z 0-9 . _ -".to_owned()),
    }
}

fn expiry(text: &str) -> Result<String, String> {
    match time::parse(text) {
        None => Err("write it in UTC, as `2027-01-31T00:00:00Z`".to_owned()),
        Some(time) if time <= now() => {
            Err("that is past, and the key would be refused from its first request".to_owned())
        }
        Some(_) => Ok(text.to_owned()),
    }
}
