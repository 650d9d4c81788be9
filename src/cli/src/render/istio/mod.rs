//! A policy as Istio's objects: hosts on a gateway that has others, and patches for what istiod makes of them.
//!
//! What is said of istiod's and Envoy's behaviour was tried with istiod's own push code of 1.31 and Envoy 1.40.0.

mod clusters;
mod egress;
mod filters;
mod gateway;
mod identity;
mod jwt;
mod object;
pub mod options;
mod patch;
mod pod;
pub mod remarks;
mod route;

use super::piece::policy::Policy;
use super::rendered::{Format, LEGEND, Rendered};
use object::{Document, file};
use options::{Mode, Options};

const HEADING: &str = "\
# Made by `multihome render istio`; for Istio 1.31 and later. Change the policy and render again rather than this file.
";

fn heading() -> String {
    format!("{HEADING}{LEGEND}\n")
}

/// The manifests, and what the gateway's pods need.
pub fn render(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    let mut files: Vec<(String, String)> = groups(policy, options)
        .into_iter()
        .enumerate()
        .map(|(position, (stem, documents))| {
            (format.path(&format!("{}-{stem}", position + 1)), file(format, &heading(), &documents))
        })
        .collect();
    files.push(pod::file(policy.config, options));
    Rendered { files }
}

/// All manifests as one text; what the pods need is a comment of it.
pub fn print(policy: &Policy<'_>, options: &Options, format: Format) -> String {
    let documents: Vec<Document> = groups(policy, options).into_iter().flat_map(|(_, documents)| documents).collect();
    let mut text = file(format, &heading(), &documents);
    if format == Format::Yaml {
        text.push_str(&format!("---\n{}", pod::comment(policy.config, options)));
    }
    text
}

/// The documents by file. At a change each is applied before the next: first a cluster, then the way there, then the policy
/// that sends requests that way; what is taken away, in the opposite order.
fn groups(policy: &Policy<'_>, options: &Options) -> Vec<(&'static str, Vec<Document>)> {
    let mut hosts = gateway::documents(options);
    if options.mode == Mode::Egress {
        hosts.extend(egress::documents(options));
    }
    let mut groups = vec![("hosts", hosts)];
    let token = policy.config.identity.header().zip(options.jwt.as_ref());
    groups.extend(token.map(|(header, jwt)| ("jwt", jwt::documents(&header.name, policy.config, options, jwt))));
    groups.push(("clusters", vec![clusters::document(policy, options)]));
    groups.push(("route", vec![route::document(policy, options)]));
    groups.push(("policy", vec![filters::policy(policy, options)]));
    groups.push(("filters", vec![filters::document(policy, options)]));
    groups.retain(|(_, documents)| !documents.is_empty());
    groups
}
