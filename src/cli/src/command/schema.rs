//! The JSON Schema of the policy file, for editors and for whoever makes policies by machine.
//!
//! What a schema can say, it says: shapes, names, ranges. What holds between the parts of a file (that a target's
//! endpoint exists, that a pattern matches something) only `multihome check` knows. Nothing is refused here that
//! `check` takes.

mod endpoint;
mod identity;

use multihome_core::api::feature::Feature;
use multihome_core::config::{Order, edition};
use multihome_core::{cloud::Cloud, form::Form, name::Named};
use serde_json::{Map, Value, json};

use crate::outcome::Outcome;

/// Prints it.
pub fn run() -> Outcome {
    Outcome::done(format!("{:#}\n", policy()))
}

/// The schema.
fn policy() -> Value {
    let mut schema = object(
        "A Multihome policy: which accounts on which clouds serve which models to which tenants.",
        &["endpoints", "models", "identity"],
        [
            (
                "version",
                json!({
                    "description": "The edition of the file's format. Without it, 1. A release refuses a file of an edition that it does not read.",
                    "const": edition::READ,
                    "default": edition::READ,
                }),
            ),
            (
                "endpoints",
                named(
                    "The accounts. Each is one account, region and API surface of one cloud, and becomes one Envoy cluster.",
                    ENDPOINT_NAME,
                    reference("endpoint"),
                ),
            ),
            ("models", named("The models, by the name that clients ask for.", MODEL, models())),
            ("tenants", named("The tenants, by name. What is not listed is not allowed.", TENANT, reference("tenant"))),
            ("identity", identity::identity()),
            (
                "listeners",
                named(
                    "Listeners that need more than an address, by the name that `render --listen NAME=ADDRESS` gives them.",
                    ANY_NAME,
                    listener(),
                ),
            ),
            ("gcp", object("What holds for all of Google Cloud.", &[], [("metadata", endpoint::metadata())])),
            ("defaults", defaults()),
            ("limits", limits()),
            ("timeouts", timeouts()),
            ("sessions", sessions()),
        ],
    );
    if let Value::Object(members) = &mut schema {
        let mut head = Map::new();
        head.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        head.insert("title".to_owned(), json!("Multihome policy"));
        head.append(members);
        head.insert(
            "$defs".to_owned(),
            json!({"endpoint": endpoint::endpoint(), "target": target(), "grant": grant(), "tenant": tenant(), "source": identity::source(), "feature": {"enum": Feature::names()}, "tls": endpoint::tls(), "timeouts": own_timeouts(), "secret": endpoint::secret()}),
        );
        *members = head;
    }
    schema
}

const ANY_NAME: &str = "^.*$";
const ENDPOINT_NAME: &str = "^[A-Za-z0-9_-]{1,60}$";
const MODEL: &str = "^[A-Za-z0-9._:/@-]{1,256}$";
/// Visible ASCII without `,`, `;`, `"` and `\`.
const TENANT: &str = "^[!#-+\\-.-:<-\\[\\]-~]{1,128}$";
const SEGMENT: &str = "^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$";
const LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
const HOST: &str = "^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$";
const ADDRESS: &str = "^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?:[0-9]{1,5}$";
const HEADER: &str = "^[a-z0-9_-]{1,64}$";
const TIME: &str = "^\\+?[0-9]+(ms|s|m)$";
const API_VERSION: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$";

fn models() -> Value {
    let targets = json!({
        "description": "The targets that can serve the model, in the order of preference.",
        "type": "array",
        "minItems": 1,
        "maxItems": 32,
        "items": reference("target"),
    });
    let model = object(
        "The targets, and what holds for all of them.",
        &["targets"],
        [
            (
                "translate",
                translate("Whether the model's targets may serve an API that they do not speak, by translation."),
            ),
            ("targets", targets.clone()),
        ],
    );
    json!({"description": "A list of targets, or a map that says something of all of them.", "anyOf": [targets, model]})
}

fn translate(description: &str) -> Value {
    json!({"description": description, "type": "boolean", "default": true})
}

