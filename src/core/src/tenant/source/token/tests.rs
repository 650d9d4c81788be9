use wasm_bindgen_test::wasm_bindgen_test;

use crate::api::inbound::{Inbound, Verification};
use crate::config;
use crate::tenant::source::{brings_token, identify};

const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln";

fn config(jwt: &str, more: &str) -> config::Config {
    let entry = r#""clouds": ["azure", "aws"], "residency": ["us"], "models": ["m"]"#;
    let text = format!(
        r#"{{
  "endpoints": {{"az": {{"cloud": "azure", "resource": "r", "residency": "us", "auth": {{"api_key": {{"sds": "k"}}}}}}}},
  "models": {{"m": [{{"endpoint": "az", "id": "dep", "form": "openai.chat"}}]}},
  "tenants": {{"acme": {{{entry}}}, "globex": {{{entry}}}}},
  "identity": [{{"jwt": {{"issuer": "https://idp", "audiences": ["llm", "eu"], "jwks": "keys.json"{jwt}}}}}{more}]
}}"#
    );
    config::check(&config::parse_json(text.as_bytes()).unwrap()).unwrap()
}

const CARRIED: &str =
    r#", "policy_claim": "p", "policy": {"ceiling": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}}"#;
const REQUIRED: &str = r#", "policy_claim": "p", "policy": {"required": true, "ceiling": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}}"#;
const HEADER: &str = r#", {"trust": {"listeners": ["default"]}}"#;

