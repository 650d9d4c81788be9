//! The Deployment, and the pod in it.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::object::{labels, object, port_name};
use super::options::{BOOTSTRAP_DIR, BOOTSTRAP_FILE, Options, PROBE_PORT};
use super::{drain, secret, volume};
use crate::print::note::explain;
use crate::render::piece::any::put;
use crate::render::piece::probe::{ALIVE, READY};

/// The user and group of Envoy's own images.
const USER: u32 = 101;

/// Pods of Envoy. A new one serves before an old one is taken away.
pub fn deployment(config: &Config, options: &Options, config_map: &str) -> Value {
    let mut deployment = object("apps/v1", "Deployment", &options.name, options);
    let mut spec = json!({
        "replicas": options.replicas,
        "selector": {"matchLabels": labels(options)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": labels(options), "annotations": {"multihome-policy": config.version.to_string()}},
            "spec": pod(config, options, config_map),
        },
    });
    explain(&mut spec, "replicas", "yours (--replicas); take it out where an autoscaler sets it");
    put(&mut deployment, "spec", Some(spec));
    deployment
}

fn pod(config: &Config, options: &Options, config_map: &str) -> Value {
    let volumes = volume::all(config, options, config_map);
    let mut pod = json!({
        "serviceAccountName": options.name,
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": drain::grace(config, options),
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": Value::Array(SPREAD_OVER.iter().map(|key| spread(key, options)).collect()),
        "containers": [container(config, options, &volumes)],
        "volumes": volumes.iter().map(volume::Volume::volume).collect::<Vec<_>>(),
    });
    let grace = "for preStop (below), which ends with the last request; what still runs then is cut (--drain)";
    explain(&mut pod, "terminationGracePeriodSeconds", grace);
    explain(&mut pod, "topologySpreadConstraints", "As far as there are several zones and nodes.");
    pod
}

/// Zones and nodes.
const SPREAD_OVER: [&str; 2] = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"];

/// As far as there are several: a pod that has no other place runs beside the others.
fn spread(key: &str, options: &Options) -> Value {
    json!({
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(options)},
    })
}

fn container(config: &Config, options: &Options, volumes: &[volume::Volume]) -> Value {
    let listeners = options.listeners.iter().map(|(name, address)| (port_name(name, address.port()), address.port()));
    let ports = listeners
        .chain([(PROBE.to_owned(), PROBE_PORT)])
        .map(|(name, port)| json!({"name": name, "containerPort": port, "protocol": "TCP"}));
    let mut container = json!({
        "name": "envoy",
        "image": options.envoy_image,
        // The image's own start changes users and files, which this pod may not.
        "command": ["envoy"],
        "args": [
            "-c", format!("{BOOTSTRAP_DIR}/{BOOTSTRAP_FILE}"),
            "--concurrency", options.cpus.to_string(),
            // Pods take each other's place; within one there is nobody to hand anything over to.
            "--disable-hot-restart",
        ],
        "ports": ports.collect::<Vec<_>>(),
    });
    put(&mut container, "env", environment(config, options));
    put(&mut container, "resources", Some(resources(options)));
    // Envoy compiles the module first.
    put(&mut container, "startupProbe", Some(probe(READY, 1, 120)));
    put(&mut container, "readinessProbe", Some(probe(READY, 5, 2)));
    // Envoy that does not say in half a minute that it lives; a module that fails is no reason to restart it.
    put(&mut container, "livenessProbe", Some(probe(ALIVE, 10, 3)));
    put(&mut container, "lifecycle", Some(json!({"preStop": drain::pre_stop(config, options)})));
    put(
        &mut container,
        "securityContext",
        Some(json!({
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        })),
    );
    explain(&mut container, "image", "yours (--envoy-image)");
    explain(
        &mut container,
        "resources",
        "yours (--cpus, --max-heap): Envoy lets go of requests before it has used that memory",
    );
    explain(&mut container, "livenessProbe", "Envoy lives; a restart would not mend a module, so it is not asked here");
    let mounts: Vec<Value> = volumes.iter().map(volume::Volume::mount).collect();
    put(&mut container, "volumeMounts", Some(Value::Array(mounts)));
    container
}

/// The variables of Envoy's environment; `None` if it needs none.
fn environment(config: &Config, options: &Options) -> Option<Value> {
    let mut variables = tags(config, options);
    if secret::signs(config) {
        variables.extend(aws(options));
    }
    (!variables.is_empty()).then_some(Value::Array(variables))
}

/// AWS's keys, where the pod has no role of its own: a role's variables are added to these. Nobody waits for an instance's
/// metadata server, whose role would be the node's.
fn aws(options: &Options) -> impl Iterator<Item = Value> {
    let from = |key: &str| json!({"secretKeyRef": {"name": options.named(secret::AWS), "key": key, "optional": true}});
    let keys = secret::AWS_KEYS.map(|(name, key)| json!({"name": name, "valueFrom": from(key)}));
    keys.into_iter().chain([json!({"name": "AWS_EC2_METADATA_DISABLED", "value": "true"})])
}

/// The keys of tags. None is optional: the module refuses a policy whose key is missing, and Kubernetes says so before.
fn tags(config: &Config, options: &Options) -> Vec<Value> {
    let from = |key: &str| json!({"secretKeyRef": {"name": options.named(secret::TAGS), "key": key}});
    config.sessions.key_variables.iter().map(|name| json!({"name": name, "valueFrom": from(name)})).collect()
}

/// The name of the port for probes.
const PROBE: &str = "probe";

fn probe(path: &str, seconds: u32, failures: u32) -> Value {
    json!({
        "httpGet": {"path": path, "port": PROBE},
        "periodSeconds": seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    })
}

/// The memory that a pod may use is what it asks for: Envoy's own limit lets go of requests before Kubernetes kills it.
/// No limit on processor time, which would stop all workers at once.
fn resources(options: &Options) -> Value {
    let heap = options.max_heap_bytes.div_ceil(1 << 20);
    let memory = format!("{}Mi", heap + ENVOY_MIB + u64::from(options.cpus) * WORKER_MIB);
    json!({"requests": {"cpu": options.cpus.to_string(), "memory": memory}, "limits": {"memory": memory}})
}

/// What Envoy is made of (150 MiB), and what arrives between two of its looks at its heap.
const ENVOY_MIB: u64 = 256;
/// The module of one worker: 32 MiB that it may keep, and its code.
const WORKER_MIB: u64 = 64;
