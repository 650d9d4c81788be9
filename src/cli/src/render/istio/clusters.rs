//! The clusters, each with its attempt and its credential.

use super::object::Document;
use super::options::Options;
use super::patch::{cluster, envoy_filter};
use crate::render::piece;
use crate::render::piece::policy::Policy;

/// One patch for each cluster.
pub fn document(policy: &Policy<'_>, options: &Options) -> Document {
    let clusters = piece::cluster::all(policy.config, &options.paths, policy.names, false);
    Document::new(
        "One cluster for each endpoint of the policy: the module's attempt, then the credential. Nothing else leads there
but the routes of these hosts; a request that comes without the edge gets 503 and no credential.",
        envoy_filter(options, "clusters", clusters.into_iter().map(cluster).collect()),
    )
}
