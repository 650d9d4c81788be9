use std::rc::Rc;

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::api::inbound::IdentityHeaders;
use crate::config;
use crate::key::{self, Digest};

/// A key of ours.
fn ours(seed: u8) -> String {
    key::make([seed; 32])
}

/// A policy whose `identity` is that, with keys of two tenants.
fn policy(identity: &str) -> String {
    let digest = |key: &str| Digest::of(key.as_bytes()).to_string();
    let [acme, ci, globex, old] = [1, 2, 3, 4].map(|seed| digest(&ours(seed)));
    let (brought, brought_old) = (digest("a customer's own"), digest("an old one"));
    format!(
        r#"{{
  "endpoints": {{"az": {{"cloud": "azure", "resource": "r", "residency": "us", "auth": {{"api_key": {{"sds": "k"}}}}}}}},
  "models": {{"m": [{{"endpoint": "az", "id": "dep", "form": "openai.chat"}}]}},
  "tenants": {{
    "acme": {{"clouds": ["azure"], "residency": ["us"], "models": ["m"],
      "keys": [{{"sha256": "{acme}"}}, {{"sha256": "{ci}", "name": "ci", "expires": "2027-01-31T00:00:00Z"}}, {{"sha256": "{brought}"}}]}},
    "globex": {{"clouds": ["azure"], "residency": ["us"], "models": ["m"],
      "keys": [{{"sha256": "{globex}"}}, {{"sha256": "{old}", "expires": "2026-01-01T00:00:00Z"}}, {{"sha256": "{brought_old}", "expires": "2026-01-01T00:00:00Z"}}]}}
  }},
  "identity": {identity}
}}"#
    )
}

const KEYS: &str = r#"[{"keys": {}}]"#;
const BOTH: &str = r#"[{"keys": {}}, {"header": "x-tenant-id", "trust": {"listeners": ["default"]}}]"#;
const HEADER_FIRST: &str = r#"[{"header": "x-tenant-id", "trust": {"listeners": ["default"]}}, {"keys": {}}]"#;
/// A hop that carries policies, and has to.
const CARRIED: &str = r#"[{"keys": {}}, {"trust": {"listeners": ["default"]}, "policy": {"required": true, "ceiling": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}}}]"#;

/// Noon of 2026-11-28.
const NOW: u64 = 1_795_867_200;

/// The tenant and what has named it, or the status, code and message.
fn who(identity: &str, headers: &[(&str, &str)], now: u64) -> Result<(String, String), (u16, String, String)> {
    let config = config::check(&config::parse_json(policy(identity).as_bytes()).unwrap()).unwrap();
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let inbound = Inbound::read(headers, config.identity.headers());
    let found = identify(&config, &inbound, &|| now);
    let told = |error: ApiError| (error.status, error.code.unwrap_or_default().into_owned(), error.message);
    let found = found.map_err(told)?;
    let mut by = String::new();
    found.by.write_to(&mut by);
    Ok((found.tenant.to_string(), by))
}

/// What a request brings, and whom it names by what. `Bearer ` goes before what has no scheme.
#[wasm_bindgen_test(unsupported = test)]
fn a_key_names_its_tenant() {
    let (acme, ci, globex) = (ours(1), ours(2), ours(3));
    let bearer = |key: &str| format!("Bearer {key}");
    for (identity, headers, tenant, by) in [
        (KEYS, vec![("authorization", bearer(&acme))], "acme", "key"),
        (KEYS, vec![("api-key", acme.clone())], "acme", "key"),
        (KEYS, vec![("authorization", bearer(&ci))], "acme", "key:ci"),
        (KEYS, vec![("api-key", globex.clone())], "globex", "key"),
        (KEYS, vec![("authorization", bearer("a customer's own"))], "acme", "key"),
        (KEYS, vec![("authorization", format!("bEARER \t{acme} "))], "acme", "key"),
        (KEYS, vec![("authorization", bearer(&acme)), ("api-key", acme.clone())], "acme", "key"),
        // Another scheme is not for us, an empty one is none.
        (KEYS, vec![("authorization", "Basic eDp5".to_owned()), ("api-key", acme.clone())], "acme", "key"),
        (KEYS, vec![("authorization", "Bearer".to_owned()), ("api-key", acme.clone())], "acme", "key"),
        (KEYS, vec![("authorization", bearer(&acme)), ("api-key", " ".to_owned())], "acme", "key"),
        // No header is a source here, whatever it says.
        (KEYS, vec![("authorization", bearer(&acme)), ("x-tenant-id", "globex".to_owned())], "acme", "key"),
        // Both say the same: the first of the file has said it.
        (BOTH, vec![("authorization", bearer(&acme)), ("x-tenant-id", "acme".to_owned())], "acme", "key"),
        (HEADER_FIRST, vec![("authorization", bearer(&ci)), ("x-tenant-id", "acme".to_owned())], "acme", "header"),
        (HEADER_FIRST, vec![("authorization", bearer(&ci))], "acme", "key:ci"),
        // What a hop passes on and nobody here knows says nothing.
        (BOTH, vec![("authorization", bearer("sk-of-the-hop")), ("x-tenant-id", "acme".to_owned())], "acme", "header"),
        (BOTH, vec![("x-tenant-id", "acme".to_owned())], "acme", "header"),
        // A policy has to be carried where a header names the tenant.
        (CARRIED, vec![("authorization", bearer(&acme))], "acme", "key"),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(who(identity, &headers, NOW), Ok((tenant.to_owned(), by.to_owned())), "{identity} {headers:?}");
    }
}

