//! `render istio`: a policy as Istio's objects.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use multihome_core::name;

use super::FormatName;
use crate::file;
use crate::outcome::{Outcome, lines};
use crate::render::istio;
use crate::render::istio::options::{Existing, Jwt, Keys, Mode, Module, Name, Options};
use crate::render::names::Names;
use crate::render::piece::policy::{Paths, Policy};
use crate::render::rendered::Rendered;

#[derive(Debug, Args)]
#[command(after_long_help = "\
For Istio 1.31 and later: in an older one no patch holds, and the hosts answer 503.
What the gateway's pods need (secrets, the module) is printed as a comment; `--out` writes it as a patch, DIR/pods/patch.yaml.

Examples:
    multihome render istio policy.yaml --gateway istio-ingress/llm --host llm.example.com --wasm-path /opt/multihome/multihome.wasm --out istio
    multihome render istio policy.yaml --gateway istio-ingress/llm --host llm.example.com --wasm-path /opt/multihome/multihome.wasm \\
        --tls-secret llm-certificate --jwt-issuer https://login.example.com --jwks-uri https://login.example.com/keys --jwt-audience llm
    multihome render istio policy.yaml --mode egress --gateway ai/llm --selector app=llm-gateway --host llm.ai.svc.cluster.local \\
        --wasm-path /opt/multihome/multihome.wasm --tenant-of spiffe://cluster.local/ns/shop/sa/web=shop")]
pub struct RenderIstio {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// Where requests come from
    #[arg(long, value_enum, default_value_t = ModeName::Gateway)]
    mode: ModeName,
    /// The Gateway that serves the hosts
    #[arg(long, value_name = "NS/NAME", value_parser = namespaced)]
    gateway: Name,
    /// A host that clients call; may be repeated
    #[arg(long, value_name = "HOST", required = true, value_parser = host)]
    host: Vec<String>,
    /// The module's file in the gateway's pods
    #[arg(long, value_name = "FILE")]
    wasm_path: String,
    /// A label of the gateway's pods; may be repeated [default: istio=ingressgateway, in mode egress istio=egressgateway]
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    selector: Vec<(String, String)>,
    /// The namespace of the gateway's pods [default: the Gateway's]
    #[arg(long, value_name = "NS")]
    pod_namespace: Option<String>,
    /// The port of the Gateway's server [default: 80, with --tls-secret 443, in mode egress 8443]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The Secret with the certificate of the Gateway's server (`credentialName`); plain HTTP without one
    #[arg(long, value_name = "NAME")]
    tls_secret: Option<String>,
    /// The Gateway is there: make none
    #[arg(long)]
    existing_gateway: bool,
    /// The Gateway and a VirtualService for the hosts are there: make the patches only
    #[arg(long)]
    existing_virtual_service: bool,
    /// The listener of the policy whose `identity.trust` and `cors` hold for these hosts
    #[arg(long, value_name = "NAME", default_value = "default")]
    listener: String,
    /// The issuer of tokens (JWT) that say which tenant asks
    #[arg(long, value_name = "ISSUER", requires = "keys")]
    jwt_issuer: Option<String>,
    /// Where the issuer's public keys are, for istiod
    #[arg(long, value_name = "URL", group = "keys", requires = "jwt_issuer")]
    jwks_uri: Option<String>,
    /// A file with the issuer's public keys, a JSON Web Key Set
    #[arg(long, value_name = "FILE", group = "keys", requires = "jwt_issuer")]
    jwks_file: Option<PathBuf>,
    /// For whom a token has to be (`aud`); may be repeated
    #[arg(long, value_name = "AUDIENCE", requires = "jwt_issuer")]
    jwt_audience: Vec<String>,
    /// The claim that names the tenant
    #[arg(long, value_name = "CLAIM", default_value = "tenant")]
    tenant_claim: String,
    /// In mode egress: the tenant that a caller is; without one it is the tenant of the caller's own name. May be repeated
    #[arg(long, value_name = "SPIFFE=TENANT", value_parser = caller)]
    tenant_of: Vec<(String, String)>,
    /// The folder of the secrets' files in the gateway's pods
    #[arg(long, value_name = "DIR", default_value = "/etc/multihome/secrets")]
    sds_dir: String,
    /// The authorities that the clouds' certificates are held against, where an endpoint names none of its own
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    ca_file: String,
    /// How the module comes into the pods
    #[arg(long, value_enum, default_value_t = ModuleFrom::Image)]
    module_from: ModuleFrom,
    /// The image (of --module-from image and init) or the ConfigMap that holds the module
    #[arg(long, value_name = "NAME", default_value = "multihome-module")]
    module: String,
    /// A folder to write files to, in place of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FormatName::Yaml)]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeName {
    /// From outside the mesh, by a host of a gateway
    Gateway,
    /// From the mesh's own workloads, by a Service; the caller's certificate says which tenant asks
    Egress,
    /// As gateway, for Istio 1.28 to 1.30: a WasmPlugin that chooses by the headers alone, without failover
    Header,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModuleFrom {
    /// A volume that is an image (Kubernetes 1.33 or later)
    Image,
    /// A container of an image that copies it before the proxy starts
    Init,
    /// A ConfigMap
    Configmap,
}

impl RenderIstio {
    /// Renders, unless there is a reason not to.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let file = file::read(&self.policy)?;
        let policy =
            Policy { config: &file.config, node: &file.node, keys: file.keys.as_ref(), names: Names::default() };
        let (format, out) = (self.format.into(), self.out.clone());
        let options = self.options()?;
        let remarks = istio::remarks::on(&policy, &options);
        if !remarks.faults.is_empty() {
            return Err(Outcome::faults(lines("error", &remarks.faults)));
        }
        let printed = match out {
            None => istio::print(&policy, &options, format),
            Some(folder) => write(&folder, istio::render(&policy, &options, format))?,
        };
        Ok(Outcome { out: printed, err: lines("warning", &remarks.warnings), code: 0 })
    }

