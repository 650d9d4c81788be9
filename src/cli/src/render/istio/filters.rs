//! The filters of the gateway's listeners. They are off there, for every host and those that come later; our routes switch
//! them on.
//!
//! The edge's configuration, and with it the policy, comes by a way of its own (ECDS): a change holds for the next request,
//! while a change of the listener would end all streams that are older than the proxy's drain time (45 s by default), other
//! hosts' too.

use serde_json::{Value, json};

use super::object::Document;
use super::options::Options;
use super::{identity, patch};
use crate::render::names::Names;
use crate::render::piece::any::extension;
use crate::render::piece::filter::before_router;
use crate::render::piece::policy::Policy;
use crate::render::piece::reply;
use crate::render::piece::trust::{ClientTrust, ListenerContext, Place};
use multihome_core::contract::EDGE_FILTER;

/// What stands around our routes.
pub fn context(options: &Options) -> ListenerContext<'_> {
    // Who may say which tenant asks, filters of our own decide here: see `identity`.
    let (trust, names) = (ClientTrust::Trusted, Names::default());
    ListenerContext { name: &options.listener, trust, detour: false, names, place: Place::Foreign }
}

/// The filters, in their order, and Envoy's own replies.
pub fn document(policy: &Policy<'_>, options: &Options) -> Document {
    let replies = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({"local_reply_config": reply::local_replies(Place::Foreign)}),
    );
    let mut patches = vec![patch::manager(replies)];
    // Each goes in front of those before it.
    patches.extend(identity::first_filters(policy, options).into_iter().rev().map(patch::first_filter));
    let (edge, others) = before(policy, options);
    patches.extend(others.into_iter().chain(edge.map(discovered)).map(patch::filter_before_router));
    Document::new(
        "The filters of the gateway's listeners: `disabled: true` is for every host, also those to come, and the routes above
switch them on. Envoy's own replies are put into the API's words on these routes alone.",
        patch::envoy_filter(options, "filters", patches),
    )
}

/// The policy, as the edge's configuration.
pub fn policy(policy: &Policy<'_>, options: &Options) -> Document {
    let edge = before(policy, options).0.unwrap_or_default();
    let configuration = json!({"name": EDGE_FILTER, "typed_config": edge.get("typed_config")});
    Document::new(
        "The policy, for the edge. A change of it holds from the next request on; requests that run keep the one before.",
        patch::envoy_filter(options, "policy", vec![patch::extension_config(configuration)]),
    )
}

/// The edge, and what stands before it.
fn before(policy: &Policy<'_>, options: &Options) -> (Option<Value>, Vec<Value>) {
    let filters = before_router(policy, &options.paths, &context(options));
    let named = |filter: &Value, name: &str| filter.get("name").is_some_and(|found| found == name);
    // Istio's chains have one of that name.
    let (edge, others): (Vec<Value>, Vec<Value>) = filters
        .into_iter()
        .filter(|filter| !named(filter, "envoy.filters.http.cors"))
        .partition(|filter| named(filter, EDGE_FILTER));
    (edge.into_iter().next(), others)
}

/// The same filter, whose configuration comes by itself.
fn discovered(mut filter: Value) -> Value {
    if let Value::Object(fields) = &mut filter
        && let Some(configuration) = fields.shift_remove("typed_config")
    {
        fields.insert(
            "config_discovery".to_owned(),
            json!({
                // A listener waits so long for it at its start, and other hosts with it. Without one our routes answer 500.
                "config_source": {"ads": {}, "initial_fetch_timeout": "5s", "resource_api_version": "V3"},
                "type_urls": [configuration.get("@type")],
            }),
        );
    }
    filter
}
