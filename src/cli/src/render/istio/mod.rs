//! A policy as Istio's objects: hosts on a gateway that has others, and patches for what istiod makes of them.
//!
//! What is said of istiod's and Envoy's behaviour was tried with istiod's own push code of 1.31 and Envoy 1.40.0.

mod clusters;
mod egress;
mod filters;
pub mod gateway;
mod header;
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

/// The manifests, and what the gateway's pods need.
pub fn render(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    let mut files: Vec<(String, String)> = groups(policy, options)
        .into_iter()
        .enumerate()
        .map(|(position, (stem, documents))| {
            (format.path(&format!("{}-{stem}", position + 1)), file(format, &heading(options), &documents))
        })
        .collect();
    files.push(pod::file(policy.config, options));
    Rendered { files }
}

/// All manifests as one text; what the pods need is a comment of it.
pub fn print(policy: &Policy<'_>, options: &Options, format: Format) -> String {
    let documents: Vec<Document> = groups(policy, options).into_iter().flat_map(|(_, documents)| documents).collect();
    let mut text = file(format, &heading(options), &documents);
    if format == Format::Yaml {
        text.push_str(&format!("---\n{}", pod::comment(policy.config, options)));
    }
    text
}

fn heading(options: &Options) -> String {
    let of_form = if options.mode == Mode::Header { header::HEADING } else { HEADING };
    format!("{of_form}{LEGEND}\n")
}

/// The documents by file. At a change each is applied before the next: first a cluster, then the way there, then the policy
/// that sends requests that way; what is taken away, in the opposite order.
fn groups(policy: &Policy<'_>, options: &Options) -> Vec<(&'static str, Vec<Document>)> {
    let mut groups = match options.mode {
        Mode::Gateway | Mode::Egress => whole(policy, options),
        Mode::Header => header::groups(policy, options),
    };
    let token = policy.config.identity.header().zip(options.jwt.as_ref());
    let tokens = token.map(|(header, jwt)| ("jwt", jwt::documents(&header.name, policy.config, options, jwt)));
    groups.splice(1..1, tokens);
    groups.retain(|(_, documents)| !documents.is_empty());
    groups
}

fn whole(policy: &Policy<'_>, options: &Options) -> Vec<(&'static str, Vec<Document>)> {
    let mut hosts = gateway::documents(options);
    if options.mode == Mode::Egress {
        hosts.extend(egress::documents(options));
    }
    vec![
        ("hosts", hosts),
        ("clusters", vec![clusters::document(policy, options)]),
        ("route", vec![route::document(policy, options)]),
        ("policy", vec![filters::policy(policy, options)]),
        ("filters", vec![filters::document(policy, options)]),
    ]
}
