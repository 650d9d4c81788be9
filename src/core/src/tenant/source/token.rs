//! Tokens: what one says that Envoy has found to hold.
//!
//! Envoy verifies it (`jwt_authn`), and refuses nobody: an API key in the same header is no token that fails. What it found
//! comes by filter state, which no client can write, and only for a request whose one credential is a token by its form. So
//! the claims here are those of the token that the request brings, or there are none.

use crate::api::error::{ApiError, shown};
use crate::api::inbound::{Inbound, Verification};
use crate::config::{Carried, Config, Grant, Token, parse_json};
use crate::document::Node;
use crate::name;

use super::{carried, credential};

/// What a token says.
#[derive(Debug)]
pub(super) struct Claims<'c> {
    /// The source that takes it.
    pub source: &'c Token,
    /// The tenant's name, which the file may not list.
    pub named: Option<String>,
    /// Its policy.
    pub carried: Option<(&'c Carried, Grant)>,
}

/// Reads the request's token, if its credential is one.
///
/// # Errors
/// 401 for a token that does not hold or is not for us, 403 for one whose policy is missing or none, 503 where the issuer's
/// keys are not there.
pub(super) fn read<'c>(
    config: &'c Config,
    inbound: &Inbound<'_>,
    credential: Option<&[u8]>,
) -> Result<Option<Claims<'c>>, ApiError> {
    if !config.identity.takes_tokens() {
        return Ok(None);
    }
    let claims = match (inbound.token, credential.map(credential::is_token)) {
        (Verification::Holds(claims), None | Some(true)) => claims,
        (Verification::Holds(_), Some(false)) => {
            let message = "The request brings a token and another credential: send one.";
            return Err(ApiError::new(401, "conflicting_credentials", message));
        }
        (Verification::Fails(reasons), Some(true)) => return Err(failed(reasons)),
        (Verification::Unknown, Some(true)) => return Err(not_verified()),
        (Verification::Fails(_) | Verification::Unknown, None | Some(false)) => return Ok(None),
    };
    let claims = parse(claims)?;
    let source = source_of(config, &claims)?;
    let named = read_tenant(source, &claims)?;
    let carried = match &source.carried {
        None => None,
        Some(carried) => read_policy(config, carried, &claims)?.map(|policy| (carried, policy)),
    };
    Ok(Some(Claims { source, named, carried }))
}

/// What is read of claims at most: Envoy's own limit for all headers is 96 KiB.
const MOST_CLAIMS: usize = 32 << 10;

fn parse(claims: &[u8]) -> Result<Node, ApiError> {
    if claims.len() > MOST_CLAIMS {
        return Err(invalid(format!("The claims of the token are longer than {MOST_CLAIMS} bytes.")));
    }
    match parse_json(claims) {
        Ok(node @ Node::Map(_)) => Ok(node),
        _ => Err(invalid("The claims of the token cannot be read.")),
    }
}

/// The source that a token is for: by its issuer, and by its audience where several sources have that issuer. Envoy has
/// looked at both, with the keys of that issuer, which all its sources share. Of two that its audiences name the first counts.
fn source_of<'c>(config: &'c Config, claims: &Node) -> Result<&'c Token, ApiError> {
    let Some(Node::Text(issuer)) = claims.get("iss") else { return Err(foreign()) };
    let audiences = match claims.get("aud") {
        Some(Node::List(audiences)) => audiences,
        Some(audience) => std::slice::from_ref(audience),
        None => &[],
    };
    let names = |token: &Token, audience: &Node| matches!(audience, Node::Text(name) if token.audiences.contains(name));
    let mut of_issuer = config.identity.tokens().filter(|token| token.issuer == *issuer).peekable();
    of_issuer.peek().ok_or_else(foreign)?;
    of_issuer
        .find(|token| audiences.iter().any(|audience| names(token, audience)))
        .ok_or_else(|| invalid("The token is not for this endpoint: its claim `aud` names others."))
}

fn foreign() -> ApiError {
    invalid("The token is of another issuer than this endpoint takes tokens of.")
}

fn read_tenant(token: &Token, claims: &Node) -> Result<Option<String>, ApiError> {
    let claim = &token.tenant_claim;
    match claims.get(claim) {
        None => Ok(None),
        // Another's tenant is one that this issuer does not know.
        Some(Node::Text(tenant)) if !token.may_name(tenant) => Err(unknown(token)),
        Some(Node::Text(tenant)) if name::is_tenant(tenant) => Ok(Some(tenant.clone())),
        Some(_) => Err(invalid(format!("The token's claim `{claim}` is no name of a tenant."))),
    }
}

fn read_policy(config: &Config, carried: &Carried, claims: &Node) -> Result<Option<Grant>, ApiError> {
    let claim = &carried.name;
    let about = |error: ApiError| error.about(claim.clone()).by_rule("policy");
    match claims.get(claim) {
        None if carried.required => {
            let message = format!("The token has to carry its tenant's policy in claim `{claim}`.");
            Err(about(ApiError::new(403, "policy_required", message)))
        }
        None => Ok(None),
        Some(policy) => carried::read(config, policy)
            .map(Some)
            .map_err(|why| about(ApiError::new(403, "invalid_policy", format!("The token's claim `{claim}` {why}.")))),
    }
}

/// Says in Envoy's words why a token does not hold: they tell nothing that the token does not. `reasons` has a line for each
/// source: that of the token's own issuer and audience counts.
fn failed(reasons: &[u8]) -> ApiError {
    let reasons = std::str::from_utf8(reasons).unwrap_or("Jwt cannot be read");
    let lines = reasons.lines().filter(|line| !line.is_empty());
    // Of equals, the last.
    let Some(reason) = lines.max_by_key(|line| relevance(line)) else { return not_verified() };
    let reason = shown(reason).trim_end_matches('.').to_owned();
    if reason.starts_with("Jwks") && !reason.contains("match kid") {
        let message = format!("No token can be verified now: {reason}.");
        return ApiError::new(503, "token_keys_unavailable", message);
    }
    let message = format!("The token does not hold: {reason}.");
    if reason == "Jwt is expired" { ApiError::new(401, "expired_token", message) } else { invalid(message) }
}

/// How much a source's reason has to do with a token: Envoy looks at the issuer first, and then at the audience (1.39).
fn relevance(reason: &str) -> u8 {
    match reason {
        "Jwt issuer is not configured" => 0,
        "Audiences in Jwt are not allowed" => 1,
        _ => 2,
    }
}

/// Nothing has looked at it, so nothing that it says counts.
fn not_verified() -> ApiError {
    invalid(
        "The token was not verified: send it as `Authorization: Bearer TOKEN`, with one space, or as `api-key: TOKEN`.",
    )
}

/// A credential that is no token, where nothing else names a tenant.
pub(super) fn none() -> ApiError {
    invalid("The credential of this request is no token (JWT).")
}

/// A token that holds and names nobody who may use anything.
pub(super) fn unknown(source: &Token) -> ApiError {
    let claim = &source.tenant_claim;
    let message = format!(
        "The token names no tenant that this endpoint knows (claim `{claim}`), and carries no policy that counts."
    );
    ApiError::new(401, "unknown_tenant", message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(401, "invalid_token", message)
}

#[cfg(test)]
mod tests;
