//! The Deployment, and the pod in it.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::object::{labels, object, port_name};
use super::options::{BOOTSTRAP_DIR, Options, PROBE_PORT};
use super::{drain, secret, volume};
use crate::render::piece::any::put;
use crate::render::piece::probe::{ALIVE, READY};

/// The bootstrap's file.
pub const BOOTSTRAP_FILE: &str = "envoy.yaml";

/// The user and group of Envoy's own images.
const USER: u32 = 101;

/// Pods of Envoy. A new one serves before an old one is taken away.
pub fn deployment(config: &Config, options: &Options, config_map: &str) -> Value {
    let mut deployment = object("apps/v1", "Deployment", &options.name, options);
    put(
        &mut deployment,
        "spec",
        Some(json!({
            "replicas": options.replicas,
            "selector": {"matchLabels": labels(options)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels(options), "annotations": {"multihome-policy": config.version.to_string()}},
                "spec": pod(config, options, config_map),
            },
        })),
    );
    deployment
}

fn pod(config: &Config, options: &Options, config_map: &str) -> Value {
    let volumes = volume::all(config, options, config_map);
    json!({
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
    })
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
    // AWS's keys, where the pod has no role: see `secret`.
    let aws = json!([{"secretRef": {"name": options.named(secret::AWS), "optional": true}}]);
    put(&mut container, "envFrom", secret::signs(config).then_some(aws));
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
    let mounts: Vec<Value> = volumes.iter().map(volume::Volume::mount).collect();
    put(&mut container, "volumeMounts", Some(Value::Array(mounts)));
    container
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
