//! `render`: a policy as configuration. One file a format.

mod envoy;
mod istio;
mod kubernetes;
mod out;
mod value;

use clap::{Subcommand, ValueEnum};

use crate::outcome::Outcome;
use crate::render::rendered::Format;

#[derive(Debug, Subcommand)]
pub enum Render {
    /// Configuration for stock Envoy: a whole bootstrap, or parts for an Envoy of your own
    Envoy(Box<envoy::RenderEnvoy>),
    /// Manifests for Istio: hosts on a gateway, beside others
    Istio(Box<istio::RenderIstio>),
    /// Kubernetes' objects for stock Envoy: Deployment, ConfigMap, Service, and what belongs to them
    Kubernetes(Box<kubernetes::RenderKubernetes>),
}

impl Render {
    /// Renders, unless there is a reason not to.
    pub fn run(self) -> Result<Outcome, Outcome> {
        match self {
            Render::Envoy(arguments) => arguments.run(),
            Render::Istio(arguments) => arguments.run(),
            Render::Kubernetes(arguments) => arguments.run(),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Yaml,
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Format {
        match name {
            FormatName::Yaml => Format::Yaml,
            FormatName::Json => Format::Json,
        }
    }
}