/// What a request brings, and why it is refused. `…` stands for words that are not looked at.
#[wasm_bindgen_test(unsupported = test)]
fn what_is_no_key_names_nobody() {
    let (acme, globex, old, nobodys) = (ours(1), ours(3), ours(4), ours(9));
    let cut: String = acme.chars().take(51).collect();
    // The beginning of one key, and the end of another.
    let swapped: String = globex.chars().take(9).chain(acme.chars().skip(9)).collect();
    let bearer = |key: &str| ("authorization", format!("Bearer {key}"));
    let tenant = |name: &str| ("x-tenant-id", name.to_owned());
    let long = "k".repeat(60_000);
    for (identity, headers, code) in [
        (KEYS, vec![], "unknown_tenant"),
        (KEYS, vec![tenant("acme")], "unknown_tenant"),
        (KEYS, vec![bearer("")], "unknown_tenant"),
        (KEYS, vec![("authorization", acme.clone())], "unknown_tenant"),
        (KEYS, vec![("authorization", format!("Bearer{acme}"))], "unknown_tenant"),
        (KEYS, vec![("authorization", format!("Basic {acme}"))], "unknown_tenant"),
        (KEYS, vec![("x-api-key", acme.clone())], "unknown_tenant"),
        (KEYS, vec![bearer("sk-1")], "invalid_api_key"),
        (KEYS, vec![bearer(&nobodys)], "invalid_api_key"),
        (KEYS, vec![bearer(&swapped)], "invalid_api_key"),
        (KEYS, vec![bearer(&acme.to_uppercase())], "invalid_api_key"),
        (KEYS, vec![bearer(&acme.to_lowercase())], "invalid_api_key"),
        (KEYS, vec![bearer(&cut)], "invalid_api_key"),
        (KEYS, vec![bearer(&format!("{acme}0"))], "invalid_api_key"),
        (KEYS, vec![bearer(&format!("{acme},Bearer {acme}"))], "invalid_api_key"),
        (KEYS, vec![bearer(&format!("{acme}, {globex}"))], "invalid_api_key"),
        (KEYS, vec![bearer(&format!("\"{acme}\""))], "invalid_api_key"),
        (KEYS, vec![bearer(&Digest::of(acme.as_bytes()).to_string())], "invalid_api_key"),
        (KEYS, vec![bearer("A customer's own")], "invalid_api_key"),
        (KEYS, vec![bearer("a customer's own.")], "invalid_api_key"),
        (KEYS, vec![bearer(&long)], "invalid_api_key"),
        (KEYS, vec![bearer(&old)], "expired_api_key"),
        (KEYS, vec![bearer("an old one")], "expired_api_key"),
        (KEYS, vec![bearer(&acme), ("api-key", globex.clone())], "conflicting_credentials"),
        (KEYS, vec![bearer(&acme), ("api-key", ours(2))], "conflicting_credentials"),
        (KEYS, vec![bearer(&acme), ("api-key", "sk-1".to_owned())], "conflicting_credentials"),
        (KEYS, vec![bearer(&acme), bearer(&acme)], "conflicting_credentials"),
        (KEYS, vec![("api-key", acme.clone()), ("api-key", acme.clone())], "conflicting_credentials"),
        (BOTH, vec![bearer(&acme), tenant("globex")], "conflicting_credentials"),
        (BOTH, vec![bearer(&acme), tenant("nobody")], "conflicting_credentials"),
        (BOTH, vec![bearer(&acme), tenant("")], "conflicting_credentials"),
        (HEADER_FIRST, vec![bearer(&acme), tenant("globex")], "conflicting_credentials"),
        // A key that does not hold any more is not made good by a header.
        (BOTH, vec![bearer(&old), tenant("globex")], "expired_api_key"),
        (BOTH, vec![bearer("an old one"), tenant("globex")], "expired_api_key"),
        (BOTH, vec![bearer(&nobodys), tenant("acme")], "invalid_api_key"),
        (BOTH, vec![bearer(&cut), tenant("acme")], "invalid_api_key"),
        (BOTH, vec![bearer("sk-1"), tenant("nobody")], "unknown_tenant"),
        (BOTH, vec![bearer("sk-1")], "invalid_api_key"),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, found, message) = who(identity, &headers, NOW).unwrap_err();
        assert_eq!((status, found.as_str()), (401, code), "{identity} {headers:?}: {message}");
        for secret in ["mh-", "sk-", "customer", "old one", "acme", "globex"] {
            assert!(!message.contains(secret), "{message}");
        }
    }
    assert_eq!(who(CARRIED, &[("x-tenant-id", "acme")], NOW).unwrap_err().1, "policy_required");
    assert_eq!(who(CARRIED, &[], NOW).unwrap_err().1, "policy_required");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_stands_around_a_credential_prints_none_of_it() {
    let (acme, value) = (ours(1), format!("Bearer {}", ours(1)));
    let headers = [(&b"authorization"[..], value.as_bytes()), (b"api-key", acme.as_bytes()), (b"api-key", b"x")];
    let inbound = Inbound::read(headers.into_iter(), IdentityHeaders { tenant: None, policy: None });
    let printed = format!("{inbound:?}");
    let bytes = format!("{:?}", acme.as_bytes()).replace(['[', ']'], "");
    assert!(printed.contains("authorization: Once(…), api_key: Repeated"), "{printed}");
    assert!(!printed.contains(&acme) && !printed.contains(&bytes), "{printed}");
}

