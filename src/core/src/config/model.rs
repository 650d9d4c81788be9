//! Models and their targets: where a model stands, under which id, in which form, at what price.

use std::collections::HashMap;
use std::rc::Rc;

use super::endpoint::Endpoint;
use super::tenant::features;
use super::version::TargetKey;
use crate::api::Api;
use crate::api::feature::{Feature, Features};
use crate::cloud::{Cloud, ModelAddress, OwnField, residency};
use crate::convert::{self, Conversion};
use crate::document::Node;
use crate::document::fields::{Fields, one_or_more, some_entries, text};
use crate::fault::{Faults, Place, one_of};
use crate::form::Form;
use crate::name::{self, Named};

/// A model on an endpoint.
#[derive(Debug)]
pub struct Target {
    /// What it is known by beyond the life of this configuration.
    pub key: TargetKey,
    /// Where it stands in the file.
    pub place: Place,
    /// The place of its endpoint in the configuration.
    pub endpoint: usize,
    /// The cloud's own model id or deployment.
    pub id: String,
    /// The forms that it speaks, and where it serves each; in the file's order.
    pub addresses: Vec<(Form, ModelAddress)>,
    /// What it costs, where the file says so.
    pub price: Option<Price>,
    /// Its share under `order: weighted`; 0 is asked only after the others.
    pub weight: u32,
    /// What a request must not use to be sent here.
    pub lacks: Features,
    /// Whether it may serve an API that it does not speak, by translation.
    pub translate: bool,
}

impl Target {
    /// Where this target serves `form`.
    pub fn address(&self, form: Form) -> Option<&ModelAddress> {
        self.addresses.iter().find(|(spoken, _)| *spoken == form).map(|(_, address)| address)
    }

    /// Where it serves a client's API.
    pub fn address_for(&self, api: Api) -> Option<&ModelAddress> {
        self.address(self.form_for(api)?)
    }

    /// The form in which it serves a client's API: one that is the API itself, or else one that may be translated to.
    pub fn form_for(&self, api: Api) -> Option<Form> {
        let spoken = |wanted: fn(Conversion) -> bool| {
            let mut forms = self.addresses.iter().map(|(form, _)| *form);
            forms.find(|form| convert::between(api, *form).is_some_and(wanted))
        };
        let native = spoken(|conversion| conversion == Conversion::Pass);
        native.or_else(|| if self.translate { spoken(|conversion| conversion != Conversion::Pass) } else { None })
    }
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Of the request.
    pub input: f64,
    /// Of the completion.
    pub output: f64,
}

type Models = (HashMap<Rc<str>, Vec<usize>>, Vec<Target>);

/// The most targets that a model may have: a plan is tried from its first to its last.
const MOST_TARGETS: usize = 32;
/// The largest weight: shares stay exact in integers.
const MOST_WEIGHT: u64 = 1_000_000;

/// What targets can stand on.
pub(super) struct Known<'k> {
    /// The endpoints without a fault.
    pub endpoints: &'k [Endpoint],
    /// All that the file has: one with a fault is there too, and naming it is no second fault.
    pub written: &'k [(String, Node)],
}

pub(super) fn read_all(node: &Node, place: &Place, known: &Known<'_>, faults: &mut Faults) -> Models {
    let mut models = HashMap::new();
    let mut targets = Vec::new();
    for (key, node, place) in some_entries(node, place, faults) {
        if !name::is_model(key) {
            faults.add_with_help(&place, format!("`{key}` cannot name a model"), "use a-z A-Z 0-9 . _ : / @ -");
        }
        let first = targets.len();
        match node {
            Node::Map(_) => targets.extend(read_map(node, place, known, faults)),
            list => targets.extend(read_list(list, &place, true, known, faults)),
        }
        models.insert(key.into(), (first..targets.len()).collect());
    }
    (models, targets)
}

/// A model that says something of all its targets: `{translate: false, targets: [...]}`.
fn read_map(node: &Node, place: Place, known: &Known<'_>, faults: &mut Faults) -> Vec<Target> {
    let Some(mut fields) = Fields::open(node, place, faults) else { return Vec::new() };
    let translate = fields.optional_bool("translate", faults).unwrap_or(true);
    let list = fields.required("targets", faults);
    fields.finish(faults);
    list.map(|(list, place)| read_list(list, &place, translate, known, faults)).unwrap_or_default()
}

fn read_list(node: &Node, place: &Place, translate: bool, known: &Known<'_>, faults: &mut Faults) -> Vec<Target> {
    match node {
        Node::List(items) if !items.is_empty() && items.len() <= MOST_TARGETS => {
            let targets = items.iter().enumerate();
            return targets.filter_map(|(at, item)| read(item, place.index(at), translate, known, faults)).collect();
        }
        Node::List(items) => {
            faults.add(place, format!("expected 1 to {MOST_TARGETS} targets, found {}", items.len()));
        }
        other => faults.add(place, format!("expected a list of 1 to {MOST_TARGETS} targets, found {}", other.kind())),
    }
    Vec::new()
}

