//! What is probably not meant in a policy that has no faults.

mod keys;
mod reach;
mod sessions;
mod targets;
mod times;
mod tokens;

use multihome_core::config::Config;
use multihome_core::fault::{Fault, Place, closest};

pub use keys::expired;

/// Each with its place and what to write instead.
pub fn of(config: &Config) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for endpoint in &config.endpoints {
        let place = Place::default().key("endpoints").key(&endpoint.name);
        warnings.extend(endpoint.site.doubt().map(|doubt| warning(place.key(doubt.field), doubt.message, doubt.help)));
    }
    warnings.extend(targets::of(config));
    warnings.extend(reach::of(config));
    warnings.extend(trust(config));
    warnings.extend(keys::unnamed(config));
    warnings.extend(tokens::unsafe_keys(config));
    warnings.extend(sessions::of(config));
    warnings.extend(times::of(config));
    warnings
}

fn warning(place: Place, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { place, message: message.into(), help: Some(help.into()) }
}

/// The listener that needs no entry: `render --listen ADDRESS` names it so.
const DEFAULT_LISTENER: &str = "default";

/// Trust of a listener that the file does not have: a slip in the name trusts nobody, or later somebody else.
fn trust(config: &Config) -> Vec<Fault> {
    let Some(header) = config.identity.header() else { return Vec::new() };
    let (place, trust) = (header.place.key("trust"), &header.trust);
    let names = || config.listeners.iter().map(|listener| listener.name.as_str()).chain([DEFAULT_LISTENER]);
    let mut warnings = Vec::new();
    for (index, name) in trust.listeners.iter().enumerate().filter(|(_, name)| !names().any(|known| known == *name)) {
        let help = match closest(name, names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write `listeners: {{{name}: {{}}}}`, so that `render` asks for its address"),
        };
        let message = format!("there is no listener `{name}`");
        warnings.push(warning(place.key("listeners").index(index), message, help));
    }
    let asks = config.listeners.iter().any(|listener| {
        let asks = listener.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
        asks && !trust.listeners.contains(&listener.name)
    });
    if !trust.client_certificates.is_empty() && !asks {
        let message = "have no effect: no listener that is not trusted already asks for certificates";
        let help = "give one of `listeners` a `tls.client_ca_file`, or take them out";
        warnings.push(warning(place.key("client_certificates"), message, help));
    }
    warnings
}
