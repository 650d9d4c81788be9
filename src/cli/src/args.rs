//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One OpenAI-compatible endpoint over Azure, AWS and Google Cloud: the tool beside the Envoy filter.
///
/// Exit codes: 0 done, 1 faults in what was read (each with its place and a way to mend it), 2 a wrong command line.
#[derive(Debug, Parser)]
#[command(name = "multihome", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a policy file: every fault at once, with its line, its place and a suggestion
    Check {
        /// The policy, YAML or JSON
        policy: PathBuf,
    },
    /// Explain what would become of a request: every target, and why it is refused or ranked so
    Explain(Explain),
    /// Print the JSON Schema (2020-12) of the policy file
    Schema,
    /// Render configuration from a policy file
    #[command(subcommand)]
    Render(Render),
    /// Say which version an Envoy binary has, and refuse one that is too old
    EnvoyVersion {
        /// The Envoy binary
        envoy: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
The request is taken to come from a peer that may name the tenant. Without --body it is the smallest one that names the model.
The exit code is 0 where it would be sent to a cloud, 1 where it would be denied or the policy has faults.

Examples:
    multihome explain policy.yaml --header 'x-tenant-id: acme' --model gpt-6.1-sol
    multihome explain policy.yaml --header 'x-tenant-id: acme' --header 'x-multihome-clouds: aws, gcp' --operation responses --body request.json")]
pub struct Explain {
    /// The policy, YAML or JSON
    pub policy: PathBuf,
    /// A header of the request; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub header: Vec<(String, String)>,
    /// The model that is asked for
    #[arg(long, value_name = "NAME", required_unless_present = "body", conflicts_with = "body")]
    pub model: Option<String>,
    /// The API that the client speaks
    #[arg(long, value_enum, default_value_t = Operation::Chat)]
    pub operation: Operation,
    /// The request's body, from a file: its size, features and limits count, and it names the model
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// Decide as if there were no Google access token
    #[arg(long)]
    pub no_google_token: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Operation {
    /// POST /v1/chat/completions
    Chat,
    /// POST /v1/responses
    Responses,
}

#[derive(Debug, Subcommand)]
pub enum Render {
    /// Configuration for stock Envoy: a whole bootstrap, or parts for an Envoy of your own
    Envoy(RenderEnvoy),
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
    pub policy: PathBuf,
    /// The module's file, as Envoy will find it
    #[arg(long, value_name = "FILE")]
    pub wasm: String,
    /// Where to listen: IP:PORT is the listener `default`, NAME=IP:PORT another one; may be repeated
    #[arg(long, value_name = "[NAME=]IP:PORT", value_parser = listener, required_unless_present = "part")]
    pub listen: Vec<(String, SocketAddr)>,
    /// Where the admin interface listens
    #[arg(long, value_name = "IP:PORT", value_parser = address, required_unless_present = "part")]
    pub admin: Option<SocketAddr>,
    /// Only this part; `--listen` then says for which listener
    #[arg(long, value_enum)]
    pub part: Option<Part>,
    /// The folder of the secrets' files
    #[arg(long, value_name = "DIR", default_value = "/etc/multihome/secrets")]
    pub sds_dir: String,
    /// The authorities that the clouds' certificates are held against, where an endpoint names none of its own
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    pub ca_file: String,
    /// An Envoy binary: refuse to render if it is too old for what is rendered
    #[arg(long, value_name = "PATH")]
    pub envoy: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Part {
    /// The HTTP filters before the router, and what the connection manager needs beside them
    Filters,
    /// The virtual host with the route to all clusters
    Route,
    /// The clusters
    Clusters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Yaml,
    Json,
}

fn listener(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, at) = text.split_once('=').unwrap_or(("default", text));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(format!("`{name}` cannot name a listener: use a-z A-Z 0-9 _ -"));
    }
    Ok((name.to_owned(), address(at)?))
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not a header; write `name: value`")),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an IP address and a port; write `127.0.0.1:8080`, `0.0.0.0:8080` or `[::]:8080`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn reads_listeners() {
        assert_eq!(listener("127.0.0.1:80").unwrap(), ("default".to_owned(), "127.0.0.1:80".parse().unwrap()));
        assert_eq!(listener("public=[::]:443").unwrap(), ("public".to_owned(), "[::]:443".parse().unwrap()));
        assert!(listener("public=localhost:443").is_err());
        assert!(listener("=127.0.0.1:80").is_err());
    }
}