    fn options(self) -> Result<Options, Outcome> {
        let mode = match self.mode {
            ModeName::Gateway => Mode::Gateway,
            ModeName::Egress => Mode::Egress,
            ModeName::Header => Mode::Header,
        };
        let (gateway, port) = match (mode, &self.tls_secret) {
            (Mode::Egress, _) => ("egressgateway", 8443),
            (Mode::Gateway | Mode::Header, Some(_)) => ("ingressgateway", 443),
            (Mode::Gateway | Mode::Header, None) => ("ingressgateway", 80),
        };
        let selector = match self.selector.is_empty() {
            true => vec![("istio".to_owned(), gateway.to_owned())],
            false => self.selector,
        };
        let keys = match (self.jwks_uri, self.jwks_file) {
            (Some(uri), _) => Some(Keys::Uri(uri)),
            (None, Some(file)) => Some(Keys::Set(key_set(&file)?)),
            (None, None) => None,
        };
        let jwt = self.jwt_issuer.zip(keys).map(|(issuer, keys)| Jwt {
            issuer,
            keys,
            audiences: self.jwt_audience,
            claim: self.tenant_claim,
        });
        Ok(Options {
            paths: Paths { wasm: self.wasm_path, sds_dir: self.sds_dir, ca_file: self.ca_file, certificates: None },
            mode,
            pods: self.pod_namespace.unwrap_or_else(|| self.gateway.namespace.clone()),
            gateway: self.gateway,
            existing: match (self.existing_gateway, self.existing_virtual_service) {
                (_, true) => Existing::VirtualService,
                (true, false) => Existing::Gateway,
                (false, false) => Existing::Nothing,
            },
            hosts: self.host,
            port: self.port.unwrap_or(port),
            tls_secret: self.tls_secret,
            selector,
            listener: self.listener,
            jwt,
            tenants: self.tenant_of,
            module: match self.module_from {
                ModuleFrom::Image => Module::Image(self.module),
                ModuleFrom::Init => Module::Init(self.module),
                ModuleFrom::Configmap => Module::ConfigMap(self.module),
            },
        })
    }
}

/// Writes each file, in the order in which they are applied, and says which.
fn write(folder: &Path, rendered: Rendered) -> Result<String, Outcome> {
    let mut said = String::new();
    for (path, text) in rendered.files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| Outcome::faults(format!("error: cannot write {}: {error}\n", path.display())))?;
        said.push_str(&format!("{}\n", path.display()));
    }
    Ok(said)
}

/// A JSON Web Key Set, checked only for being one: Istio reads it.
fn key_set(file: &Path) -> Result<String, Outcome> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Outcome::usage(format!("error: cannot read {name}: {error}\n")))?;
    let set: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    if set.as_ref().is_some_and(|set| set.get("keys").is_some_and(serde_json::Value::is_array)) {
        Ok(text.trim().to_owned())
    } else {
        Err(Outcome::faults(format!(
            "error: {name} is no JSON Web Key Set\n  help: it is an object with a list `keys`: {{\"keys\": [{{\"kty\": \"RSA\", …}}]}}\n"
        )))
    }
}

fn namespaced(text: &str) -> Result<Name, String> {
    match text.split_once('/') {
        Some((namespace, name)) if is_label(namespace) && is_label(name) => {
            Ok(Name { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => Err(format!("`{text}` is no name of a Gateway; write `istio-ingress/llm`")),
    }
}

/// The name of an object (RFC 1123), short enough for what we put around it.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn host(text: &str) -> Result<String, String> {
    let plain = text.strip_prefix("*.").unwrap_or(text);
    if text == "*" || name::is_host(plain) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("`{text}` is no host; write `llm.example.com`, without a scheme or a port"))
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is no label; write `istio=ingressgateway`")),
    }
}

fn caller(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((caller, tenant)) if caller.starts_with("spiffe://") && name::is_tenant(tenant) => {
            Ok((caller.to_owned(), tenant.to_owned()))
        }
        _ => Err(format!("`{text}` names no caller; write `spiffe://cluster.local/ns/shop/sa/web=shop`")),
    }
}
