//! TLS in both directions.

use std::net::IpAddr;

use multihome_core::config::{ListenerTls, Tls};
use serde_json::{Value, json};

use super::any::{extension, put};
use super::certificate;
use super::policy::Paths;

/// The connection to a cloud: its name is asked for and its certificate has to hold it.
pub fn upstream(tls: &Tls, paths: &Paths) -> Value {
    let kind = if tls.san.parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" };
    let names = json!({"match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": tls.san}}]});
    let mut common = json!({});
    certificate::put_authority(&mut common, tls.ca_file.as_deref().unwrap_or(&paths.ca_file), names, paths);
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
    let mut context = json!({"require_client_certificate": false});
    if let Some(file) = &tls.client_ca_file {
        certificate::put_authority(&mut common, file, json!({}), paths);
        // A resumed session (Envoy 1.40.0) lacks the names of the client's certificate that trust goes by. So none is
        // resumed, neither by a ticket nor by an id: every connection shows its certificate.
        put(&mut context, "disable_stateless_session_resumption", Some(json!(true)));
        put(&mut context, "disable_stateful_session_resumption", Some(json!(true)));
    }
    put(&mut context, "common_tls_context", Some(common));
    extension("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", context)
}
