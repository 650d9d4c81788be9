//! The endpoints' part of the schema: what each cloud takes.

use multihome_core::cloud::Cloud;
use multihome_core::cloud::openai::DataResidency;
use multihome_core::name::Named;
use serde_json::{Map, Value, json};

use super::{ADDRESS, HEADER, HOST, LABEL, SEGMENT, object, reference, text, with};

/// One endpoint of any cloud.
pub fn endpoint() -> Value {
    // Not `oneOf`: an editor then shows the faults of the cloud that is meant, not of all.
    let rules: Vec<Value> = Cloud::ALL
        .iter()
        .map(|cloud| match cloud {
            Cloud::Azure => of_cloud(*cloud, &["resource"], azure(), azure_auth()),
            Cloud::Aws => of_cloud(*cloud, &["region", "surface"], aws(), aws_auth()),
            Cloud::Gcp => of_cloud(*cloud, &["project", "location"], gcp(), gcp_auth()),
            Cloud::OpenAi => of_cloud(*cloud, &[], openai(), openai_auth()),
        })
        .collect();
    json!({
        "description": "One account, region and API surface of one cloud.",
        "type": "object",
        "required": ["cloud"],
        "properties": {"cloud": {"enum": Cloud::names()}},
        "allOf": rules,
    })
}

fn of_cloud(cloud: Cloud, required: &[&str], own: Vec<(&str, Value)>, auth: Value) -> Value {
    let headers = headers(cloud);
    let cloud = cloud.name();
    let mut properties = Map::new();
    properties.insert("cloud".to_owned(), json!({"description": "The cloud.", "const": cloud}));
    for (name, field) in own.into_iter().chain(common()).chain([("auth", auth), ("headers", headers)]) {
        properties.insert(name.to_owned(), field);
    }
    let mut names = vec!["cloud", "residency", "auth"];
    names.extend(required);
    json!({
        "if": {"properties": {"cloud": {"const": cloud}}, "required": ["cloud"]},
        "then": {"additionalProperties": false, "required": names, "properties": properties},
    })
}

fn headers(cloud: Cloud) -> Value {
    let names: Vec<&str> = cloud.headers().collect();
    json!({
        "description": "Headers that Envoy adds to every request to this endpoint. `check` knows which of these names it takes.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"enum": names},
        "additionalProperties": {"type": "string", "pattern": VALUE},
    })
}

/// Visible ASCII, with spaces inside.
const VALUE: &str = "^[!-~]([ -~]{0,510}[!-~])?$";

fn common() -> Vec<(&'static str, Value)> {
    vec![
        (
            "residency",
            json!({"description": "Where data is processed: a label of the operator's choice, which tenants accept or not.", "type": "string", "minLength": 1}),
        ),
        ("host", text("Replaces the host name that follows from the fields above.", HOST)),
        (
            "address",
            text(
                "Where to connect, as HOST:PORT: private links, egress proxies, tests. Default: the host name, port 443.",
                ADDRESS,
            ),
        ),
        ("tls", reference("tls")),
        ("timeouts", reference("timeouts")),
        (
            "account",
            text(
                "The account that it belongs to, where several endpoints share one: what one of them made, the others can read. Default: the endpoint's name.",
                LABEL,
            ),
        ),
        (
            "informational",
            json!({"description": "`absorb`, for a cloud that sends informational responses (100, 102, 103): they end within Envoy, at the price of one more hop.", "const": "absorb"}),
        ),
    ]
}

fn azure() -> Vec<(&'static str, Value)> {
    vec![
        ("resource", text("The name of the resource: `NAME` of NAME.openai.azure.com.", LABEL)),
        ("region", text("Where it stands: shown to clients, and held against the residency.", LABEL)),
        (
            "path_prefix",
            text(
                "What stands before the API's own paths, where API Management is in front of it: `/openai-eu`.",
                "^(/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)+$",
            ),
        ),
        (
            "key_header",
            with(
                text(
                    "The header that `auth: {api_key: …}` puts the key into; API Management has `ocp-apim-subscription-key`.",
                    HEADER,
                ),
                "default",
                json!("api-key"),
            ),
        ),
    ]
}

