//! TLS in both directions.

use std::net::IpAddr;

use multihome_core::config::{ListenerTls, Tls};
use serde_json::{Value, json};

use super::any::{extension, put};
use super::certificate;
use super::policy::Paths;
use crate::print::note::explain;

/// The connection to a cloud: its name is asked for and its certificate has to hold it.
pub fn upstream(tls: &Tls, paths: &Paths) -> Value {
    let kind = if tls.san.parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" };
    let names = json!({"match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": tls.san}}]});
    let mut common = json!({});
    let (ca_file, whose) = match &tls.ca_file {
        Some(own) => (own.as_str(), "policy: tls.ca_file"),
        None => (paths.ca_file.as_str(), "yours: --ca-file"),
    };
    certificate::put_authority(&mut common, ca_file, whose, names, paths);
    let mut context = json!({"common_tls_context": common});
    // An address is no server name (RFC 6066, 3).
    put(&mut context, "sni", tls.sni.parse::<IpAddr>().is_err().then(|| json!(tls.sni)));
    extension("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", context)
}

/// A listener's. With an authority for clients it asks for a certificate and takes none without one:
/// a certificate is what some clients are trusted by, not what all must have.
pub fn downstream(tls: &ListenerTls, paths: &Paths) -> Value {
    let mut common = json!({"alpn_protocols": ["h2", "http/1.1"]});
    certificate::put_own(&mut common, tls, paths);
    let mut context = json!({
        "#require_client_certificate": "Some clients are trusted by a certificate; the others need none.",
        "require_client_certificate": false,
    });
    if let Some(file) = &tls.client_ca_file {
        certificate::put_authority(&mut common, file, "policy: tls.client_ca_file", json!({}), paths);
        put(&mut context, "disable_stateless_session_resumption", Some(json!(true)));
        put(&mut context, "disable_stateful_session_resumption", Some(json!(true)));
        explain(
            &mut context,
            "disable_stateless_session_resumption",
            "A resumed session (Envoy 1.40) lacks the names of the client's certificate, by which it is trusted: every \
                connection has to show its certificate.",
        );
    }
    put(&mut context, "common_tls_context", Some(common));
    extension("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", context)
}
