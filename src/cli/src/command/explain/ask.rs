//! A request as far as it decides, put to the edge's own code.

use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::api::inbound::{Inbound, Verification};
use multihome_core::config::{Config, Token};
use multihome_core::edge::{self, Weighed};
use multihome_core::plan::{Environment, WeightedPicks};
use serde_json::{Map, Value, json};

use crate::clock::now;

/// A request, as far as it decides.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// What a token claims that it brings and that holds.
    pub claims: Vec<(String, Value)>,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether trailers follow it.
    pub trailers: bool,
    /// Whose request it is, whatever it says of that itself.
    pub tenant: Option<String>,
    /// Whether there is a Google access token.
    pub google_token: bool,
}

/// Decides. `look` is called where the request came so far that its targets were looked at.
pub(super) fn ask(config: &Rc<Config>, asked: &Asked, look: impl FnOnce(&Weighed<'_>)) -> Result<(), ApiError> {
    let own: [(&[u8], &[u8]); 2] = [(b":method", asked.method.as_bytes()), (b":path", asked.path.as_bytes())];
    let given = || asked.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let content_type =
        given().all(|(name, _)| name != b"content-type").then_some((&b"content-type"[..], &b"application/json"[..]));
    let headers = own.into_iter().chain(content_type).chain(given());
    let claims = asked.token(config);
    let mut inbound = Inbound::read(headers, config.identity.headers());
    if let Some(claims) = &claims {
        inbound.token = Verification::Holds(claims);
    }
    let google_token = || asked.google_token;
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &google_token, now: &now };
    edge::explain(config, &inbound, &asked.body, asked.trailers, asked.tenant.as_deref(), &mut environment, look)
}

impl Asked {
    /// The source of its token: that of the issuer that its claims name, or the first.
    pub fn token_source<'c>(&self, config: &'c Config) -> Option<&'c Token> {
        let issuer = self.claims.iter().find(|(name, _)| name == "iss").map(|(_, issuer)| issuer);
        let of_issuer = config.identity.tokens().find(|token| issuer.is_some_and(|issuer| *issuer == token.issuer));
        of_issuer.or_else(|| config.identity.tokens().next())
    }

    /// The claims of such a token, for this endpoint where they do not say another. `None` where there are none.
    fn token(&self, config: &Config) -> Option<Vec<u8>> {
        let token = self.token_source(config).filter(|_| !self.claims.is_empty())?;
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(token.issuer));
        claims.insert("aud".to_owned(), json!(token.audiences));
        claims.extend(self.claims.iter().cloned());
        Some(Value::Object(claims).to_string().into_bytes())
    }
}