fn azure_auth() -> Value {
    let entra = object(
        "Entra ID's client credentials: Envoy fetches and renews the token.",
        &["tenant", "client_id", "client_secret"],
        [
            ("tenant", text("The directory's id.", SEGMENT)),
            ("client_id", json!({"description": "The application's id.", "type": "string", "minLength": 1})),
            ("client_secret", reference("secret")),
            (
                "scope",
                json!({"description": "What the token is for.", "type": "string", "minLength": 1, "default": "https://cognitiveservices.azure.com/.default"}),
            ),
            (
                "token_endpoint",
                object(
                    "Where tokens are issued, if not at login.microsoftonline.com.",
                    &[],
                    [
                        ("host", text("Its host name.", HOST)),
                        ("address", text("Where to connect, as HOST:PORT.", ADDRESS)),
                        ("tls", reference("tls")),
                    ],
                ),
            ),
        ],
    );
    json!({"description": "How Envoy proves who we are.", "oneOf": [only("api_key", reference("secret")), only("entra", entra)]})
}

fn aws() -> Vec<(&'static str, Value)> {
    vec![
        ("region", text("The region, as in us-east-1.", LABEL)),
        (
            "surface",
            json!({"description": "`runtime` is bedrock-runtime, `mantle` bedrock-mantle.", "enum": ["runtime", "mantle"]}),
        ),
    ]
}

fn aws_auth() -> Value {
    json!({
        "description": "How Envoy proves who we are: by signing with the credentials that AWS's SDKs would find too, or by a Bedrock API key.",
        "oneOf": [{"const": "sigv4"}, only("api_key", reference("secret"))],
    })
}

fn gcp() -> Vec<(&'static str, Value)> {
    vec![
        ("project", text("The project's id.", LABEL)),
        ("location", text("The location: `global`, `us`, `eu` or a region.", LABEL)),
    ]
}

fn gcp_auth() -> Value {
    json!({
        "description": "How we prove who we are: by tokens of the machine's service account, or by a token that somebody keeps fresh in a secret's file.",
        "oneOf": [{"const": "metadata"}, only("token", reference("secret"))],
    })
}

fn openai() -> Vec<(&'static str, Value)> {
    vec![
        (
            "data_residency",
            json!({"description": "Where OpenAI keeps and processes data: the host is NAME.api.openai.com. Without it, anywhere: api.openai.com.", "enum": DataResidency::names()}),
        ),
        ("organization", text("The id of the organization, where the key has several: `org-…`.", SEGMENT)),
        ("project", text("The id of the project, where the key has several: `proj_…`.", SEGMENT)),
    ]
}

fn openai_auth() -> Value {
    json!({"description": "How Envoy proves who we are.", "oneOf": [only("api_key", reference("secret"))]})
}

/// Where Google's metadata server answers.
pub fn metadata() -> Value {
    let address = with(text("As HOST:PORT.", ADDRESS), "default", json!("169.254.169.254:80"));
    object("Google's metadata server.", &["address"], [("address", address)])
}

/// TLS to a cloud.
pub fn tls() -> Value {
    let name = |description: &str| json!({"description": description, "type": "string", "minLength": 1});
    let details = object(
        "TLS to the cloud.",
        &[],
        [
            ("ca_file", name("The authorities, PEM. Default: the system's.")),
            ("sni", name("The server name to ask for. Default: the host name.")),
            ("san", name("The name that the certificate must hold. Default: the server name.")),
        ],
    );
    json!({
        "description": "How the connection is secured. `off` speaks plain HTTP. Default: TLS with the system's authorities and the host's name.",
        "anyOf": [{"enum": ["off", false]}, details],
    })
}

/// A secret by name.
pub fn secret() -> Value {
    object(
        "A secret that Envoy reads.",
        &["sds"],
        [("sds", text("Its name: the file NAME.yaml in the folder that `render --sds-dir` names.", SEGMENT))],
    )
}

fn only(key: &str, value: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "required": [key], "properties": {key: value}})
}
