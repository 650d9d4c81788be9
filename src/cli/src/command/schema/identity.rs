//! Who says which tenant asks: the sources, and the keys of a tenant.

use serde_json::{Value, json};

use super::{header, list, object, reference, string, text, with};

/// The sources.
pub(super) fn identity() -> Value {
    let sources = json!({"type": "array", "minItems": 1, "items": reference("source")});
    json!({
        "description": "Who says which tenant asks: a source, or a list of them. The first that a request satisfies names the tenant, and no other may name another one.",
        "anyOf": [reference("source"), sources],
    })
}

/// One of them.
pub(super) fn source() -> Value {
    json!({"anyOf": [key_source(), token_source(), header_source()]})
}

fn key_source() -> Value {
    object(
        "API keys, as `authorization: Bearer KEY` or `api-key: KEY`.",
        &["keys"],
        [(
            "keys",
            object(
                "Those at the tenants, and those of a file.",
                &[],
                [(
                    "file",
                    with(
                        string(),
                        "description",
                        json!("A file of keys, `tenants: {NAME: [{sha256: …}]}`, relative to this file's folder."),
                    ),
                )],
            ),
        )],
    )
}

fn token_source() -> Value {
    let described = |text: &str| with(string(), "description", json!(text));
    let uri = object(
        "An address that Envoy asks.",
        &["uri"],
        [
            ("uri", text("The address of the key set.", "^https?://")),
            ("address", described("Where to connect instead, as `host:port`.")),
            ("tls", reference("tls")),
        ],
    );
    let policy = object(
        "How far a policy reaches that a token carries.",
        &["ceiling"],
        [
            ("ceiling", reference("grant")),
            (
                "required",
                json!({"description": "Refuse a token without the claim, though `tenants` lists who asks.", "type": "boolean", "default": false}),
            ),
        ],
    );
    let jwt = object(
        "The tokens of one issuer. Envoy verifies them.",
        &["issuer", "audiences", "jwks"],
        [
            ("issuer", described("Who issues them: their claim `iss`, exactly.")),
            ("audiences", with(list("For whom: their claim `aud` has one of these.", string()), "minItems", json!(1))),
            (
                "jwks",
                json!({
                    "description": "The issuer's public keys, a JSON Web Key Set: a file, as Envoy finds it, or an address.",
                    "anyOf": [string(), uri],
                }),
            ),
            ("tenant_claim", with(described("The claim that names the tenant."), "default", json!("tenant"))),
            (
                "tenants",
                with(
                    list(
                        "The tenants that these tokens may name, by patterns such as `partner-*`. Without it, any.",
                        string(),
                    ),
                    "minItems",
                    json!(1),
                ),
            ),
            (
                "policy_claim",
                described(
                    "The claim that carries a tenant's whole policy: an object, or its text as in `x-tenant-policy`.",
                ),
            ),
            ("policy", policy),
            ("name", text("What the access log calls this source.", "^[A-Za-z0-9._-]{1,64}$")),
        ],
    );
    object("Tokens (JWT), as `authorization: Bearer TOKEN` or `api-key: TOKEN`.", &["jwt"], [("jwt", jwt)])
}

/// The keys of one tenant.
pub(super) fn keys() -> Value {
    list(
        "The API keys that name this tenant. `multihome key new` makes them.",
        object(
            "One key.",
            &["sha256"],
            [
                ("sha256", text("The SHA-256 of the key, in hexadecimal digits.", "^[0-9A-Fa-f]{64}$")),
                ("name", text("What the access log calls it.", "^[A-Za-z0-9._-]{1,64}$")),
                (
                    "expires",
                    text(
                        "From when on it is refused, in UTC, as `2027-01-31T00:00:00Z`.",
                        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
                    ),
                ),
            ],
        ),
    )
}

fn certificates() -> Value {
    let names = list("URI or DNS names, exactly.", string());
    json!({
        "description": "Clients whose certificate holds one of these URI or DNS names, exactly: a list, or a list for each listener with a `client_ca_file`.",
        "anyOf": [names, {"type": "object", "additionalProperties": names}],
    })
}

fn header_source() -> Value {
    object(
        "A header that names the tenant. Envoy removes the headers named here from everyone who is not trusted.",
        &["trust"],
        [
            ("header", header("The header that names the tenant.", "x-tenant-id")),
            ("trust", {
                let trust = object(
                    "Who may set the headers. At least one has to be named.",
                    &[],
                    [
                        (
                            "listeners",
                            list(
                                "Everyone who reaches one of these listeners: bind them where only trusted peers are.",
                                string(),
                            ),
                        ),
                        ("client_certificates", certificates()),
                    ],
                );
                let named = json!([
                    {"properties": {"listeners": {"minItems": 1}}, "required": ["listeners"]},
                    {"properties": {"client_certificates": {"minItems": 1, "minProperties": 1}}, "required": ["client_certificates"]},
                ]);

                with(trust, "anyOf", named)
            }),
            (
                "policy",
                object(
                    "Lets requests carry a tenant's whole policy (the same JSON as an entry of `tenants`, plain or base64url).",
                    &["ceiling"],
                    [
                        ("header", header("The header that carries it.", "x-tenant-policy")),
                        ("ceiling", reference("grant")),
                        (
                            "required",
                            json!({"description": "Refuse a request without the header, though `tenants` lists who asks.", "type": "boolean", "default": false}),
                        ),
                    ],
                ),
            ),
        ],
    )
}
