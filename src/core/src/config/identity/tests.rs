use wasm_bindgen_test::wasm_bindgen_test;

use crate::config::{Config, Faulty, Key, KeySet, check_with_keys, keys_file, parse_json, parse_role};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A policy with these keys of `t`, and that identity.
fn policy(keys: &str, identity: &str) -> String {
    let entry = r#""clouds": ["azure"], "residency": ["us"], "models": ["m"]"#;
    format!(
        r#"{{
  "endpoints": {{"az": {{"cloud": "azure", "resource": "r", "residency": "us", "auth": {{"api_key": {{"sds": "k"}}}}}}}},
  "models": {{"m": [{{"endpoint": "az", "id": "dep", "form": "openai.chat"}}]}},
  "tenants": {{"t": {{{entry}, "keys": {keys}}}, "u": {{{entry}}}}},
  "identity": {identity}
}}"#
    )
}

fn checked(policy: &str, keys: Option<&str>) -> Result<Config, Faulty> {
    let keys = keys.map(|keys| parse_json(keys.as_bytes()).unwrap());
    check_with_keys(&parse_json(policy.as_bytes()).unwrap(), keys.as_ref())
}

/// All faults, those of the file of keys behind `keys: `.
fn faults(policy: &str, keys: Option<&str>) -> Vec<String> {
    let Err(faulty) = checked(policy, keys) else { return Vec::new() };
    let of_keys = faulty.keys.iter().map(|fault| format!("keys: {fault}"));
    faulty.policy.iter().map(ToString::to_string).chain(of_keys).collect()
}

const KEYS: &str = r#"[{"keys": {}}]"#;