/// Reads a target; `translate` is whether its model lets it be translated for.
fn read(node: &Node, place: Place, translate: bool, known: &Known<'_>, faults: &mut Faults) -> Option<Target> {
    let mut fields = Fields::open(node, place, faults)?;
    let endpoint = read_endpoint(&mut fields, known, faults);
    let id = fields.required_text("id", faults);
    if let Some(bad) = id.filter(|id| !name::is_model(id)) {
        faults.add_with_help(
            &fields.place.key("id"),
            format!("`{bad}` is not a model id"),
            "use a-z A-Z 0-9 . _ : / @ -",
        );
    }
    let forms = read_forms(&mut fields, faults);
    let price =
        fields.optional("price").and_then(|(node, place)| read_price(Fields::open(node, place, faults)?, faults));
    let weight = fields.optional_integer("weight", 0..=MOST_WEIGHT, faults).unwrap_or(1) as u32;
    let mut lacks = features(&mut fields, "lacks", faults);
    let translate = translate & fields.optional_bool("translate", faults).unwrap_or(true);
    let endpoint = endpoint.and_then(|index| Some((index, known.endpoints.get(index)?)));
    let (Some((index, endpoint)), Some(id)) = (endpoint, id) else {
        // Without its endpoint or id, only what no cloud has can be judged.
        own_fields().for_each(|field| fields.leave(&[field.name]));
        fields.finish(faults);
        return None;
    };
    let addresses = endpoint.site.addresses(id, &forms, &mut fields, faults);
    for OwnField { name, owner } in own_fields() {
        fields.refuse(
            name,
            || format!("is for {owner} alone, and `{}` is {}: take it out", endpoint.name, endpoint.cloud.name()),
            faults,
        );
    }
    check_residency(endpoint, id, &fields.place, faults);
    let place = fields.place.clone();
    fields.finish(faults);

    lacks = lacks.union(endpoint.site.lacks());
    lacks = addresses.iter().fold(lacks, |lacks, (_, address)| lacks.union(address.lacks));
    if addresses.iter().all(|(form, _)| *form != Form::Responses) {
        lacks = lacks.union(Features::OF_RESPONSES);
    }
    if endpoint.auth.signs_body() {
        // On a detour trailers are lost before a plan is made (see `Role::Edge`).
        lacks.add(Feature::Trailers);
    }
    Some(Target {
        key: TargetKey::of(&endpoint.name, id),
        place,
        endpoint: index,
        id: id.to_owned(),
        addresses,
        price,
        weight,
        lacks,
        translate,
    })
}

/// The fields of targets that not every endpoint takes.
fn own_fields() -> impl Iterator<Item = OwnField> {
    Cloud::ALL.iter().flat_map(|cloud| cloud.target_fields()).copied()
}

fn read_endpoint(fields: &mut Fields<'_>, known: &Known<'_>, faults: &mut Faults) -> Option<usize> {
    let names = || known.written.iter().map(|(name, _)| name.as_str());
    let (node, place) = fields.required_of("endpoint", names(), faults)?;
    let text = text(node, &place, faults)?;
    let found = known.endpoints.iter().position(|endpoint| endpoint.name == text);
    if found.is_none() && !names().any(|name| name == text) {
        faults.unknown(&place, "endpoint", text, names());
    }
    found
}

fn read_forms(fields: &mut Fields<'_>, faults: &mut Faults) -> Vec<Form> {
    let Some((node, place)) = fields.required_of("form", Form::names(), faults) else {
        return Vec::new();
    };
    let named = one_or_more(node, &place, faults);
    if named.is_empty() {
        faults.add_with_help(&place, "names no API form", one_of(Form::names()));
    }
    let mut forms = Vec::new();
    for (text, place) in named {
        match Form::parse(text) {
            Some(form) if forms.contains(&form) => {}
            Some(form) => forms.push(form),
            None => faults.unknown(&place, "API form", text, Form::names()),
        }
    }
    forms
}

fn read_price(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Price> {
    let input = fields.required_amount("input", faults);
    let output = fields.required_amount("output", faults);
    fields.finish(faults);
    Some(Price { input: input?, output: output? })
}

/// What the cloud's names say of a target's place has to fit what its endpoint is declared to be.
fn check_residency(endpoint: &Endpoint, id: &str, place: &Place, faults: &mut Faults) {
    let found = residency::contradiction(&endpoint.site.claims(&endpoint.host, id), &endpoint.residency);
    if let Some(message) = found {
        faults.add_with_help(place, message, "move the target to an endpoint whose residency says so");
    }
}
