//! What cannot be rendered though the policy is right, and what is probably not meant.

use std::net::SocketAddr;

use multihome_core::config::Config;

use super::options::{Options, Part, Scope};
use crate::render::piece::trust::ClientTrust;

/// What there is to say of a command line and a policy together.
#[derive(Debug, Default)]
pub struct Remarks {
    /// The reasons not to render.
    pub faults: Vec<String>,
    /// Worth a word.
    pub warnings: Vec<String>,
}

/// Holds the command line against the policy.
pub fn on(config: &Config, options: &Options, scope: Scope) -> Remarks {
    match scope {
        Scope::Bootstrap => on_bootstrap(config, options),
        Scope::Part(part) => on_part(config, options, part),
    }
}

/// For a whole bootstrap, the addresses too.
fn on_bootstrap(config: &Config, options: &Options) -> Remarks {
    let mut remarks = Remarks::default();
    remarks.faults.extend(collisions(options));
    let listeners = &options.listeners;
    let rendered = |name: &str| listeners.iter().any(|(listener, _)| listener == name);
    for listener in config.listeners.iter().filter(|listener| !rendered(&listener.name)) {
        remarks.faults.push(format!(
            "the policy configures the listener `{0}`, which has no address\n  help: add `--listen {0}=ADDRESS`, or take it out of `listeners`",
            listener.name
        ));
    }
    let header = config.identity.header();
    let trust = header.map(|header| (header.place.key("trust"), &header.trust));
    for (place, name) in trust.iter().flat_map(|(place, trust)| trust.listeners.iter().map(move |name| (place, name))) {
        if rendered(name) {
            continue;
        }
        remarks
            .warnings
            .push(format!("`{place}.listeners` names `{name}`, which has no address here (`--listen {name}=ADDRESS`)"));
    }
    for (name, address) in listeners {
        match ClientTrust::of(config, name) {
            ClientTrust::Trusted if !is_loopback(*address) => remarks.warnings.push(format!(
                "the listener `{name}` is trusted and can be reached from outside this machine ({address}): whoever reaches it says which tenant asks"
            )),
            // Whoever has a key or a token names a tenant there.
            ClientTrust::Untrusted { .. } if config.identity.takes_credentials() => {}
            ClientTrust::Untrusted { .. } => remarks.warnings.push(format!(
                "the listener `{name}` refuses every request with 401: nobody there may say which tenant asks (`identity.trust`)"
            )),
            ClientTrust::Trusted | ClientTrust::Certificates { .. } => {}
        }
    }
    if !is_loopback(options.admin) {
        remarks.warnings.push(format!(
            "the admin interface can be reached from outside this machine ({}): whoever reaches it can stop Envoy",
            options.admin
        ));
    }
    let asks_for_certificates = |name: &str| ClientTrust::of(config, name).asks_for_certificates();
    if let Some((place, _)) = trust.filter(|(_, trust)| !trust.client_certificates.is_empty())
        && !listeners.iter().any(|(name, _)| asks_for_certificates(name))
    {
        remarks.warnings.push(format!(
            "`{place}.client_certificates` has no effect: no untrusted listener here has a `tls.client_ca_file`"
        ));
    }
    remarks
}

/// Also where IPv6 writes an address of IPv4 (`::ffff:127.0.0.1`).
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The names and addresses that are given twice: Envoy drops one of two listeners of one name without a word. Port 0 is
/// another port each time.
fn collisions(options: &Options) -> Vec<String> {
    let mut taken = vec![("the admin interface".to_owned(), options.admin)];
    let mut faults = Vec::new();
    let probe = options.probe.map(|address| ("the listener for probes".to_owned(), address));
    let listeners = options.listeners.iter().map(|(name, address)| (format!("the listener `{name}`"), *address));
    for (what, address) in probe.into_iter().chain(listeners) {
        if taken.iter().any(|(other, _)| *other == what) {
            faults.push(format!("{what} stands twice\n  help: name one of them, as in `--listen other={address}`"));
        }
        if let Some((other, _)) = taken.iter().find(|(_, other)| *other == address && address.port() != 0) {
            faults.push(format!("{what} listens where {other} does ({address})\n  help: give each its own port"));
        }
        taken.push((what, address));
    }
    faults
}

/// The same for a part, which is for one listener of somebody's own Envoy; its address is not known here.
fn on_part(config: &Config, options: &Options, part: Part) -> Remarks {
    let listener = options.listener_of_part();
    let mut remarks = Remarks::default();
    if options.listeners.len() > 1 {
        remarks.faults.push("a part is for one listener, and `--listen` stands more than once".to_owned());
    }
    if part == Part::Listeners && !options.internal_listeners {
        remarks.faults.push(
            "`--no-internal-listeners` says that your Envoy has none\n  help: leave it out for all parts, or leave out this part".to_owned(),
        );
    }
    if part == Part::Clusters && !options.internal_listeners {
        for endpoint in config.endpoints.iter().filter(|endpoint| endpoint.absorbs_informational) {
            remarks.warnings.push(format!(
                "endpoints.{}.informational: has no effect with `--no-internal-listeners`",
                endpoint.name
            ));
        }
    }
    if part == Part::Filters && matches!(ClientTrust::of(config, listener), ClientTrust::Trusted) {
        remarks.warnings.push(format!(
            "these filters are for the listener `{listener}`, which is trusted: whoever reaches them says which tenant asks (`--listen NAME=ADDRESS` for another one)"
        ));
    }
    remarks
}
