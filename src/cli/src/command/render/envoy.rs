//! `render envoy`: a bootstrap, or parts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FormatName;
use super::value::{address, bytes, listener};
use crate::command::envoy_version;
use crate::file;
use crate::folder;
use crate::outcome::{Outcome, lines};
use crate::render::envoy;
use crate::render::envoy::options::{Options, Part, Scope};
use crate::render::names::Names;
use crate::render::piece::certificate;
use crate::render::piece::policy::{Paths, Policy};
use crate::render::rendered::{Format, Rendered};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Secrets: each `sds: NAME` of the policy is the file SDS_DIR/NAME.yaml, which must exist when Envoy starts (it may be empty):

    resources:
      - \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
        name: NAME
        generic_secret: {secret: {inline_string: \"the secret\"}}

Replace it by renaming another file over it: Envoy takes the new one within a second.
`auth: sigv4` takes AWS credentials from Envoy's environment, files, container or instance, as the AWS SDKs do.

Examples:
    multihome render envoy policy.yaml --wasm /etc/multihome/multihome.wasm --listen 127.0.0.1:8080 --admin 127.0.0.1:9901
    multihome render envoy policy.yaml --wasm multihome.wasm --listen 127.0.0.1:8080 --listen partners=0.0.0.0:8443 --admin 127.0.0.1:9901
    multihome render envoy policy.yaml --wasm multihome.wasm --listen 127.0.0.1:8080 --admin 127.0.0.1:9901 --out /srv/multihome
    multihome render envoy policy.yaml --wasm multihome.wasm --part clusters")]
pub struct RenderEnvoy {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// The module's file, as Envoy will find it
    #[arg(long, value_name = "FILE")]
    wasm: String,
    /// Where to listen: IP:PORT is the listener `default`, NAME=IP:PORT another one; may be repeated
    #[arg(long, value_name = "[NAME=]IP:PORT", value_parser = listener, required_unless_present = "part")]
    listen: Vec<(String, SocketAddr)>,
    /// Where the admin interface listens
    #[arg(long, value_name = "IP:PORT", value_parser = address, required_unless_present = "part")]
    admin: Option<SocketAddr>,
    /// A listener for `/healthz` and `/readyz` alone, that answers them also when the others are full or memory is short
    #[arg(long, value_name = "IP:PORT", value_parser = address, conflicts_with = "part")]
    probe: Option<SocketAddr>,
    /// Only this part; `--listen` then says for which listener
    #[arg(long, value_enum)]
    part: Option<PartName>,
    /// For `--part route`: a host name that clients call the gateway by, or `*` where your listener has no other virtual
    /// host; may be repeated
    #[arg(long, value_name = "HOST", required_if_eq("part", "route"))]
    domain: Vec<String>,
    /// For a part: your Envoy does not take the part `listeners`, and so no other part leads there
    #[arg(long, requires = "part")]
    no_internal_listeners: bool,
    /// The folder of the secrets' files
    #[arg(long, value_name = "DIR", default_value = "/etc/multihome/secrets")]
    sds_dir: String,
    /// The authorities that the clouds' certificates are held against, where an endpoint names none of its own
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    ca_file: String,
    /// Write a file there for each certificate and authority that policy or `--ca-file` name, and have Envoy read them again
    /// when they are replaced; without it, Envoy reads them when it starts. With `--out` it is always so
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    certificates: Option<PathBuf>,
    /// The most memory that Envoy may allocate: near it, it resets the largest streams and refuses requests. In bytes, or
    /// with KiB, MiB, GiB; the module and what Envoy itself is made of (150 MiB) come on top
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes)]
    max_heap: u64,
    /// The most connections that one listener takes; more are closed at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// An Envoy binary: refuse to render if it is too old for what is rendered, and with --out if it refuses it
    #[arg(long, value_name = "PATH")]
    envoy: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FormatName::Yaml)]
    format: FormatName,
    /// Write a folder instead, with a bootstrap that stays and files that Envoy watches; what is written later into the same
    /// folder takes effect by `multihome apply DIR`, without a restart. The module is copied into it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["part", "format"])]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartName {
    /// The HTTP filters before the router, and what the connection manager needs beside them
    Filters,
    /// The virtual host with the route to all clusters
    Route,
    /// The clusters
    Clusters,
    /// The listeners inside Envoy, in which a request loses its trailers or its gRPC type, and Envoy's extension for them
    Listeners,
}

impl RenderEnvoy {
    /// Renders, unless there is a reason not to.
    pub fn run(self) -> Result<Outcome, Outcome> {
        if let Some(envoy) = &self.envoy {
            envoy_version::require(envoy)?;
        }
        let file = file::read(&self.policy)?;
        let scope = match self.part {
            None => Scope::Bootstrap,
            Some(PartName::Filters) => Scope::Part(Part::Filters),
            Some(PartName::Route) => Scope::Part(Part::Route),
            Some(PartName::Clusters) => Scope::Part(Part::Clusters),
            Some(PartName::Listeners) => Scope::Part(Part::Listeners),
        };
        let certificates = self.certificates.as_ref().map(std::path::absolute).transpose();
        let certificates = certificates.map_err(|error| Outcome::usage(format!("error: --certificates: {error}\n")))?;
        let mut options = Options {
            paths: Paths { wasm: self.wasm, sds_dir: self.sds_dir, ca_file: self.ca_file, certificates: None },
            listeners: self.listen,
            admin: self.admin.unwrap_or_else(|| ([127, 0, 0, 1], 9901).into()),
            domains: self.domain,
            internal_listeners: !self.no_internal_listeners,
            probe: self.probe,
            max_heap_bytes: self.max_heap,
            max_connections: self.max_connections,
        };
        let remarks = envoy::remarks::on(&file.config, &options, scope);
        if !remarks.faults.is_empty() {
            return Err(Outcome::faults(lines("error", &remarks.faults)));
        }
        if let Some(out) = &self.out {
            let written = super::out::write(&file, options, out, self.envoy.as_ref())?;
            return Ok(Outcome { out: written, err: lines("warning", &remarks.warnings), code: 0 });
        }
        let policy =
            Policy { config: &file.config, node: &file.node, keys: file.keys.as_ref(), names: Names::default() };
        if let Some(folder) = certificates {
            options.paths.certificates = Some(folder.display().to_string());
            for (name, value) in certificate::files(policy.config, &options.paths) {
                folder::replace(&folder.join(name), Format::Yaml.text(envoy::HEADING, &value).as_bytes())
                    .map_err(|trouble| Outcome::faults(format!("error: {trouble}\n")))?;
            }
        }
        let Rendered { files } = envoy::render(&policy, &options, scope, self.format.into());
        let out = files.into_iter().map(|(_, text)| text).collect();
        Ok(Outcome { out, err: lines("warning", &remarks.warnings), code: 0 })
    }
}
