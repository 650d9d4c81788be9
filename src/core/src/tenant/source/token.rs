//! Tokens: what one says that Envoy has found to hold.
//!
//! Envoy verifies it (`jwt_authn`), and refuses nobody: an API key in the same header is no token that fails. What it found
//! comes by filter state, which no client can write, and only for a request whose one credential is a token by its form. So
//! the claims here are those of the token that the request brings, or there are none.

use crate::api::error::{ApiError, shown};
use crate::api::inbound::{Inbound, Verification};
use crate::config::{CarriedClaim, Config, Grant, Token, parse_json};
use crate::document::Node;
use crate::name;

use super::{carried, credential};

/// What a token says.
#[derive(Debug)]
pub(super) struct Claims<'c> {
    /// The tenant's name, which the file may not list.
    pub named: Option<String>,
    /// Its policy.
    pub carried: Option<(&'c CarriedClaim, Grant)>,
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
    let Some(token) = config.identity.token() else { return Ok(None) };
    let claims = match (inbound.token, credential.map(credential::is_token)) {
        (Verification::Holds(claims), None | Some(true)) => claims,
        (Verification::Holds(_), Some(false)) => {
            let message = "The request brings a token and another credential: send one.";
            return Err(ApiError::new(401, "conflicting_credentials", message));
        }
        (Verification::Fails(reason), Some(true)) => return Err(failed(reason)),
        (Verification::Unknown, Some(true)) => return Err(not_verified()),
        (Verification::Fails(_) | Verification::Unknown, None | Some(false)) => return Ok(None),
    };
    let claims = parse(claims)?;
    check_address(token, &claims)?;
    let named = read_tenant(token, &claims)?;
    let carried = match &token.carried {
        None => None,
        Some(carried) => read_policy(config, carried, &claims)?.map(|policy| (carried, policy)),
    };
    Ok(Some(Claims { named, carried }))
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

/// Envoy has looked at both. Where it also takes tokens of others', theirs stand in the same place.
fn check_address(token: &Token, claims: &Node) -> Result<(), ApiError> {
    if !matches!(claims.get("iss"), Some(Node::Text(issuer)) if *issuer == token.issuer) {
        return Err(invalid("The token is of another issuer than this endpoint takes tokens of."));
    }
    let is_ours = |audience: &Node| matches!(audience, Node::Text(name) if token.audiences.contains(name));
    let for_us = match claims.get("aud") {
        Some(Node::List(audiences)) => audiences.iter().any(is_ours),
        Some(audience) => is_ours(audience),
        None => false,
    };
    if for_us { Ok(()) } else { Err(invalid("The token is not for this endpoint: its claim `aud` names others.")) }
}

fn read_tenant(token: &Token, claims: &Node) -> Result<Option<String>, ApiError> {
    let claim = &token.tenant_claim;
    match claims.get(claim) {
        None => Ok(None),
        Some(Node::Text(tenant)) if name::is_tenant(tenant) => Ok(Some(tenant.clone())),
        Some(_) => Err(invalid(format!("The token's claim `{claim}` is no name of a tenant."))),
    }
}

fn read_policy(config: &Config, carried: &CarriedClaim, claims: &Node) -> Result<Option<Grant>, ApiError> {
    let claim = &carried.claim;
    let denied = |code, message| ApiError::new(403, code, message).about(claim.clone()).by_rule("policy");
    match claims.get(claim) {
        None if carried.required => {
            let message = format!("The token has to carry its tenant's policy in claim `{claim}`.");
            Err(denied("policy_required", message))
        }
        None => Ok(None),
        Some(policy) => carried::read(config, policy)
            .map(Some)
            .map_err(|why| denied("invalid_policy", format!("The token's claim `{claim}` {why}."))),
    }
}

/// Says in Envoy's words why a token does not hold: they tell nothing that the token does not.
fn failed(reason: &[u8]) -> ApiError {
    let reason = shown(std::str::from_utf8(reason).unwrap_or_default()).trim_end_matches('.').to_owned();
    if reason.starts_with("Jwks") && !reason.contains("match kid") {
        let message = format!("No token can be verified now: {reason}.");
        return ApiError::new(503, "token_keys_unavailable", message);
    }
    let code = if reason == "Jwt is expired" { "expired_token" } else { "invalid_token" };
    ApiError::new(401, code, format!("The token does not hold: {reason}."))
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
pub(super) fn unknown(config: &Config) -> ApiError {
    let claim = config.identity.token().map(|token| token.tenant_claim.as_str()).unwrap_or_default();
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
