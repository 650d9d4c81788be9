//! The access tokens that the metadata server and Entra have issued, and how they are to behave.

use crate::clouds::locked;
use crate::credentials::{GCP_ACCESS_TOKEN_PREFIX, random_hex};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What both real issuers say today, in seconds.
const EXPIRES_IN: u64 = 3599;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failing {
    #[default]
    No,
    /// Answers 500.
    Error,
    /// Never answers.
    Hang,
}

/// One issuer: its settings, its counters and the tokens it gave out.
#[derive(Default)]
struct Issuer {
    expires_in: Option<u64>,
    failing: Failing,
    fetches: u64,
    issued: HashMap<String, Issued>,
}

struct Issued {
    /// Who the token is for; empty at Google, whose scope is everything.
    audience: String,
    expires: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    Metadata,
    Entra,
}

#[derive(Default)]
pub struct Tokens {
    metadata: Mutex<Issuer>,
    entra: Mutex<Issuer>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    Unknown,
    Expired,
}

/// What the administrator may change: `{"expires_in": 5}`, `{"fail": true}`, `{"fail": "hang"}`, `{"revoke": true}`,
/// of the metadata server or with `"of": "entra"` of Entra.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    fail: Option<Value>,
    #[serde(default)]
    revoke: bool,
}

impl Tokens {
    fn issuer(&self, source: TokenSource) -> &Mutex<Issuer> {
        match source {
            TokenSource::Metadata => &self.metadata,
            TokenSource::Entra => &self.entra,
        }
    }

    /// Counts a fetch and says how it is to end.
    pub fn fetched(&self, source: TokenSource) -> Failing {
        let mut issuer = locked(self.issuer(source));
        issuer.fetches += 1;
        issuer.failing
    }

    /// Issues a token: its text and for how many seconds it holds.
    pub fn issue(&self, source: TokenSource, audience: &str, text: impl FnOnce(u64) -> String) -> (String, u64) {
        let mut issuer = locked(self.issuer(source));
        let seconds = issuer.expires_in.unwrap_or(EXPIRES_IN);
        let token = text(seconds);
        let expires = Instant::now() + Duration::from_secs(seconds);
        issuer.issued.insert(token.clone(), Issued { audience: audience.to_owned(), expires });
        (token, seconds)
    }

    /// Who a token is for, if it is one of ours and still holds.
    pub fn check(&self, source: TokenSource, token: &str) -> Result<String, Refused> {
        let issuer = locked(self.issuer(source));
        let issued = issuer.issued.get(token).ok_or(Refused::Unknown)?;
        if issued.expires <= Instant::now() {
            return Err(Refused::Expired);
        }
        Ok(issued.audience.clone())
    }

    pub fn change(&self, change: &Change) -> Result<(), String> {
        let source = match change.of.as_deref() {
            None | Some("metadata") => TokenSource::Metadata,
            Some("entra") => TokenSource::Entra,
            Some(other) => return Err(format!("`of` is `metadata` or `entra`, not `{other}`")),
        };
        let failing = match &change.fail {
            None => None,
            Some(Value::Bool(true)) => Some(Failing::Error),
            Some(Value::Bool(false)) => Some(Failing::No),
            Some(Value::String(how)) if how == "hang" => Some(Failing::Hang),
            Some(_) => return Err("`fail` is true, false or \"hang\"".into()),
        };
        let mut issuer = locked(self.issuer(source));
        issuer.failing = failing.unwrap_or(issuer.failing);
        issuer.expires_in = change.expires_in.or(issuer.expires_in);
        if change.revoke {
            issuer.issued.clear();
        }
        Ok(())
    }

    pub fn to_json(&self) -> Value {
        let shown = |source| {
            let issuer = locked(self.issuer(source));
            json!({
                "fetches": issuer.fetches,
                "issued": issuer.issued.len(),
                "expires_in": issuer.expires_in.unwrap_or(EXPIRES_IN),
                "fail": match issuer.failing {
                    Failing::No => json!(false),
                    Failing::Error => json!(true),
                    Failing::Hang => json!("hang"),
                },
            })
        };
        let mut all = shown(TokenSource::Metadata);
        if let Value::Object(all) = &mut all {
            all.insert("entra".into(), shown(TokenSource::Entra));
        }
        all
    }
}

/// A Google access token.
pub fn google_token(_seconds: u64) -> String {
    format!("{GCP_ACCESS_TOKEN_PREFIX}{}", random_hex(64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> Change {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_token_holds_until_it_expires_or_is_revoked() {
        let tokens = Tokens::default();
        let (token, seconds) = tokens.issue(TokenSource::Metadata, "", google_token);
        assert_eq!((token.starts_with("ya29."), seconds), (true, 3599));
        assert_eq!(tokens.check(TokenSource::Metadata, &token), Ok(String::new()));
        assert_eq!(tokens.check(TokenSource::Entra, &token), Err(Refused::Unknown));
        tokens.change(&change(r#"{"revoke":true}"#)).unwrap();
        assert_eq!(tokens.check(TokenSource::Metadata, &token), Err(Refused::Unknown));
        tokens.change(&change(r#"{"expires_in":0}"#)).unwrap();
        let (token, _) = tokens.issue(TokenSource::Metadata, "", google_token);
        assert_eq!(tokens.check(TokenSource::Metadata, &token), Err(Refused::Expired));
    }

    #[test]
    fn changes_are_checked_and_counted() {
        let tokens = Tokens::default();
        assert_eq!(tokens.fetched(TokenSource::Entra), Failing::No);
        tokens.change(&change(r#"{"of":"entra","fail":"hang"}"#)).unwrap();
        assert_eq!(tokens.fetched(TokenSource::Entra), Failing::Hang);
        assert!(tokens.change(&change(r#"{"fail":7}"#)).is_err());
        assert!(tokens.change(&change(r#"{"of":"aws"}"#)).is_err());
        assert_eq!(tokens.to_json()["entra"]["fetches"], 2);
        assert_eq!(tokens.to_json()["fetches"], 0);
    }
}
