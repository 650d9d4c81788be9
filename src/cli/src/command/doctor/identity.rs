//! Who may say which tenant asks: from everyone else something removes the headers before the edge reads them.

use serde_json::Value;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::chain::Chain;
use super::seen::filter::Filter;
use super::seen::json::{fields, list, maps, message, text};
use crate::render::piece::trust::ClientTrust;

/// Each listener's clients against the policy that decides there.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    seen.chains.iter().flat_map(|chain| of_chain(seen, chain)).collect()
}

fn of_chain(seen: &Seen<'_>, chain: &Chain<'_>) -> Vec<Finding> {
    // Who may say it was judged at the listener that the request came by.
    if chain.is_internal() || chain.model_routes().next().is_none() {
        return Vec::new();
    }
    let Some(config) = seen.policy_at(chain.listener) else { return Vec::new() };
    let is_known = config.listeners.iter().any(|listener| listener.name == chain.listener)
        || config
            .identity
            .header()
            .is_some_and(|header| header.trust.listeners.iter().any(|name| name == chain.listener));
    let name = if is_known { chain.listener } else { seen.rendered_for.unwrap_or(chain.listener) };
    let headers = match ClientTrust::of(config, name) {
        ClientTrust::Trusted => return Vec::new(),
        ClientTrust::Certificates { headers, .. } | ClientTrust::Untrusted { headers } => headers,
    };
    let kept = headers.into_iter().filter(|header| !is_handled(chain, header));
    kept.map(|header| {
        Finding::fault(
            Kind::IdentityKept,
            format!("listener `{}`", chain.listener),
            format!("the policy trusts nobody who comes by the listener `{name}`, and nothing removes `{header}`: any client is any tenant"),
            "take `early_header_mutation_extensions` over from `render envoy --part filters`; where the parts are for a listener that the policy calls otherwise, say `--listener NAME`",
        )
    }).collect()
}

/// Whether something before the edge removes the header, or puts what it knows itself in its place.
fn is_handled(chain: &Chain<'_>, header: &str) -> bool {
    let early = list(chain.manager, "/early_header_mutation_extensions").iter();
    let first = chain.running_edges().next().map_or(0, |(place, _)| place);
    // A filter that is off for one of our routes does nothing there.
    let runs = |filter: &&Filter<'_>| chain.model_routes().all(|route| route.runs(filter));
    let before = chain.filters.iter().take(first).filter(runs).map(|filter| filter.fields);
    let mut all = early.filter_map(|extension| extension.get("typed_config").map(fields)).chain(before);
    all.any(|message| maps(message).into_iter().any(|map| sets(map, header)))
}

/// Whether one rule of a filter leaves nothing of a client's value.
fn sets(rule: &Value, header: &str) -> bool {
    let is_it = |path: &str| text(rule, path).eq_ignore_ascii_case(header);
    // A mutation that removes, or writes over it.
    is_it("/remove")
        || (is_it("/append/header/key") && text(rule, "/append/append_action").starts_with("OVERWRITE"))
        // `jwt_authn` and `api_key_auth`, which drop what the client sent.
        || list(rule, "/claim_to_headers").iter().any(|claim| text(claim, "/header_name").eq_ignore_ascii_case(header))
        || (is_it("/forwarding/header") && !message(rule).is_empty())
}
