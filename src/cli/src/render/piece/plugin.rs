//! The module as a filter, in both of its roles.

use multihome_core::config::Sessions;
use serde_json::{Value, json};

use super::any::{any, extension, put};
use super::policy::Paths;
use crate::print::note::named;
use crate::render::names::Names;

/// The module's filter.
pub fn filter(
    name: &str,
    root: &str,
    paths: &Paths,
    names: Names,
    sessions: &Sessions,
    configuration: &Value,
) -> Value {
    extension(name, "envoy.extensions.filters.http.wasm.v3.Wasm", plugin(root, paths, names, sessions, configuration))
}

fn plugin(root: &str, paths: &Paths, names: Names, sessions: &Sessions, configuration: &Value) -> Value {
    let mut vm = json!({
        "#": "One VM a worker for both roles, since id, code and configuration of the VM are the same everywhere: \
            the edge leaves there what the attempts need.",
        "vm_id": names.vm_id(),
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"#filename": "yours: --wasm", "filename": paths.wasm}},
    });
    let variables = (!sessions.key_variables.is_empty()).then(|| {
        json!({
            "#host_env_keys": "The keys of tags: from Envoy's own environment, so that they are in no file and no dump.",
            "host_env_keys": sessions.key_variables,
        })
    });
    put(&mut vm, "environment_variables", variables);
    json!({"config": {
        "name": root,
        "root_id": root,
        "vm_config": named("vm", vm),
        "#configuration": "What of the policy a role needs: the edge all of it, an attempt the name of its endpoint.",
        "configuration": named(
            &format!("{root}-configuration"),
            any("google.protobuf.StringValue", json!({"value": configuration.to_string()})),
        ),
        "#allow_on_headers_stop_iteration": "Else a request that waits at its headers for its body would wait for ever.",
        "allow_on_headers_stop_iteration": true,
        "#failure_policy": "A VM that trapped is replaced. By default Envoy would reply 503 until it restarts.",
        "failure_policy": "FAIL_RELOAD",
    }})
}
