//! Runs the real binary, and compares what it prints with golden files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Run {
    pub out: String,
    pub err: String,
    pub code: i32,
}

/// Runs `multihome` in the project's root folder.
pub fn multihome(arguments: &[&str]) -> Run {
    multihome_with(arguments, "")
}

/// The same, with something on its standard input.
pub fn multihome_with(arguments: &[&str], input: &str) -> Run {
    multihome_where(&[], arguments, input)
}

/// The same, with variables in its environment.
pub fn multihome_where(variables: &[(&str, &str)], arguments: &[&str], input: &str) -> Run {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_multihome"))
        .args(arguments)
        .env_remove("MULTIHOME_TAG_KEY")
        .envs(variables.iter().copied())
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends without reading its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Holds `found` against a file of the project; with `UPDATE_GOLDEN=1` in the environment, writes it instead.
pub fn assert_golden(path: &str, found: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if expected != found {
        let line = expected.lines().zip(found.lines()).position(|(one, other)| one != other);
        let line = line.unwrap_or_else(|| expected.lines().count().min(found.lines().count()));
        panic!(
            "{path} is not up to date, first at line {}:\n  it has   {:?}\n  it gets  {:?}\n\
             if that is meant: UPDATE_GOLDEN=1 cargo test -p multihome-cli",
            line + 1,
            expected.lines().nth(line),
            found.lines().nth(line),
        );
    }
}

/// A policy in which every kind of endpoint, listener and credential stands once.
pub const EVERYTHING: &str = r#"
endpoints:
  azure-key: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}
  azure-entra:
    cloud: azure
    resource: contoso
    region: swedencentral
    residency: eu
    auth: {entra: {tenant: t, client_id: c, client_secret: {sds: entra-secret}}}
  azure-gov:
    cloud: azure
    resource: contoso
    host: contoso.openai.azure.us
    residency: us
    auth:
      entra:
        tenant: t
        client_id: c
        client_secret: {sds: entra-secret}
        scope: https://cognitiveservices.azure.us/.default
        token_endpoint: {host: login.microsoftonline.us}
  azure-gateway:
    cloud: azure
    resource: contoso
    host: contoso.azure-api.net
    path_prefix: /openai-eu
    key_header: ocp-apim-subscription-key
    residency: us
    auth: {api_key: {sds: apim-key}}
    headers: {x-ms-oai-image-generation-deployment: img-100%}
  aws-sign:
    cloud: aws
    region: us-east-1
    surface: runtime
    residency: us
    auth: sigv4
    headers: {x-amzn-bedrock-guardrailidentifier: g1, x-amzn-bedrock-guardrailversion: "1"}
  mantle-sign: {cloud: aws, region: us-east-1, surface: mantle, residency: us, auth: sigv4, timeouts: {connect: 3s, whole: 900s}}
  aws-key: {cloud: aws, region: us-east-1, surface: mantle, residency: us, auth: {api_key: {sds: bedrock-key}}, informational: absorb}
  gcp-machine: {cloud: gcp, project: p, location: us, residency: us, auth: metadata}
  gcp-token: {cloud: gcp, project: p, location: us, residency: us, auth: {token: {sds: gcp-token}}}
  openai-eu:
    cloud: openai
    data_residency: eu
    organization: org-1
    project: proj_2
    residency: eu
    auth: {api_key: {sds: openai-key}}
    headers: {openai-beta: assistants=v2}
  openai: {cloud: openai, residency: global, auth: {api_key: {sds: openai-key}}}
  private:
    cloud: azure
    resource: contoso
    residency: us
    auth: {api_key: {sds: azure-key}}
    address: 10.0.0.7:8443
    tls: {ca_file: /etc/ssl/private-ca.pem, sni: contoso.privatelink.openai.azure.com}
  plain: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}, address: proxy.internal:8080, tls: off}
models:
  m:
    - {endpoint: azure-key, id: d, form: openai.chat}
    - {endpoint: azure-entra, id: d, form: openai.chat}
    - {endpoint: azure-gov, id: d, form: openai.chat}
    - {endpoint: azure-gateway, id: d, form: openai.chat}
    - {endpoint: aws-sign, id: us.openai.gpt-6.1-sol, form: openai.chat}
    - {endpoint: mantle-sign, id: openai.gpt-6.1-sol, form: openai.responses}
    - {endpoint: aws-key, id: openai.gpt-6.1-sol, form: openai.responses}
    - {endpoint: gcp-machine, id: gpt-6.1-sol, form: openai.responses}
    - {endpoint: gcp-token, id: gpt-6.1-sol, form: openai.responses}
    - {endpoint: openai-eu, id: gpt-6.1-sol, form: [openai.chat, openai.responses]}
    - {endpoint: openai, id: gpt-6.1-sol, form: openai.chat}
    - {endpoint: private, id: d, form: openai.chat}
    - {endpoint: plain, id: d, form: openai.chat}
  untranslated: {translate: false, targets: [{endpoint: openai, id: gpt-6.1-luna, form: openai.responses}]}
tenants:
  acme: {clouds: [azure, aws, gcp, openai], residency: [us, eu, global], models: ["*"], max_attempts: 4}
identity:
  header: x-team
  trust: {listeners: [inside], client_certificates: ["spiffe://contoso/gateway", gateway.contoso.com]}
  policy: {header: x-team-policy, ceiling: {clouds: [azure], residency: [us], models: ["*"]}}
listeners:
  inside: {}
  mtls: {tls: {certificate_file: /tls/crt.pem, key_file: /tls/key.pem, client_ca_file: /tls/clients.pem}}
  web: {tls: {certificate_file: /tls/crt.pem, key_file: /tls/key.pem}, cors: {allow_origins: ["https://chat.contoso.com", "*"]}}
sessions: {tag_keys: [MULTIHOME_TAG_KEY]}
timeouts: {first_byte: 100s, idle: 300s, connect: 1500ms}
limits: {body_bytes: 8388608}
"#;