/// Tenant, what has named it and how many grants bound it; or status and code.
fn who(config: &config::Config, headers: &[(&str, &str)], token: Verification<'_>) -> Result<String, String> {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let mut inbound = Inbound::read(headers, config.identity.headers());
    inbound.token = token;
    match identify(config, &inbound, &|| 0) {
        Ok(found) => {
            let mut by = String::new();
            found.by.write_to(&mut by);
            Ok(format!("{} {by} {}", found.tenant, found.others.len()))
        }
        Err(error) => Err(format!("{} {}", error.status, error.code.unwrap_or_default())),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_verified_token_names_its_tenant() {
    let bearer = format!("Bearer {JWT}");
    let claims = |more: &str| format!(r#"{{"iss": "https://idp", "aud": "llm", {more}}}"#);
    let policy = r#"{"clouds": ["azure"], "residency": ["us"], "models": ["m"]}"#;
    for (jwt, more, header, claims, expected) in [
        ("", "", None, claims(r#""tenant": "acme""#), Ok("acme jwt 0")),
        (
            "",
            "",
            None,
            claims(r#""aud": ["x", "eu"], "tenant": "acme""#).replacen(r#""aud": "llm", "#, "", 1),
            Ok("acme jwt 0"),
        ),
        (r#", "tenant_claim": "https://c/t""#, "", None, claims(r#""https://c/t": "acme""#), Ok("acme jwt 0")),
        ("", HEADER, Some("acme"), claims(r#""tenant": "acme""#), Ok("acme jwt 0")),
        ("", HEADER, Some("globex"), claims(r#""tenant": "acme""#), Err("401 conflicting_credentials")),
        ("", HEADER, Some("globex"), claims(r#""x": 1"#), Ok("globex header 0")),
        ("", "", None, claims(r#""tenant": "nobody""#), Err("401 unknown_tenant")),
        ("", "", None, claims(r#""x": 1"#), Err("401 unknown_tenant")),
        ("", "", None, claims(r#""tenant": 7"#), Err("401 invalid_token")),
        ("", "", None, claims(r#""tenant": "a b""#), Err("401 invalid_token")),
        // What does not count here is not read.
        ("", "", None, claims(r#""tenant": "acme", "p": 7"#), Ok("acme jwt 0")),
        // The policy, the ceiling, and the entry of a tenant that is listed.
        (CARRIED, "", None, claims(&format!(r#""tenant": "acme", "p": {policy}"#)), Ok("acme jwt 2")),
        (CARRIED, "", None, claims(&format!(r#""tenant": "new", "p": {policy}"#)), Ok("new jwt 1")),
        (CARRIED, "", None, claims(&format!(r#""p": {policy}"#)), Ok(" jwt 1")),
        (CARRIED, HEADER, Some("acme"), claims(&format!(r#""p": {policy}"#)), Ok("acme jwt 2")),
        (CARRIED, "", None, claims(r#""tenant": "acme""#), Ok("acme jwt 0")),
        (CARRIED, "", None, claims(r#""tenant": "acme", "p": "x""#), Err("403 invalid_policy")),
        (CARRIED, "", None, claims(r#""tenant": "acme", "p": null"#), Err("403 invalid_policy")),
        (REQUIRED, "", None, claims(r#""tenant": "acme""#), Err("403 policy_required")),
        (REQUIRED, HEADER, Some("acme"), claims(r#""x": 1"#), Err("403 policy_required")),
        // A token of somebody else's that others' filters may have verified.
        ("", "", None, r#"{"iss": "https://other", "aud": "llm", "tenant": "acme"}"#.into(), Err("401 invalid_token")),
        ("", "", None, r#"{"iss": ["https://idp"], "aud": "llm", "tenant": "acme"}"#.into(), Err("401 invalid_token")),
        ("", "", None, r#"{"iss": "https://idp", "aud": "shop", "tenant": "acme"}"#.into(), Err("401 invalid_token")),
        ("", "", None, r#"{"iss": "https://idp", "tenant": "acme"}"#.into(), Err("401 invalid_token")),
        ("", "", None, r#"[]"#.into(), Err("401 invalid_token")),
        ("", "", None, r#"{"#.into(), Err("401 invalid_token")),
    ] {
        let config = config(jwt, more);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(header.map(|tenant| ("x-tenant-id", tenant)));
        let found = who(&config, &headers, Verification::Holds(claims.as_bytes()));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{jwt} {header:?} {claims}");
    }
}

/// Beside `https://idp`, whose tokens name the tenant by `tenant`: another issuer, and the first one's tokens for `batch`.
const OTHERS: &str = r#", {"jwt": {"name": "partner", "issuer": "https://partner", "audiences": ["llm"], "jwks": "other.json", "tenant_claim": "org",
  "tenants": ["glob*", "new"], "policy_claim": "p", "policy": {"ceiling": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}}}},
  {"jwt": {"name": "batch", "issuer": "https://idp", "audiences": ["batch"], "jwks": "keys.json", "tenant_claim": "job"}}"#;

#[wasm_bindgen_test(unsupported = test)]
fn each_issuers_token_says_only_what_its_own_source_reads() {
    let config = config("", OTHERS);
    let bearer = format!("Bearer {JWT}");
    let headers = [("authorization", bearer.as_str())];
    let carried = r#""p": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}"#;
    for (issuer, audience, claims, expected) in [
        ("https://idp", r#""llm""#, r#""tenant": "acme""#, Ok("acme jwt 0")),
        ("https://partner", r#""llm""#, r#""org": "globex""#, Ok("globex jwt:partner 0")),
        ("https://idp", r#"["x", "batch"]"#, r#""job": "acme""#, Ok("acme jwt:batch 0")),
        // The claims of another source mean nothing.
        ("https://idp", r#""llm""#, r#""org": "globex""#, Err("401 unknown_tenant")),
        ("https://idp", r#""llm""#, r#""tenant": "new", "p": {}"#, Err("401 unknown_tenant")),
        ("https://idp", r#""batch""#, r#""tenant": "acme""#, Err("401 unknown_tenant")),
        ("https://partner", r#""llm""#, r#""tenant": "acme""#, Err("401 unknown_tenant")),
        ("https://partner", r#""llm""#, &format!(r#""tenant": "acme", {carried}"#), Ok(" jwt:partner 1")),
        ("https://partner", r#""llm""#, &format!(r#""org": "globex", {carried}"#), Ok("globex jwt:partner 2")),
        // Nor does an issuer name tenants that are not its own, listed or not.
        ("https://partner", r#""llm""#, r#""org": "acme""#, Err("401 unknown_tenant")),
        ("https://partner", r#""llm""#, &format!(r#""org": "acme", {carried}"#), Err("401 unknown_tenant")),
        ("https://partner", r#""llm""#, &format!(r#""org": "other", {carried}"#), Err("401 unknown_tenant")),
        ("https://partner", r#""llm""#, &format!(r#""org": "new", {carried}"#), Ok("new jwt:partner 1")),
        // Of two that its audiences name, the first in the file.
        ("https://idp", r#"["batch", "llm"]"#, r#""tenant": "acme", "job": "globex""#, Ok("acme jwt 0")),
        // An audience is its own issuer's.
        ("https://partner", r#""batch""#, r#""org": "globex""#, Err("401 invalid_token")),
        ("https://partner", r#""eu""#, r#""org": "globex""#, Err("401 invalid_token")),
        ("https://nobody", r#""llm""#, r#""tenant": "acme""#, Err("401 invalid_token")),
    ] {
        let claims = format!(r#"{{"iss": "{issuer}", "aud": {audience}, {claims}}}"#);
        let found = who(&config, &headers, Verification::Holds(claims.as_bytes()));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{claims}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn of_several_reasons_that_of_the_tokens_own_issuer_counts() {
    let config = config("", OTHERS);
    let bearer = format!("Bearer {JWT}");
    let headers = [("authorization", bearer.as_str())].map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    for (reasons, code, message) in [
        (
            &b"Jwt issuer is not configured\nJwt is expired\nJwt issuer is not configured"[..],
            "expired_token",
            "Jwt is expired",
        ),
        (b"Audiences in Jwt are not allowed\n\nJwt not yet valid", "invalid_token", "Jwt not yet valid"),
        (b"Jwt not yet valid\n\nAudiences in Jwt are not allowed", "invalid_token", "Jwt not yet valid"),
        (
            b"Audiences in Jwt are not allowed\nJwt issuer is not configured\nAudiences in Jwt are not allowed",
            "invalid_token",
            "Audiences in Jwt",
        ),
        (
            b"Jwt issuer is not configured\nJwks remote fetch is failed\nJwt issuer is not configured",
            "token_keys_unavailable",
            "No token can be verified now",
        ),
        (
            b"Jwt issuer is not configured\nJwt issuer is not configured\nJwt issuer is not configured",
            "invalid_token",
            "issuer is not configured",
        ),
        (b"\n\n", "invalid_token", "was not verified"),
    ] {
        let mut inbound = Inbound::read(headers.into_iter(), config.identity.headers());
        inbound.token = Verification::Fails(reasons);
        let error = identify(&config, &inbound, &|| 0).unwrap_err();
        assert_eq!(error.code.as_deref(), Some(code), "{}", String::from_utf8_lossy(reasons));
        assert!(error.message.contains(message), "{}", error.message);
    }
    // Who the other issuers are is nobody's business.
    let inbound = Inbound::read(std::iter::empty(), config.identity.headers());
    let error = identify(&config, &inbound, &|| 0).unwrap_err();
    assert!(error.message.contains("a token (JWT) of an issuer that it knows"), "{}", error.message);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_token_that_does_not_hold_names_nobody() {
    let config = config("", HEADER);
    let bearer = format!("Bearer {JWT}");
    let headers = [("authorization", bearer.as_str()), ("x-tenant-id", "acme")];
    for (token, expected) in [
        (Verification::Fails(b"Jwt is expired"), "401 expired_token"),
        (Verification::Fails(b"Jwt verification fails"), "401 invalid_token"),
        (Verification::Fails(b"\xff"), "401 invalid_token"),
        (Verification::Fails(b"Jwks doesn't have key to match kid or alg from Jwt"), "401 invalid_token"),
        (Verification::Fails(b"Jwks remote fetch is failed"), "503 token_keys_unavailable"),
        (Verification::Unknown, "401 invalid_token"),
    ] {
        assert_eq!(who(&config, &headers, token), Err(expected.to_owned()));
    }
    let claims = Verification::Holds(br#"{"iss": "https://idp", "aud": "llm", "tenant": "globex"}"#);
    // Verified is one thing, and what the request brings as its credential another.
    assert_eq!(who(&config, &[("api-key", "sk-1")], claims), Err("401 conflicting_credentials".to_owned()));
    let two = [("authorization", bearer.as_str()), ("api-key", "eyJh.eyJi.c")];
    assert_eq!(who(&config, &two, claims), Err("401 conflicting_credentials".to_owned()));
    // Where tokens are no source, nothing that one claims counts.
    let text = br#"{
  "endpoints": {"az": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}}},
  "models": {"m": [{"endpoint": "az", "id": "dep", "form": "openai.chat"}]},
  "tenants": {"globex": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}},
  "identity": {"trust": {"listeners": ["default"]}}}"#;
    let without = config::check(&config::parse_json(text).unwrap()).unwrap();
    assert_eq!(who(&without, &headers[..1], claims), Err("401 unknown_tenant".to_owned()));
}

#[wasm_bindgen_test(unsupported = test)]
fn tells_a_token_from_a_key_by_its_form() {
    let brings = |name: &str, value: &str| {
        let headers = [(name.as_bytes(), value.as_bytes())];
        brings_token(&Inbound::read(headers.into_iter(), config("", "").identity.headers()))
    };
    for (value, expected) in [
        (JWT, true),
        // `alg: none`: nothing may go on as a key that calls itself a token.
        ("eyJhbGciOiJub25lIn0.eyJh.", true),
        ("ewogICJhIn0.eyJh.c-_", true),
        ("eyJh.eyJh", false),
        ("eyJh.eyJh.c.d", false),
        ("eyJh..c", false),
        ("eyJh.ey Jh.c", false),
        ("eyJh.eyJh.c,eyJh.eyJh.c", false),
        ("sk-1.2.3", false),
        ("mh-0123", false),
        ("", false),
    ] {
        assert_eq!(brings("authorization", &format!("Bearer {value}")), expected, "{value}");
        assert_eq!(brings("api-key", value), expected, "{value}");
        assert!(!brings("authorization", value) && !brings("x-api-key", value), "{value}");
    }
}
