//! What a tenant may use. The same reading serves the file's tenants, the ceiling, and a policy that a
//! request carries in a header.

use std::collections::HashMap;
use std::rc::Rc;

use super::defaults::{Defaults, MOST_ATTEMPTS};
use super::endpoint::Endpoint;
use super::order::Order;
use crate::api::feature::{Feature, Features};
use crate::cloud::{Cloud, Clouds};
use crate::document::Node;
use crate::document::fields::{Fields, entries, one_or_more, texts};
use crate::fault::{Fault, Faults, Place, instead, one_of};
use crate::name::{self, Named, Pattern};

/// What is allowed: everything that all parts name. What is not named is denied.
#[derive(Debug)]
pub struct Grant {
    /// The clouds; their order is the order of attempts under [`Order::Ordered`].
    pub clouds: Clouds,
    /// The residency labels.
    pub residency: Vec<String>,
    /// The models, by public name.
    pub models: Vec<Pattern>,
    /// The endpoints, by name; `None` allows any that the rest allows.
    pub targets: Option<Vec<Pattern>>,
    /// The orders that a request may pick from, never none of them; the first one holds where it picks none. `None` where
    /// nothing is said of them.
    pub orders: Option<Vec<Order>>,
    /// The most targets that one request may try.
    pub max_attempts: u32,
    /// The features that no request may use.
    pub denies: Features,
    /// Whether a request may go on without the reasoning that another account encrypted, where that account fails.
    pub drops_foreign_reasoning: bool,
    /// Whether its requests may be translated for targets that do not speak the client's API.
    pub translate: bool,
}

impl Grant {
    /// Whether the model of that name is allowed.
    pub fn allows_model(&self, name: &str) -> bool {
        self.models.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether data may be processed where the label says.
    pub fn allows_residency(&self, label: &str) -> bool {
        self.residency.iter().any(|allowed| allowed == label)
    }

    /// Whether the endpoint may serve.
    pub fn allows(&self, endpoint: &Endpoint) -> bool {
        self.clouds.contains(&endpoint.cloud)
            && self.allows_residency(&endpoint.residency)
            && self.allows_endpoint(&endpoint.name)
    }

    /// Whether the endpoint of that name is allowed.
    pub fn allows_endpoint(&self, name: &str) -> bool {
        self.targets.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }
}

/// The most names in a list of a policy that a request carries: it is kept as long as the request waits for its body.
const MOST_CARRIED_NAMES: usize = 128;

/// The names that the rest of the file defines; a tenant that names another one names nothing.
pub(super) struct Known<'k> {
    pub residencies: Vec<&'k str>,
    pub endpoints: Vec<&'k str>,
    pub models: Vec<&'k str>,
}

/// Reads a tenant's policy that a request carries: the same JSON as its entry in the file. Names that the
/// file does not know are no faults here; they match nothing.
///
/// # Errors
/// Every fault of the entry.
pub fn parse_grant(text: &[u8], defaults: &Defaults) -> Result<Grant, Vec<Fault>> {
    grant_of(&super::parse_json(text).map_err(|fault| vec![fault])?, defaults)
}

/// Reads one that has been parsed.
///
/// # Errors
/// As above.
pub fn grant_of(node: &Node, defaults: &Defaults) -> Result<Grant, Vec<Fault>> {
    let mut faults = Faults::default();
    for key in ["residency", "models", "targets"] {
        match node.get(key) {
            Some(Node::List(names)) if names.len() > MOST_CARRIED_NAMES => {
                let message = format!("holds {} names, and a request may carry {MOST_CARRIED_NAMES}", names.len());
                faults.add_with_help(&Place::default().key(key), message, "use patterns, as `gpt-*`");
            }
            _ => {}
        }
    }
    match read(node, Place::default(), None, defaults, &mut faults) {
        Some(grant) if faults.is_empty() => Ok(grant),
        _ => Err(faults.into_vec()),
    }
}

