//! `render`: a policy as configuration.

mod istio;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::envoy_version;
use crate::file;
use crate::outcome::{Outcome, lines};
use crate::render::envoy;
use crate::render::envoy::options::{Options, Part, Scope};
use crate::render::piece::policy::{Paths, Policy};
use crate::render::rendered::{Format, Rendered};

#[derive(Debug, Subcommand)]
pub enum Render {
    /// Configuration for stock Envoy: a whole bootstrap, or parts for an Envoy of your own
    Envoy(RenderEnvoy),
    /// Manifests for Istio: hosts on a gateway, beside others
    Istio(istio::RenderIstio),
}

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
    /// The folder of the secrets' files
    #[arg(long, value_name = "DIR", default_value = "/etc/multihome/secrets")]
    sds_dir: String,
    /// The authorities that the clouds' certificates are held against, where an endpoint names none of its own
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    ca_file: String,
    /// The most memory that Envoy may allocate: near it, it resets the largest streams and refuses requests. In bytes, or
    /// with KiB, MiB, GiB; the module and what Envoy itself is made of (150 MiB) come on top
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes)]
    max_heap: u64,
    /// The most connections that one listener takes; more are closed at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// An Envoy binary: refuse to render if it is too old for what is rendered
    #[arg(long, value_name = "PATH")]
    envoy: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FormatName::Yaml)]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartName {
    /// The HTTP filters before the router, and what the connection manager needs beside them
    Filters,
    /// The virtual host with the route to all clusters
    Route,
    /// The clusters
    Clusters,
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

impl Render {
    /// Renders, unless there is a reason not to.
    pub fn run(self) -> Result<Outcome, Outcome> {
        match self {
            Render::Envoy(arguments) => arguments.run(),
            Render::Istio(arguments) => arguments.run(),
        }
    }
}

impl RenderEnvoy {
    fn run(self) -> Result<Outcome, Outcome> {
        if let Some(envoy) = &self.envoy {
            envoy_version::require(envoy)?;
        }
        let file = file::read(&self.policy)?;
        let scope = match self.part {
            None => Scope::Bootstrap,
            Some(PartName::Filters) => Scope::Part(Part::Filters),
            Some(PartName::Route) => Scope::Part(Part::Route),
            Some(PartName::Clusters) => Scope::Part(Part::Clusters),
        };
        let format = self.format.into();
        let options = Options {
            paths: Paths { wasm: self.wasm, sds_dir: self.sds_dir, ca_file: self.ca_file },
            listeners: self.listen,
            admin: self.admin.unwrap_or_else(|| ([127, 0, 0, 1], 9901).into()),
            domains: self.domain,
            probe: self.probe,
            max_heap_bytes: self.max_heap,
            max_connections: self.max_connections,
        };
        let remarks = envoy::remarks::on(&file.config, &options, scope);
        if !remarks.faults.is_empty() {
            return Err(Outcome::faults(lines("error", &remarks.faults)));
        }
        let policy = Policy { config: &file.config, node: &file.node };
        let Rendered { files } = envoy::render(&policy, &options, scope, format);
        let out = files.into_iter().map(|(_, text)| text).collect();
        Ok(Outcome { out, err: lines("warning", &remarks.warnings), code: 0 })
    }
}

fn listener(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, at) = text.split_once('=').unwrap_or(("default", text));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(format!("`{name}` cannot name a listener: use a-z A-Z 0-9 _ -"));
    }
    Ok((name.to_owned(), address(at)?))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an IP address and a port; write `127.0.0.1:8080`, `0.0.0.0:8080` or `[::]:8080`")
    })
}

/// Below it Envoy could not even start to serve.
const LEAST_HEAP: u64 = 64 << 20;

fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let (number, shift) = units
        .iter()
        .find_map(|(unit, shift)| text.strip_suffix(unit).map(|number| (number, *shift)))
        .unwrap_or((text, 0));
    match number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)) {
        Some(bytes) if bytes >= LEAST_HEAP => Ok(bytes),
        Some(_) => Err(format!("`{text}` is too little for Envoy; write `64MiB` or more")),
        None => Err(format!("`{text}` is no number of bytes; write `1073741824`, `1024MiB` or `1GiB`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_listeners() {
        assert_eq!(listener("127.0.0.1:80").unwrap(), ("default".to_owned(), "127.0.0.1:80".parse().unwrap()));
        assert_eq!(listener("public=[::]:443").unwrap(), ("public".to_owned(), "[::]:443".parse().unwrap()));
        assert!(listener("public=localhost:443").is_err());
        assert!(listener("=127.0.0.1:80").is_err());
    }

    #[test]
    fn reads_bytes() {
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("300 MiB"), Ok(300 << 20));
        assert_eq!(bytes("104857600"), Ok(104_857_600));
        for wrong in ["", "1GB", "-1", "63MiB", "99999999999GiB", "1.5GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
