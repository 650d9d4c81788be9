use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::cloud::Cloud;
use crate::name::Named;

/// The smallest policy that holds; the rows below put one thing into it.
const POLICY: &str = r#"{
  "endpoints": {
    "az": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}},
    "aws": {"cloud": "aws", "region": "us-east-1", "surface": "mantle", "residency": "us", "auth": "sigv4"},
    "gcp": {"cloud": "gcp", "project": "p", "location": "us", "residency": "us", "auth": "metadata"}
  },
  "models": {"m": [{"endpoint": "az", "id": "dep", "form": "openai.chat"}]},
  "tenants": {"t": {"clouds": ["azure"], "residency": ["us"], "models": ["m"]}},
  "identity": {"trust": {"listeners": ["default"]}}
}"#;

fn faults(text: &str) -> Vec<String> {
    match check(&parse_json(text.as_bytes()).unwrap()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// A file of another edition is refused for that alone, whatever else of it this one does not know.
#[wasm_bindgen_test(unsupported = test)]
fn reads_one_edition_of_the_file() {
    let of = |version: &str| POLICY.replacen('{', &format!(r#"{{"version": {version},"#), 1);
    for version in ["1", "1.0"] {
        assert_eq!(faults(&of(version)), Vec::<String>::new(), "{version}");
    }
    for (version, said) in [
        (
            "2, \"quotas\": {}",
            "version: 2 is newer than what this release reads, which is 1 (install the tool and the module of a release that reads version 2, or write the file for `version: 1`)",
        ),
        ("0", "version: there is no version 0 of the policy file, this release reads 1 (write `version: 1`)"),
        ("1.5", "version: there is no version 1.5 of the policy file, this release reads 1 (write `version: 1`)"),
        (
            r#""1""#,
            "version: expected the number 1, found a string (write `version: 1`, without quotes; a name for this policy of yours belongs into a comment)",
        ),
        ("null", "version: has no value (give it one, or take it out)"),
    ] {
        assert_eq!(faults(&of(version)), [said], "{version}");
    }
}

/// One row a fault: what is written in place of what, and what is said of it. `CLOUDS` stands for the names of all.
#[wasm_bindgen_test(unsupported = test)]
fn says_every_fault_with_its_place() {
    let clouds = Cloud::names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for (from, to, said) in [
        (
            r#""cloud": "azure""#,
            r#""cloud": "azur""#,
            "endpoints.az.cloud: unknown cloud `azur` (did you mean `azure`?)",
        ),
        (r#""resource": "r", "#, "", "endpoints.az: missing field `resource`"),
        (r#""cloud": "azure", "#, "", "endpoints.az: missing field `cloud` (one of CLOUDS)"),
        (r#""surface": "mantle", "#, "", "endpoints.aws: missing field `surface` (one of `runtime`, `mantle`)"),
        (r#", "auth": "sigv4""#, "", "endpoints.aws: missing field `auth` (one of `sigv4`, `api_key`)"),
        (r#""endpoint": "az", "#, "", "models.m[0]: missing field `endpoint` (one of `az`, `aws`, `gcp`)"),
        (
            r#", "form": "openai.chat""#,
            "",
            "models.m[0]: missing field `form` (one of `openai.chat`, `openai.responses`)",
        ),
        (r#""clouds": ["azure"], "#, "", "tenants.t: missing field `clouds` (one of CLOUDS)"),
        (r#""residency": ["us"], "#, "", "tenants.t: missing field `residency` (one of `us`)"),
        (
            r#""residency": ["us"]"#,
            r#""residency": ["US"]"#,
            "tenants.t.residency[0]: unknown residency `US` (did you mean `us`?)",
        ),
        (
            r#""residency": ["us"]"#,
            r#""residency": ["uk"]"#,
            "tenants.t.residency[0]: unknown residency `uk` (one of `us`)",
        ),
        // What stands in the place of a secret's name may be the secret: it is not repeated.
        (
            r#"{"api_key": {"sds": "k"}}"#,
            r#"{"api_key": "0123456789abcdef"}"#,
            "endpoints.az.auth.api_key: expected the name of a secret, found a string (write `{sds: NAME}`: the secret itself is in the file SDS_DIR/NAME.yaml, never in a policy)",
        ),
        (
            r#"{"api_key": {"sds": "k"}}"#,
            r#"{"entra": {"tenant": "t", "client_id": "c", "client_secret": "s3cret"}}"#,
            "endpoints.az.auth.entra.client_secret: expected the name of a secret, found a string (write `{sds: NAME}`: the secret itself is in the file SDS_DIR/NAME.yaml, never in a policy)",
        ),
        (
            r#"{"api_key": {"sds": "k"}}"#,
            r#""api_key""#,
            "endpoints.az.auth: `api_key` names no secret (write `auth: {api_key: {sds: NAME}}`: the secret itself is in the file SDS_DIR/NAME.yaml, never in a policy)",
        ),
        // A secret is shown to whatever endpoint names it.
        (
            r#""auth": "sigv4""#,
            r#""auth": {"api_key": {"sds": "k"}}"#,
            "endpoints.aws.auth: secret `k` is a key for aws here and a key for azure at endpoints.az: one of them would be shown to the other (give each secret a name of its own)",
        ),
        (
            r#""gcp": {"#,
            r#""az2": {"cloud": "azure", "resource": "s", "residency": "us", "auth": {"entra": {"tenant": "t", "client_id": "c", "client_secret": {"sds": "k"}}}},
    "gcp": {"#,
            "endpoints.az2.auth: secret `k` is a client secret for azure here and a key for azure at endpoints.az: one of them would be shown to the other (give each secret a name of its own)",
        ),
        (
            r#""gcp": {"#,
            r#""az2": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}},
    "gcp": {"#,
            "",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "R!""#,
            "endpoints.az.resource: `R!` cannot be a resource (use a-z 0-9 -)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": 7"#,
            "endpoints.az.resource: expected a string, found a number (put it in quotes)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "host": "https://x""#,
            "endpoints.az.host: `https://x` is not a host name (without scheme, port or path)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "address": "x:0""#,
            "endpoints.az.address: `x:0` is not an address (write host:port)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "address": "x:+80""#,
            "endpoints.az.address: `x:+80` is not an address (write host:port)",
        ),
        (
            r#""resource": "r""#,
            r#""resorce": "r""#,
            "endpoints.az.resorce: unknown field `resorce` (did you mean `resource`?)",
        ),
        (
            r#""cloud": "azure""#,
            r#""cluod": "azure""#,
            "endpoints.az.cluod: unknown field `cluod` (did you mean `cloud`?)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "tls": "off""#,
            "endpoints.az.tls: plain HTTP to the cloud itself would show the credential to everyone on the way (name the `address` of a proxy of your own, or leave `tls` out)",
        ),
        (r#""resource": "r""#, r#""resource": "r", "tls": "off", "address": "proxy:80""#, ""),
        (
            r#""resource": "r""#,
            r#""resource": "r", "tls": {"san": "spiffe://x"}"#,
            "endpoints.az.tls.san: `spiffe://x` is not a host name (without scheme, port or path)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "adress": "x:1""#,
            "endpoints.az.adress: unknown field `adress` (did you mean `address`?)",
        ),
        (
            r#""auth": "sigv4""#,
            r#""auth": "metadata""#,
            "endpoints.aws.auth: unknown credential for aws `metadata` (one of `sigv4`, `api_key`)",
        ),
        (
            r#""auth": "sigv4""#,
            r#""auth": "api_key""#,
            "endpoints.aws.auth: `api_key` names no secret (write `auth: {api_key: {sds: NAME}}`: the secret itself is in the file SDS_DIR/NAME.yaml, never in a policy)",
        ),
        (
            r#""auth": "sigv4""#,
            r#""auth": {"sigv4": {}}"#,
            "endpoints.aws.auth.sigv4: takes no fields (write `auth: sigv4`)",
        ),
        (
            r#""surface": "mantle""#,
            r#""surface": "mantel""#,
            "endpoints.aws.surface: unknown surface `mantel` (did you mean `mantle`?)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "path_prefix": "/openai-eu/", "key_header": "ocp-apim-subscription-key""#,
            "endpoints.az.path_prefix: `/openai-eu/` is not the beginning of a path (as `/openai-eu`, without a slash at its end)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "key_header": "Host""#,
            "endpoints.az.key_header: `Host` cannot hold a key (as `ocp-apim-subscription-key`, in lower case)",
        ),
        (
            r#""surface": "mantle""#,
            r#""surface": "mantle", "key_header": "x-key""#,
            "endpoints.aws.key_header: unknown field `key_header` (one of `cloud`, `residency`, `region`, `surface`, `auth`, `host`, `headers`, `address`, `tls`, `timeouts`, `informational`, `account`)",
        ),
        (r#""surface": "mantle""#, r#""surface": "mantle", "headers": {"openai-project": "proj_1"}"#, ""),
        (
            r#""surface": "mantle""#,
            r#""surface": "mantle", "headers": {"x-amzn-bedrock-guardrailidentifier": "g"}"#,
            "endpoints.aws.headers.x-amzn-bedrock-guardrailidentifier: unknown header of this endpoint `x-amzn-bedrock-guardrailidentifier` (one of `openai-project`)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "headers": {"authorization": "Bearer x"}"#,
            "endpoints.az.headers.authorization: unknown header of this endpoint `authorization` (one of `x-ms-oai-image-generation-deployment`, `x-ms-enable-preview`, `aoai-evals`)",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "headers": {"aoai-evals": "a\nb"}"#,
            "endpoints.az.headers.aoai-evals: is not the value of a header: up to 512 visible ASCII characters",
        ),
        (
            r#""resource": "r""#,
            r#""resource": "r", "headers": {}"#,
            "endpoints.az.headers: is empty (name at least one)",
        ),
        (r#""location": "us""#, r#""location": "global""#, ""),
        (
            r#""endpoint": "az""#,
            r#""endpoint": "azz""#,
            "models.m[0].endpoint: unknown endpoint `azz` (did you mean `az`?)",
        ),
        (
            r#""form": "openai.chat""#,
            r#""form": "openai.chats""#,
            "models.m[0].form: unknown API form `openai.chats` (did you mean `openai.chat`?)",
        ),
        (
            r#""form": "openai.chat""#,
            r#""form": []"#,
            "models.m[0].form: names no API form (one of `openai.chat`, `openai.responses`)",
        ),
        (r#""id": "dep""#, r#""id": "a b""#, "models.m[0].id: `a b` is not a model id (use a-z A-Z 0-9 . _ : / @ -)"),
        (
            r#""id": "dep""#,
            r#""id": "dep", "api_version": "v1""#,
            "models.m[0].api_version: `v1` is not an api-version (write one such as `2024-10-21`, or leave it out for the v1 API)",
        ),
        (
            r#""id": "dep""#,
            r#""id": "a/b", "api_version": "2024-10-21""#,
            "models.m[0].id: `a/b` cannot stand in a path, where the dated API wants the deployment",
        ),
        (
            r#""id": "dep""#,
            r#""id": "dep", "prefix": "/v1""#,
            "models.m[0].prefix: is for Mantle alone, and `az` is azure: take it out",
        ),
        (
            r#""id": "dep""#,
            r#""id": "dep", "weight": 1.5"#,
            "models.m[0].weight: expected a whole number from 0 to 1000000",
        ),
        (
            r#""id": "dep""#,
            r#""id": "dep", "price": {"input": -1, "output": 1}"#,
            "models.m[0].price.input: expected a number of at least 0, found a number",
        ),
        (
            r#""id": "dep""#,
            r#""id": "dep", "lacks": ["tool"]"#,
            "models.m[0].lacks[0]: unknown feature `tool` (did you mean `tools`?)",
        ),
        (
            r#"[{"endpoint": "az", "id": "dep", "form": "openai.chat"}]"#,
            "[]",
            "models.m: expected 1 to 32 targets, found 0",
        ),
        (
            r#"[{"endpoint": "az", "id": "dep", "form": "openai.chat"}]"#,
            r#"{"translate": "no", "targets": []}"#,
            "models.m.translate: expected true or false, found a string",
        ),
        (
            r#"[{"endpoint": "az", "id": "dep", "form": "openai.chat"}]"#,
            r#"{"translate": false, "target": []}"#,
            "models.m: missing field `targets`",
        ),
        (
            r#"[{"endpoint": "az", "id": "dep", "form": "openai.chat"}]"#,
            r#"{"targets": [{"endpoint": "az", "form": "openai.chat"}]}"#,
            "models.m.targets[0]: missing field `id`",
        ),
        (
            r#"{"m": [{"endpoint": "az", "id": "dep", "form": "openai.chat"}]}"#,
            "{}",
            "models: is empty (name at least one)",
        ),
        (
            r#""models": ["m"]"#,
            r#""models": ["m"], "targets": null"#,
            "tenants.t.targets: has no value (give it one, or take it out)",
        ),
        (
            r#""endpoint": "az", "id": "dep""#,
            r#""endpoint": "aws", "id": "global.x""#,
            "models.m[0]: the inference profile `global` is processed anywhere, residency `us` cannot hold (move the target to an endpoint whose residency says so)",
        ),
        (r#""models": ["m"]"#, r#""models": ["n"]"#, "tenants.t.models[0]: `n` matches no model (one of `m`)"),
        (
            r#""residency": ["us"]"#,
            r#""residency": ["usa"]"#,
            "tenants.t.residency[0]: unknown residency `usa` (did you mean `us`?)",
        ),
        (
            r#""clouds": ["azure"]"#,
            r#""clouds": ["azure", "azure"]"#,
            "tenants.t.clouds[1]: duplicate of an earlier `azure` (keep the one in the place that counts: the order is that of the attempts)",
        ),
        (r#""clouds": ["azure"], "#, "", "tenants.t: missing field `clouds` (one of CLOUDS)"),
        (
            r#""models": ["m"]"#,
            r#""models": ["m"], "order": "fastest""#,
            "tenants.t.order: unknown order `fastest` (one of `ordered`, `weighted`, `cheapest`)",
        ),
        (
            r#""models": ["m"]}},
  "identity": {"#,
            r#""models": ["m"], "order": "weighted"}},
  "identity": {"policy": {"ceiling": {"clouds": [], "residency": [], "models": [], "order": ["ordered", "cheapest"]}}, "#,
            "tenants.t.order: shares none with the ceiling's: a policy that a request carries for this tenant could have no order",
        ),
        (
            r#""models": ["m"]"#,
            r#""models": ["m"], "max_attempts": 0"#,
            "tenants.t.max_attempts: expected a whole number from 1 to 32",
        ),
        (
            r#"{"listeners": ["default"]}"#,
            "{}",
            "identity.trust: nobody may say which tenant asks (name a listener (`listeners: [default]`) or a client certificate's SAN)",
        ),
        (
            r#""identity": {"#,
            r#""identity": {"header": "Host", "#,
            "identity.header: `Host` cannot be that header (use a name of your own in lower case, such as `x-tenant-id`)",
        ),
        (
            r#""identity": {"#,
            r#""identity": {"header": "x-request-id", "#,
            "identity.header: `x-request-id` cannot be that header (use a name of your own in lower case, such as `x-tenant-id`)",
        ),
        (
            r#""identity": {"#,
            r#""listeners": {"public": {"tls": null}}, "identity": {"#,
            "listeners.public.tls: has no value (give it one, or take it out)",
        ),
        (
            r#""identity": {"#,
            r#""listeners": {"a b": {}}, "identity": {"#,
            "listeners.a b: `a b` cannot name a listener (use up to 60 of a-z A-Z 0-9 _ -)",
        ),
        (
            r#""identity": {"#,
            r#""listeners": {"public": {"cors": {"allow_origins": ["https://x.com/"]}}}, "identity": {"#,
            "listeners.public.cors.allow_origins[0]: `https://x.com/` is not an origin (write `https://chat.example.com`, or `*`)",
        ),
        (
            r#""identity": {"#,
            r#""listeners": {"public": {"cors": {"allow_origins": ["*", "http://localhost:3000"]}}}, "identity": {"#,
            "",
        ),
        (
            r#""identity": {"#,
            r#""timeouts": {"idle": "5h"}, "identity": {"#,
            "timeouts.idle: `5h` is not a time (write 500ms, 30s or 5m; at most a day)",
        ),
        (
            r#""identity": {"#,
            r#""sessions": {"tag_keys": ["0123456789abcdef"]}, "identity": {"#,
            "sessions.tag_keys[0]: `0123456789abcdef` cannot name an environment variable (name the variable that holds the key, not the key: A-Z 0-9 _, a letter first)",
        ),
        (
            r#""identity": {"#,
            r#""sessions": {"tag_keys": []}, "identity": {"#,
            "sessions.tag_keys: expected 1 to 4 environment variables, found 0",
        ),
        (
            r#""identity": {"#,
            r#""limits": {"body_bytes": 0}, "identity": {"#,
            "limits.body_bytes: expected a whole number from 1 to 67108864",
        ),
    ] {
        assert!(POLICY.contains(from), "{from}");
        let found = faults(&POLICY.replacen(from, to, 1));
        match said.replace("CLOUDS", &clouds).as_str() {
            "" => assert_eq!(found, [""; 0], "{to}"),
            said => assert!(found.iter().any(|fault| fault == said), "{to}:\n{found:#?}\n{said}"),
        }
    }
    assert_eq!(faults(POLICY), [""; 0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn says_all_faults_at_once_and_none_twice() {
    let text =
        POLICY.replace(r#""cloud": "azure""#, r#""cloud": "azur""#).replace(r#""models": ["m"]"#, r#""models": ["n"]"#);
    assert_eq!(faults(&text).len(), 2, "{:#?}", faults(&text));
    // That the endpoints have faults makes none of what names them.
    let text = POLICY
        .replace(r#""cloud": ""#, r#""cloud": "x"#)
        .replace(r#""models": ["m"]"#, r#""models": ["m"], "targets": ["a*"]"#);
    assert_eq!(faults(&text).len(), 3, "{:#?}", faults(&text));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_plugin_says_which_role_it_has() {
    assert!(
        matches!(parse_role(br#"{"role":"attempt","endpoint":"az"}"#), Ok(Role::Attempt { endpoint }) if endpoint == "az")
    );
    let edge = format!(r#"{{"role":"edge","policy":{POLICY},"metadata":"m"}}"#);
    assert!(matches!(parse_role(edge.as_bytes()), Ok(Role::Edge { detour: None, metadata: Some(m), .. }) if m == "m"));
    let edge = format!(r#"{{"role":"edge","policy":{POLICY},"metadata":"m","detour":"d"}}"#);
    assert!(matches!(parse_role(edge.as_bytes()), Ok(Role::Edge { detour: Some(d), .. }) if d == "d"));
    let header = format!(r#"{{"role":"header","policy":{POLICY},"metadata":"m","hosts":["llm.contoso.test"]}}"#);
    assert!(matches!(parse_role(header.as_bytes()), Ok(Role::Header { hosts, .. }) if hosts == ["llm.contoso.test"]));
    for bad in [
        "",
        "{}",
        &header.replace(r#","hosts":["llm.contoso.test"]"#, ""),
        &header.replace(r#","metadata":"m""#, ""),
        r#"{"role":"edge"}"#,
        r#"{"role":"edges","policy":{}}"#,
        r#"{"role":"attempt"}"#,
        r#"{"role":"attempt","endpoint":"a","x":1}"#,
        &edge.replace(r#""detour":"d""#, r#""detour":"""#),
        &edge.replace(r#""detour":"d""#, r#""detour":"d e""#),
        &edge.replace(r#","metadata":"m""#, ""),
    ] {
        assert!(parse_role(bad.as_bytes()).is_err_and(|faults| !faults.is_empty()), "{bad}");
    }
}