pub(super) fn read_all(
    node: &Node,
    place: &Place,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> HashMap<Rc<str>, Rc<Grant>> {
    let mut tenants = HashMap::new();
    for (key, node, place) in entries(node, place, faults) {
        if !name::is_tenant(key) {
            faults.add_with_help(
                &place,
                format!("`{key}` cannot name a tenant"),
                "use up to 128 visible ASCII characters without , ; \" \\",
            );
        }
        let Some(mut fields) = Fields::open(node, place, faults) else { continue };
        // They are no part of what the tenant may use, and have a reader of their own.
        fields.leave(&["keys"]);
        if let Some(grant) = read_fields(fields, Some(known), defaults, faults) {
            tenants.insert(key.into(), Rc::new(grant));
        }
    }
    tenants
}

/// A tenant whose orders the ceiling has none of would be denied whatever policy a request carried for it.
pub(super) fn check_orders(tenants: &HashMap<Rc<str>, Rc<Grant>>, ceiling: &Grant, faults: &mut Faults) {
    let Some(bound) = &ceiling.orders else { return };
    let beyond = |orders: &Vec<Order>| !orders.iter().any(|order| bound.contains(order));
    let denied = tenants.iter().filter(|(_, grant)| grant.orders.as_ref().is_some_and(beyond));
    for name in name::sorted(denied.map(|(name, _)| &**name).collect()) {
        faults.add(
            &Place::default().key("tenants").key(name).key("order"),
            "shares none with the ceiling's: a policy that a request carries for this tenant could have no order",
        );
    }
}

pub(super) fn read(
    node: &Node,
    place: Place,
    known: Option<&Known<'_>>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Grant> {
    let fields = Fields::open(node, place, faults)?;
    read_fields(fields, known, defaults, faults)
}

fn read_fields(
    mut fields: Fields<'_>,
    known: Option<&Known<'_>>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Grant> {
    let clouds =
        fields.required_of("clouds", Cloud::names(), faults).map(|(node, place)| read_clouds(node, &place, faults));
    let labels = known.map(|known| known.residencies.clone()).unwrap_or_default();
    let residency = fields.required_of("residency", labels, faults).map(|(node, place)| {
        let labels = texts(node, &place, faults);
        check_labels(&labels, known, faults);
        labels.into_iter().map(|(label, _)| label.to_owned()).collect()
    });
    let models = fields
        .required("models", faults)
        .map(|(node, place)| read_patterns(node, &place, "model", known.map(|known| known.models.as_slice()), faults));
    let targets = fields.optional("targets").map(|(node, place)| {
        read_patterns(node, &place, "endpoint", known.map(|known| known.endpoints.as_slice()), faults)
    });
    let orders = fields.optional("order").map(|(node, place)| read_orders(node, &place, faults));
    let max_attempts = fields
        .optional_integer("max_attempts", 1..=MOST_ATTEMPTS, faults)
        .map_or(defaults.max_attempts, |attempts| attempts as u32);
    let denies = features(&mut fields, "denies", faults);
    let drops_foreign_reasoning = read_foreign_reasoning(&mut fields, faults);
    let translate = fields.optional_bool("translate", faults).unwrap_or(true);
    fields.finish(faults);
    Some(Grant {
        clouds: clouds?,
        residency: residency?,
        models: models?,
        targets,
        orders,
        max_attempts,
        denies,
        drops_foreign_reasoning,
        translate,
    })
}

/// What becomes of reasoning that another account encrypted.
const FOREIGN_REASONING: [&str; 2] = ["keep", "drop"];

fn read_foreign_reasoning(fields: &mut Fields<'_>, faults: &mut Faults) -> bool {
    let text = fields.optional_text("foreign_reasoning", faults);
    if let Some(other) = text.filter(|text| !FOREIGN_REASONING.contains(text)) {
        faults.unknown(&fields.place.key("foreign_reasoning"), "word", other, FOREIGN_REASONING);
    }
    text == Some("drop")
}

/// A list of features: what a target lacks, or a tenant must not use.
pub(super) fn features(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Features {
    let mut features = Features::default();
    let named = fields.optional(key).map(|(node, place)| texts(node, &place, faults)).unwrap_or_default();
    for (text, place) in named {
        match Feature::parse(text) {
            Some(feature) => features.add(feature),
            None => faults.unknown(&place, "feature", text, Feature::names()),
        }
    }
    features
}

fn read_clouds(node: &Node, place: &Place, faults: &mut Faults) -> Clouds {
    let mut clouds = Clouds::new();
    for (text, place) in texts(node, place, faults) {
        match Cloud::parse(text) {
            Some(cloud) if clouds.contains(&cloud) => {
                faults.add_with_help(
                    &place,
                    format!("duplicate of an earlier `{text}`"),
                    "keep the one in the place that counts: the order is that of the attempts",
                );
            }
            Some(cloud) => clouds.push(cloud),
            None => faults.unknown(&place, "cloud", text, Cloud::names()),
        }
    }
    clouds
}

fn check_labels(labels: &[(&str, Place)], known: Option<&Known<'_>>, faults: &mut Faults) {
    let Some(known) = known else { return };
    for (label, place) in labels {
        if known.residencies.binary_search(label).is_err() {
            faults.unknown(place, "residency", label, known.residencies.iter().copied());
        }
    }
}

fn read_patterns(node: &Node, place: &Place, what: &str, known: Option<&[&str]>, faults: &mut Faults) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (text, place) in texts(node, place, faults) {
        let pattern = Pattern::new(text);
        if let Some(known) = known.filter(|known| !known.iter().any(|name| pattern.matches(name))) {
            let message = format!("`{text}` matches no {what}");
            faults.add_with_help(&place, message, instead(text, known.iter().copied()));
        }
        patterns.push(pattern);
    }
    patterns
}

fn read_orders(node: &Node, place: &Place, faults: &mut Faults) -> Vec<Order> {
    let named = one_or_more(node, place, faults);
    if named.is_empty() {
        faults.add_with_help(place, "names no order", one_of(Order::names()));
    }
    let mut orders = Vec::new();
    for (text, place) in named {
        match Order::parse(text) {
            Some(order) => orders.push(order),
            None => faults.unknown(&place, "order", text, Order::names()),
        }
    }
    orders
}
