//! A host inside the mesh: workloads call it by plain HTTP, and their sidecars bring the request to the gateway over the
//! mesh's own TLS, which says who calls.

use serde_json::{Value, json};

use super::object::{Document, labels, object};
use super::options::{Name, Options};

/// The port that workloads ask for.
const PORT: u16 = 80;

/// A Service for each host, and how sidecars reach it.
pub fn documents(options: &Options) -> Vec<Document> {
    options.hosts.iter().flat_map(|host| of_host(options, host)).collect()
}

/// The Service that a host inside the cluster is: `NAME.NAMESPACE.svc…`.
pub fn service(host: &str) -> Option<Name> {
    let (name, rest) = host.split_once('.')?;
    let (namespace, rest) = rest.split_once('.')?;
    let service = Name { namespace: namespace.to_owned(), name: name.to_owned() };
    (!name.is_empty() && !namespace.is_empty() && (rest == "svc" || rest.starts_with("svc."))).then_some(service)
}

fn of_host(options: &Options, host: &str) -> Vec<Document> {
    let Some(name) = service(host) else { return Vec::new() };
    vec![
        Document::new(
            &format!("The name that workloads call: http://{host}/v1, by this whole name."),
            the_service(options, &name),
        ),
        Document::new(
            "Sidecars show their workload's certificate, and ask for the host by its name.",
            object(
                "networking.istio.io/v1",
                "DestinationRule",
                &name,
                json!({"host": host, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL", "sni": host}}}),
            ),
        ),
    ]
}

fn the_service(options: &Options, name: &Name) -> Value {
    let ports = json!([{"name": "http", "port": PORT, "targetPort": options.port}]);
    let spec = json!({"selector": labels(&options.selector), "ports": ports});
    object("v1", "Service", name, spec)
}