fn target() -> Value {
    object(
        "A model on an endpoint.",
        &["endpoint", "id", "form"],
        [
            ("endpoint", text("The name of an endpoint of this file.", ENDPOINT_NAME)),
            ("id", text("The cloud's own model id; on Azure the name of the deployment.", MODEL)),
            (
                "form",
                one_or_more(
                    "The API forms that the target speaks. A request goes to no target that does not speak its form.",
                    &Form::names(),
                ),
            ),
            (
                "api_version",
                text(
                    "Azure only: the dated API, which names the deployment in the path. Without it, Azure's v1 API.",
                    API_VERSION,
                ),
            ),
            (
                "prefix",
                json!({"description": "Bedrock Mantle only: the path prefix, for a model family whose prefix is not known yet.", "enum": ["/openai/v1", "/v1"]}),
            ),
            (
                "price",
                object(
                    "US dollars for a million tokens; what `order: cheapest` compares. A target without a price comes last there.",
                    &["input", "output"],
                    [("input", amount("Of the request.")), ("output", amount("Of the completion."))],
                ),
            ),
            (
                "weight",
                integer(
                    "The share under `order: weighted`; 0 is asked only after the others.",
                    0,
                    1_000_000,
                    Some(json!(1)),
                ),
            ),
            ("translate", translate("Whether it may serve an API that it does not speak, by translation.")),
            ("lacks", list("Features that a request must not use to be sent here.", reference("feature"))),
        ],
    )
}

fn grant() -> Value {
    object("What may be used: what all parts name together.", &GRANT_REQUIRED, grant_fields())
}

/// An entry of the file: a carried policy and the ceiling have no keys.
fn tenant() -> Value {
    let mut tenant = object(
        "What a tenant may use: what all parts name together; and its API keys.",
        &GRANT_REQUIRED,
        grant_fields(),
    );
    if let Some(Value::Object(fields)) = tenant.get_mut("properties") {
        fields.insert("keys".to_owned(), identity::keys());
    }
    tenant
}

const GRANT_REQUIRED: [&str; 3] = ["clouds", "residency", "models"];