#[wasm_bindgen_test(unsupported = test)]
fn says_every_fault_of_a_key() {
    let one = |fields: &str| format!(r#"[{{{fields}}}]"#);
    for (keys, said) in [
        (
            "{}".to_owned(),
            "tenants.t.keys: expected a list of keys, found a map (write `- sha256: …`, as `multihome key new` prints it)",
        ),
        (one(""), "tenants.t.keys[0]: missing field `sha256`"),
        (
            one(r#""sha256": "mh-0123456789""#),
            "tenants.t.keys[0].sha256: is no SHA-256, which has 64 hexadecimal digits (write what `multihome key new` prints, or the output of `printf %s KEY | sha256sum`; never the key itself)",
        ),
        (
            one(&format!(r#""sha256": "{A}", "name": "the ci job""#)),
            "tenants.t.keys[0].name: `the ci job` cannot name a key (use up to 64 of A-Z a-z 0-9 . _ -)",
        ),
        (
            one(&format!(r#""sha256": "{A}", "expires": "2027-01-31""#)),
            "tenants.t.keys[0].expires: `2027-01-31` is no time (write it in UTC, as `2027-01-31T00:00:00Z`)",
        ),
        (
            one(&format!(r#""sha256": "{A}", "expire": "2027-01-31T00:00:00Z""#)),
            "tenants.t.keys[0].expire: unknown field `expire` (did you mean `expires`?)",
        ),
        (
            format!(r#"[{{"sha256": "{A}"}}, {{"sha256": "{}"}}]"#, A.to_uppercase()),
            "tenants.t.keys[1].sha256: is the key that tenants.t.keys[0] is (keep one of them: a key names one tenant)",
        ),
    ] {
        assert_eq!(faults(&policy(&keys, KEYS), None), [said], "{keys}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn says_every_fault_of_a_file_of_keys() {
    let identity = r#"[{"keys": {"file": "keys.yaml"}}]"#;
    let own = format!(r#"[{{"sha256": "{A}"}}]"#);
    for (keys, said) in [
        (r#"{}"#.to_owned(), "keys: missing field `tenants`"),
        (r#"{"tenants": [], "x": 1}"#.to_owned(), "keys: tenants: expected a map, found a list"),
        (
            r#"{"tenants": {"v": []}}"#.to_owned(),
            "keys: tenants.v: `tenants` of the policy has no `v` (list the tenant there, or take its keys out)",
        ),
        (
            format!(r#"{{"tenants": {{"u": [{{"sha256": "{B}"}}, {{"sha256": "{A}"}}]}}}}"#),
            "keys: tenants.u[1].sha256: is the key that tenants.t.keys[0] of the policy is (keep one of them: a key names one tenant)",
        ),
        (
            format!(r#"{{"tenants": {{"t": [{{"sha256": "{B}"}}], "u": [{{"sha256": "{B}"}}]}}}}"#),
            "keys: tenants.u[0].sha256: is the key that tenants.t[0] is (keep one of them: a key names one tenant)",
        ),
    ] {
        let found = faults(&policy(&own, identity), Some(&keys));
        assert_eq!(found.first().map(String::as_str), Some(said), "{keys}: {found:?}");
    }
    assert_eq!(faults(&policy(&own, identity), None), ["identity: the file of keys `keys.yaml` was not read along"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn says_every_fault_of_the_sources() {
    let header = r#"{"header": "x-tenant-id", "trust": {"listeners": ["default"]}}"#;
    for (identity, said) in [
        (
            "[]".to_owned(),
            "identity: no request could name a tenant (write `- keys: {}`, `- jwt: {…}` or `- header: x-tenant-id`)",
        ),
        (
            r#"[{"token": {}}]"#.to_owned(),
            "identity[0]: names no source (write `- keys: {}`, `- jwt: {…}` or `- header: x-tenant-id`)",
        ),
        (r#"[{"keys": {}}, {"header": "x-tenant-id"}]"#.to_owned(), "identity[1]: missing field `trust`"),
        (
            r#"[{"keys": {}}, {"header": "api-key", "trust": {"listeners": ["default"]}}]"#.to_owned(),
            "identity[1].header: `api-key` cannot be that header (use a name of your own in lower case, such as `x-tenant-id`)",
        ),
        (
            r#"[{"keys": {}, "header": "x-tenant-id"}]"#.to_owned(),
            "identity[0].header: a source is one of `keys`, `jwt` and `header`: make it an item of its own",
        ),
        (r#"[{"keys": {"fil": "x"}}]"#.to_owned(), "identity[0].keys.fil: unknown field `fil` (did you mean `file`?)"),
        (
            format!("[{header}, {header}]"),
            "identity[1]: is of the same kind as identity[0] (make one source of the two)",
        ),
        (
            r#"[{"keys": {}}, {"keys": {}}]"#.to_owned(),
            "identity[1]: is of the same kind as identity[0] (make one source of the two)",
        ),
    ] {
        let found = faults(&policy("[]", &identity), None);
        assert_eq!(found, [said], "{identity}");
    }
    let own = format!(r#"[{{"sha256": "{A}"}}]"#);
    assert_eq!(
        faults(&policy(&own, header), None),
        [
            "tenants.t.keys[0]: counts for nothing: API keys are no source of `identity` (make `identity` a list, and add `- keys: {}` to it)"
        ]
    );
    // A map is the one source that it describes, as it always was.
    assert_eq!(faults(&policy("[]", header), None), Vec::<String>::new());
    assert_eq!(faults(&policy(&own, r#"{"keys": {}}"#), None), Vec::<String>::new());
}

#[wasm_bindgen_test(unsupported = test)]
fn finds_keys_of_both_files() {
    let identity = r#"[{"keys": {"file": "keys.yaml"}}]"#;
    let policy = policy(&format!(r#"[{{"sha256": "{A}", "name": "ci"}}]"#), identity);
    let keys = format!(r#"{{"tenants": {{"u": [{{"sha256": "{B}", "expires": "2027-01-31T00:00:00Z"}}]}}}}"#);
    assert_eq!(keys_file(&parse_json(policy.as_bytes()).unwrap()), Some("keys.yaml"));
    let config = checked(&policy, Some(&keys)).unwrap();
    let told = |key: &Key| (key.tenant.to_string(), key.place().to_string(), key.expires);
    let mut found: Vec<_> = config.keys.iter().map(told).collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("t".to_owned(), "tenants.t.keys[0]".to_owned(), None),
            ("u".to_owned(), "tenants.u[0]".to_owned(), Some(1_801_353_600)),
        ]
    );
    let other = keys.replace(B, &B.replace('b', "c"));
    assert_ne!(checked(&policy, Some(&other)).unwrap().version, config.version, "keys are part of what decides");
    let plugin = |keys: &str| format!(r#"{{"role": "edge", "policy": {policy}, "keys": {keys}}}"#);
    assert!(parse_role(plugin(&keys).as_bytes()).is_ok());
    let wrong = parse_role(plugin(&keys.replace("\"u\"", "\"v\"")).as_bytes()).unwrap_err();
    assert!(wrong.iter().any(|fault| fault.to_string().starts_with("keys: tenants.v: ")), "{wrong:?}");
}

/// What a request carries is policy, and can hold no keys.
#[wasm_bindgen_test(unsupported = test)]
fn neither_a_ceiling_nor_a_carried_policy_has_keys() {
    let ceiling = r#"{"clouds": ["azure"], "residency": ["us"], "models": ["m"], "keys": []}"#;
    let identity = format!(r#"{{"trust": {{"listeners": ["default"]}}, "policy": {{"ceiling": {ceiling}}}}}"#);
    let found = faults(&policy("[]", &identity), None);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("identity.policy.ceiling.keys: unknown field `keys`"), "{found:?}");
    assert!(
        crate::config::parse_grant(ceiling.as_bytes(), &checked(&policy("[]", KEYS), None).unwrap().defaults).is_err()
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn says_every_fault_of_tokens() {
    let ceiling = r#"{"clouds": ["azure"], "residency": ["us"], "models": ["m"]}"#;
    let whole = r#""issuer": "https://idp", "audiences": ["llm"], "jwks": "keys.json""#;
    for (fields, said) in [
        (r#""audiences": ["llm"], "jwks": "k""#.to_owned(), "identity[0].jwt: missing field `issuer`"),
        (
            r#""issuer": "i", "audiences": [], "jwks": "k""#.to_owned(),
            "identity[0].jwt.audiences: names nobody: a token could be meant for anyone (name what the issuer writes into `aud` of tokens for this endpoint)",
        ),
        (r#""issuer": "i", "jwks": "k""#.to_owned(), "identity[0].jwt: missing field `audiences`"),
        (r#""issuer": "i", "audiences": ["a"]"#.to_owned(), "identity[0].jwt: missing field `jwks`"),
        (
            r#""issuer": "i", "audiences": ["a"], "jwks": "ftp://x/y""#.to_owned(),
            "identity[0].jwt.jwks: `ftp://x/y` is no address of keys (write `https://idp.example.com/keys`, or the name of a file)",
        ),
        (
            r#""issuer": "i", "audiences": ["a"], "jwks": {"uri": "https://x"}"#.to_owned(),
            "identity[0].jwt.jwks.uri: `https://x` is no address of keys (write `https://idp.example.com/keys`, or the name of a file)",
        ),
        (
            format!(r#"{whole}, "policy_claim": "p""#),
            "identity[0].jwt.policy_claim: needs a ceiling (write `policy: {ceiling: {…}}`: nothing beyond it is allowed, whatever a token says)",
        ),
        (
            format!(r#"{whole}, "policy": {{"ceiling": {ceiling}}}"#),
            "identity[0].jwt.policy: needs the claim that carries a policy (name it: `policy_claim: multihome`)",
        ),
        (
            format!(r#"{whole}, "policy_claim": "tenant", "policy": {{"ceiling": {ceiling}}}"#),
            "identity[0].jwt.policy_claim: `tenant` already names the tenant",
        ),
        (format!(r#"{whole}, "claim": "t""#), "identity[0].jwt.claim: unknown field `claim`"),
        (
            format!(r#"{whole}, "tenants": []"#),
            "identity[0].jwt.tenants: names nobody (name tenants, as `acme` or `partner-*`, or leave it out)",
        ),
        (
            format!(r#"{whole}, "name": "our staff""#),
            "identity[0].jwt.name: `our staff` cannot name a source (use up to 64 of A-Z a-z 0-9 . _ -)",
        ),
    ] {
        let found = faults(&policy("[]", &format!(r#"[{{"jwt": {{{fields}}}}}]"#)), None);
        assert!(found.len() == 1 && found[0].starts_with(said), "{fields}: {found:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn several_issuers_are_told_apart() {
    let own = r#"{"issuer": "https://idp", "audiences": ["llm", "eu"], "jwks": "keys.json"}"#;
    for (other, said) in [
        (r#"{"issuer": "https://partner", "audiences": ["llm"], "jwks": "partner.json"}"#, &[][..]),
        (r#"{"issuer": "https://idp", "audiences": ["batch"], "jwks": "keys.json"}"#, &[]),
        (
            r#"{"issuer": "https://idp", "audiences": ["batch", "eu"], "jwks": "keys.json"}"#,
            &[
                "identity[1].jwt.audiences: `eu` of this issuer is identity[0].jwt's already (name each audience once, or make one source of the two)",
            ],
        ),
        (
            r#"{"issuer": "https://idp", "audiences": ["batch"], "jwks": "https://idp/keys"}"#,
            &[
                "identity[1].jwt.jwks: differs from identity[0].jwt's, and both are of the issuer https://idp (write one `jwks` for both: a set of keys may hold several)",
            ],
        ),
    ] {
        let found =
            faults(&policy("[]", &format!(r#"[{{"jwt": {own}}}, {{"jwt": {other}}}, {{"keys": {{}}}}]"#)), None);
        assert_eq!(found, said, "{other}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn finds_where_the_keys_of_tokens_are() {
    for (jwks, host, port, san) in [
        (r#""https://idp.test/keys""#, "idp.test", 443, Some("idp.test")),
        (r#""https://idp.test:8443/a?b=c""#, "idp.test", 8443, Some("idp.test")),
        (r#""http://127.0.0.1:9/keys""#, "127.0.0.1", 9, None),
        (r#"{"uri": "https://idp.test:8443/keys"}"#, "idp.test", 8443, Some("idp.test")),
        (
            r#"{"uri": "https://idp.test/keys", "address": "10.0.0.1:1", "tls": {"ca_file": "ca.pem"}}"#,
            "10.0.0.1",
            1,
            Some("idp.test"),
        ),
        (r#"{"uri": "http://idp.test/keys", "address": "10.0.0.1:1"}"#, "10.0.0.1", 1, None),
    ] {
        let identity = format!(r#"[{{"jwt": {{"issuer": "i", "audiences": ["a"], "jwks": {jwks}}}}}]"#);
        let config = checked(&policy("[]", &identity), None).unwrap();
        let Some(KeySet::Uri(keys)) = config.identity.tokens().next().map(|token| &token.keys) else {
            panic!("{jwks}")
        };
        let found = (keys.address.host.as_str(), keys.address.port, keys.tls.as_ref().map(|tls| tls.san.as_str()));
        assert_eq!(found, (host, port, san), "{jwks}");
    }
}
