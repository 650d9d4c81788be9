//! What a client's own headers leave of what policy allows. They narrow it and never widen it.

use std::rc::Rc;

use super::source::invalid_header;
use crate::api::error::{ApiError, shown};
use crate::api::inbound::{Inbound, Single};
use crate::cloud::{Cloud, Clouds};
use crate::config::{Config, Endpoint, Grant, Order};
use crate::contract::{CLOUDS, MAX_ATTEMPTS, ORDER, RESIDENCY};
use crate::name::Named;

/// What a client's headers leave of the clouds and residencies.
#[derive(Debug, Default)]
pub(super) struct Narrowing {
    clouds: Option<Clouds>,
    /// Each label once, shared with the configuration: what a client repeats takes no memory.
    residency: Option<Vec<Rc<str>>>,
}

impl Narrowing {
    /// Reads the headers.
    ///
    /// # Errors
    /// 400 for a header that makes no sense.
    pub fn read(config: &Config, inbound: &Inbound<'_>) -> Result<Narrowing, ApiError> {
        Ok(Narrowing {
            clouds: words(CLOUDS, inbound.clouds)?.map(clouds).transpose()?,
            residency: words(RESIDENCY, inbound.residency)?.map(|words| residencies(config, words)),
        })
    }

    /// Whether it leaves the endpoint's cloud.
    pub fn leaves_cloud(&self, endpoint: &Endpoint) -> bool {
        self.clouds.as_ref().is_none_or(|clouds| clouds.contains(&endpoint.cloud))
    }

    /// Whether it leaves the endpoint's residency.
    pub fn leaves_residency(&self, endpoint: &Endpoint) -> bool {
        self.residency.as_ref().is_none_or(|labels| labels.contains(&endpoint.residency))
    }
}

/// The longest list that a client may send: far more than there are clouds or residencies to name.
const MOST_LIST: usize = 1024;

/// The comma-separated words of a header.
fn words<'h>(name: &str, header: Single<'h>) -> Result<Option<impl Iterator<Item = &'h str> + use<'h>>, ApiError> {
    let Some(text) = once(name, header)? else { return Ok(None) };
    if text.len() > MOST_LIST {
        return Err(invalid_header(name, &format!("is longer than {MOST_LIST} bytes; name each word once")));
    }
    let words = text.split(',').map(str::trim);
    if words.clone().any(str::is_empty) {
        return Err(invalid_header(name, "holds an empty word; write a list such as `a, b`"));
    }
    Ok(Some(words))
}

fn once<'h>(name: &str, header: Single<'h>) -> Result<Option<&'h str>, ApiError> {
    match header {
        Single::Absent => Ok(None),
        Single::Once(value) => match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(invalid_header(name, "is not UTF-8")),
        },
        Single::Repeated => Err(invalid_header(name, "stands more than once")),
    }
}

fn clouds<'h>(words: impl Iterator<Item = &'h str>) -> Result<Clouds, ApiError> {
    let mut clouds = Clouds::new();
    for word in words {
        let Some(cloud) = Cloud::parse(&word.to_ascii_lowercase()) else {
            let why = format!("names `{}`; there are {}", shown(word), Cloud::names().join(", "));
            return Err(invalid_header(CLOUDS, &why));
        };
        if !clouds.contains(&cloud) {
            clouds.push(cloud);
        }
    }
    Ok(clouds)
}

/// The labels that the words name, in whatever case. A word that no endpoint has leaves nothing, as one does that the
/// tenant may not use: a client cannot find out which labels there are.
fn residencies<'h>(config: &Config, words: impl Iterator<Item = &'h str>) -> Vec<Rc<str>> {
    let mut labels: Vec<Rc<str>> = Vec::new();
    for word in words {
        for endpoint in config.endpoints.iter().filter(|endpoint| endpoint.residency.eq_ignore_ascii_case(word)) {
            if !labels.contains(&endpoint.residency) {
                labels.push(Rc::clone(&endpoint.residency));
            }
        }
    }
    labels
}

/// The order that the request picks, else the first that every grant allows. A carried policy that says nothing of orders
/// takes those of the tenant's entry, or else of the ceiling.
pub(super) fn order(config: &Config, own: &Grant, others: &[Rc<Grant>], header: Single<'_>) -> Result<Order, ApiError> {
    let bounds = || others.iter().filter_map(|grant| grant.orders.as_deref());
    let fallback = [config.defaults.order];
    let own = own.orders.as_deref().or_else(|| bounds().next_back()).unwrap_or(&fallback);
    let mut allowed = own.iter().copied().filter(|order| bounds().all(|bound| bound.contains(order)));
    let Some(text) = once(ORDER, header)? else {
        let message = "Policy rule `order` leaves no order that the policy, the ceiling and the tenant's entry share.";
        return allowed
            .next()
            .ok_or_else(|| ApiError::new(403, "order_not_allowed", message).about("order").by_rule("order"));
    };
    let Some(picked) = Order::parse(&text.to_ascii_lowercase()) else {
        return Err(invalid_header(ORDER, "takes ordered, weighted or cheapest"));
    };
    allowed.find(|order| *order == picked).ok_or_else(|| {
        let message = format!("Policy rule `order` does not allow `{text}` for this tenant.");
        ApiError::new(403, "order_not_allowed", message).about(ORDER).by_rule("order")
    })
}

pub(super) fn max_attempts(header: Single<'_>) -> Result<Option<u32>, ApiError> {
    let Some(text) = once(MAX_ATTEMPTS, header)? else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(attempts) if attempts > 0 => Ok(Some(attempts)),
        _ => Err(invalid_header(MAX_ATTEMPTS, "takes a whole number from 1")),
    }
}
