//! Tokens: the edge refuses each whose issuer no filter before it has looked at, so that filter has to run where the edge does.

use multihome_core::config::{Config, Token};
use multihome_core::contract::CLAIMS;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::chain::{Chain, Route};
use super::seen::filter::Filter;
use super::seen::json::{list, maps, text};

/// Each edge that takes tokens, against the filters before it.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let takes_tokens =
        |chain: &&Chain<'_>| seen.policy_at(chain.listener).is_some_and(|config| config.identity.takes_tokens());
    let chains = seen.chains.iter().filter(takes_tokens);
    chains.filter_map(|chain| of_chain(chain, seen.policy_at(chain.listener)?)).collect()
}

fn of_chain(chain: &Chain<'_>, config: &Config) -> Option<Finding> {
    let missing = chain.model_routes().find_map(|route| missing(chain, route, config))?;
    Some(Finding::fault(
        Kind::TokenUnverified,
        format!("listener `{}`", chain.listener),
        format!("{missing} before the edge runs, so that each of its tokens is a 401"),
        "take `multihome-jwt` and `multihome-claims` over from `--part filters`, in this order before the edge, and switch them on as `--part route` does",
    ))
}

/// What a route lacks of that.
fn missing(chain: &Chain<'_>, route: &Route<'_>, config: &Config) -> Option<String> {
    let edge = *route.edges.first()?;
    let runs = |(_, filter): &(usize, &Filter<'_>)| route.runs(filter);
    let running = || chain.filters.iter().enumerate().filter(runs);
    for token in config.identity.tokens() {
        let verifies = |(_, filter): &(usize, &Filter<'_>)| verifies(filter, token);
        match running().find(verifies) {
            None => return Some(format!("no filter verifies the tokens of {} (`{}.jwt`)", token.issuer, token.place)),
            // Of that there is a finding already: what says who asks stands behind the edge.
            Some((place, _)) if place > edge => return None,
            Some((verifies, _)) => {
                let hands_on =
                    |(place, filter): (usize, &Filter<'_>)| (verifies..edge).contains(&place) && leaves_claims(filter);
                if !running().any(hands_on) {
                    let issuer = &token.issuer;
                    return Some(format!(
                        "nothing hands on what was found of the tokens of {issuer} (`{}.jwt`)",
                        token.place
                    ));
                }
            }
        }
    }
    None
}

fn verifies(filter: &Filter<'_>, token: &Token) -> bool {
    let is_its = |provider: &serde_json::Value| text(provider, "/issuer") == token.issuer;
    filter.kind.ends_with(".JwtAuthentication") && maps(filter.fields).into_iter().any(is_its)
}

fn leaves_claims(filter: &Filter<'_>) -> bool {
    filter.kind.contains(".set_filter_state.")
        && list(filter.fields, "/on_request_headers").iter().any(|value| text(value, "/object_key") == CLAIMS)
}