/// What is missing, by the sources that there are.
#[wasm_bindgen_test(unsupported = test)]
fn a_401_says_which_sources_there_are() {
    const BY_KEY: &str =
        "This endpoint takes the tenant from an API key (`Authorization: Bearer KEY` or `api-key: KEY`)";
    let message = |identity, headers: &[(&str, &str)]| who(identity, headers, NOW).unwrap_err().2;
    assert_eq!(message(KEYS, &[]), format!("{BY_KEY}; the request has none."));
    assert_eq!(
        message(BOTH, &[]),
        format!("{BY_KEY}, or from header `x-tenant-id`, set by a trusted hop; the request has neither.")
    );
    assert_eq!(message(KEYS, &[("api-key", "x")]), "No tenant of this endpoint has this API key.");
    assert_eq!(
        message(BOTH, &[("api-key", "x")]),
        "No tenant of this endpoint has this API key, and header `x-tenant-id`, which a trusted hop sets, is not there."
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_ends_with_the_second_that_it_names() {
    const END: u64 = 1_801_353_600;
    let ci = format!("Bearer {}", ours(2));
    assert_eq!(who(KEYS, &[("authorization", &ci)], END - 1).unwrap().1, "key:ci");
    assert_eq!(who(KEYS, &[("authorization", &ci)], END).unwrap_err().1, "expired_api_key");
    // The clock is not asked for a key that never ends.
    let config = config::check(&config::parse_json(policy(KEYS).as_bytes()).unwrap()).unwrap();
    let plain = ours(1);
    let headers = [(&b"api-key"[..], plain.as_bytes())];
    let inbound = Inbound::read(headers.into_iter(), config.identity.headers());
    assert!(identify(&config, &inbound, &|| panic!("asked")).is_ok());
}

/// A carried policy stays within the entry of the tenant whose key it is.
#[wasm_bindgen_test(unsupported = test)]
fn a_key_bounds_the_policy_that_a_hop_carries() {
    let config = config::check(&config::parse_json(policy(CARRIED).as_bytes()).unwrap()).unwrap();
    let acme = ours(1);
    let carried = br#"{"clouds": ["azure"], "residency": ["us"], "models": ["m"]}"#;
    let headers = [(&b"api-key"[..], acme.as_bytes()), (b"x-tenant-policy", carried)];
    let inbound = Inbound::read(headers.into_iter(), config.identity.headers());
    let found = identify(&config, &inbound, &|| NOW).unwrap();
    assert_eq!((&*found.tenant, found.others.len()), ("acme", 2), "the ceiling, and the entry");
    assert!(Rc::ptr_eq(&found.others[1], &config.tenants["acme"]));
}
