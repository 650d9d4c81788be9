//! The hosts: a `Gateway` for them, and a `VirtualService` that makes istiod serve them.

use serde_json::{Value, json};

use super::object::{Document, labels, object};
use super::options::{Existing, Mode, Name, Options};
use super::patch::named;
use crate::render::piece::any::put;

/// The route that istiod makes, and that no request takes while the patches hold.
pub const UNARMED: &str = "multihome-unarmed";

/// Those of both that are not there.
pub fn documents(options: &Options) -> Vec<Document> {
    let mut documents = Vec::new();
    if options.existing == Existing::Nothing {
        documents.push(Document::new("Where clients reach the hosts.", gateway(options)));
    }
    if options.existing != Existing::VirtualService {
        let older = if options.mode == Mode::Header { "" } else { " on a proxy older than 1.31," };
        documents.push(Document::new(
            &format!(
                "It has istiod make the hosts. The patches put their routes in front of this one, which says that they are not
there: after an upgrade that they do not match,{older} before they are applied. It leads to no
cluster, so no request leaves the gateway by it."
            ),
            virtual_service(options),
        ));
    }
    documents
}

fn gateway(options: &Options) -> Value {
    let tls = match (options.mode, &options.tls_secret) {
        (Mode::Egress, _) => Some(json!({"mode": "ISTIO_MUTUAL"})),
        (Mode::Gateway | Mode::Header, Some(secret)) => Some(json!({"mode": "SIMPLE", "credentialName": secret})),
        (Mode::Gateway | Mode::Header, None) => None,
    };
    let (name, protocol) = if tls.is_some() { ("https", "HTTPS") } else { ("http", "HTTP") };
    let mut server = json!({
        // Unique among the servers of all Gateways for these pods, as Istio asks of servers with TLS.
        "port": {"number": options.port, "name": format!("{name}-{}", named(options, "hosts")), "protocol": protocol},
        "hosts": options.hosts,
    });
    put(&mut server, "tls", tls);
    object(
        "networking.istio.io/v1",
        "Gateway",
        &options.gateway,
        json!({"selector": labels(&options.selector), "servers": [server]}),
    )
}

fn virtual_service(options: &Options) -> Value {
    let Name { namespace, name } = &options.gateway;
    let body = json!({"error": {
        "message": "The gateway cannot serve this request now: it is not set up as it has to be.",
        "type": "server_error",
        "param": null,
        "code": "gateway_unavailable",
    }});
    object(
        "networking.istio.io/v1",
        "VirtualService",
        &Name { namespace: namespace.clone(), name: named(options, "hosts") },
        json!({
            "hosts": options.hosts,
            "gateways": [format!("{namespace}/{name}")],
            "http": [{
                "name": UNARMED,
                "directResponse": {"status": 503, "body": {"string": body.to_string()}},
                "headers": {"response": {"set": {"content-type": "application/json"}}},
            }],
        }),
    )
}