fn grant_fields() -> [(&'static str, Value); 9] {
    [
        ("clouds", {
            let clouds = list(
                "The clouds. With `order: ordered` this is also the order in which they are tried.",
                json!({"enum": Cloud::names()}),
            );
            with(clouds, "uniqueItems", json!(true))
        }),
        ("residency", list("The residency labels, as the endpoints have them.", string())),
        ("models", list("The models; `*` stands for any run of characters.", string())),
        ("targets", list("The endpoints by name, `*` as above. Without it, any that the rest allows.", string())),
        (
            "order",
            one_or_more(
                "How targets are ranked. Of several the first is the default, and a request may pick another (`x-multihome-order`).",
                &Order::names(),
            ),
        ),
        ("max_attempts", integer("The most targets that one request may try.", 1, 32, None)),
        ("denies", list("The features that no request may use.", reference("feature"))),
        (
            "foreign_reasoning",
            json!({
                "description": "What becomes of a conversation whose account fails: `keep` stays with it, `drop` goes on at the next target without the reasoning that only that account can read.",
                "enum": ["keep", "drop"],
                "default": "keep",
            }),
        ),
        ("translate", translate("Whether requests may be translated for targets that do not speak the client's API.")),
    ]
}

fn listener() -> Value {
    let file = |description: &str| json!({"description": description, "type": "string", "minLength": 1});
    object(
        "One listener.",
        &[],
        [
            (
                "tls",
                object(
                    "Speaks TLS. Without it, plain HTTP.",
                    &["certificate_file", "key_file"],
                    [
                        ("certificate_file", file("The certificate chain, PEM, as Envoy will find it.")),
                        ("key_file", file("Its key, PEM.")),
                        (
                            "client_ca_file",
                            file("The authority of client certificates, PEM: with it a client may show one."),
                        ),
                    ],
                ),
            ),
            (
                "cors",
                object(
                    "Lets pages in browsers call this listener.",
                    &["allow_origins"],
                    [("allow_origins", list("The origins, exact (`https://chat.example.com`), or `*`.", string()))],
                ),
            ),
        ],
    )
}

fn defaults() -> Value {
    object(
        "What holds where a tenant or a request says nothing.",
        &[],
        [
            ("order", json!({"description": "How targets are ranked.", "enum": Order::names(), "default": "ordered"})),
            ("max_attempts", integer("The most targets that one request may try.", 1, 32, Some(json!(3)))),
            (
                "max_tokens",
                integer(
                    "The length that `cheapest` assumes for a completion whose request sets no limit.",
                    1,
                    10_000_000,
                    Some(json!(1024)),
                ),
            ),
        ],
    )
}

fn sessions() -> Value {
    object(
        "How what a client brings back of earlier responses finds the account that made it.",
        &[],
        [(
            "tag_keys",
            json!({
                "description": "The environment variables of Envoy that hold the keys of tags (32 characters at least): the first one's makes them, all are taken.",
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
            }),
        )],
    )
}

fn limits() -> Value {
    object(
        "Sizes and numbers beyond which a request is refused.",
        &[],
        [
            (
                "body_bytes",
                integer("The largest request body, in bytes; above it 413.", 1, 64 << 20, Some(json!(8 << 20))),
            ),
            (
                "held_requests",
                integer(
                    "How many requests may wait for the rest of their body at once, in each worker; above it 503.",
                    1,
                    50_000,
                    Some(json!(4096)),
                ),
            ),
            (
                "held_bytes",
                integer(
                    "How many bytes the bodies of these may have together, in each worker; above it 503.",
                    1,
                    64 << 30,
                    Some(json!(256 << 20)),
                ),
            ),
        ],
    )
}

fn timeouts() -> Value {
    object(
        "How long Envoy waits.",
        &[],
        [
            ("connect", with(time("For a connection to a cloud."), "default", json!("5s"))),
            ("first_byte", with(time(FIRST_BYTE), "default", json!("60s"))),
            ("whole", with(time(WHOLE), "default", json!("600s"))),
            ("idle", with(time("Without a byte in either direction."), "default", json!("300s"))),
        ],
    )
}

/// What an endpoint says of its own.
fn own_timeouts() -> Value {
    object(
        "How long Envoy waits for this endpoint, where it is not as the file's `timeouts` say. For the tries of one request Envoy takes the longest time that an endpoint of its plan has.",
        &[],
        [("connect", time("For a connection.")), ("first_byte", time(FIRST_BYTE)), ("whole", time(WHOLE))],
    )
}

const FIRST_BYTE: &str =
    "From a request to the first byte of a streamed response; after it Envoy tries the next target.";
const WHOLE: &str = "The same for a response that is not streamed: it begins when the model is done.";

fn time(description: &str) -> Value {
    json!({"description": format!("{description} As `500ms`, `30s` or `5m`."), "type": "string", "pattern": TIME})
}

/// A map of known fields; what stands in `required` must be there, and nothing else may.
fn object<const N: usize>(description: &str, required: &[&str], fields: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
    let object =
        json!({"description": description, "type": "object", "additionalProperties": false, "properties": properties});
    if required.is_empty() { object } else { with(object, "required", json!(required)) }
}

/// A map whose keys are names of the operator's choice.
fn named(description: &str, pattern: &str, value: Value) -> Value {
    json!({"description": description, "type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": value})
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/$defs/{definition}")})
}

fn string() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn text(description: &str, pattern: &str) -> Value {
    json!({"description": description, "type": "string", "pattern": pattern})
}

fn header(description: &str, default: &str) -> Value {
    json!({"description": description, "type": "string", "pattern": HEADER, "default": default})
}

fn list(description: &str, items: Value) -> Value {
    json!({"description": description, "type": "array", "items": items})
}

fn one_or_more(description: &str, names: &[&str]) -> Value {
    json!({"description": description, "anyOf": [{"enum": names}, {"type": "array", "minItems": 1, "items": {"enum": names}}]})
}

fn amount(description: &str) -> Value {
    json!({"description": description, "type": "number", "minimum": 0})
}

fn integer(description: &str, least: u64, most: u64, default: Option<Value>) -> Value {
    let integer = json!({"description": description, "type": "integer", "minimum": least, "maximum": most});
    match default {
        Some(default) => with(integer, "default", default),
        None => integer,
    }
}

/// `schema` with one keyword more.
fn with(mut schema: Value, keyword: &str, rule: Value) -> Value {
    if let Value::Object(keywords) = &mut schema {
        keywords.insert(keyword.to_owned(), rule);
    }
    schema
}
