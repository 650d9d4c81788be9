//! The module: edge and attempts in one VM, which stops at headers and comes back after a trap.

use serde_json::Value;

use super::finding::{Finding, Kind};
use super::seen::json::{flag, text};
use super::seen::{Seen, Team};

/// What is to be said of it.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let teams = seen.teams();
    let mut found: Vec<Finding> = teams.iter().filter_map(apart).collect();
    found.extend(settings(&teams));
    found.extend(vms(seen, !teams.is_empty()));
    found
}

/// Edge and attempts share what the edge decided only in one VM.
fn apart(team: &Team<'_, '_>) -> Option<Finding> {
    let edge = team.edge.plugin.as_ref()?.config?.get("vm_config").unwrap_or(&Value::Null);
    let mut differing: Vec<&str> = Vec::new();
    let mut clusters = Vec::new();
    for (cluster, plugin) in &team.attempts {
        let Some(config) = plugin.config else { continue };
        let attempt = config.get("vm_config").unwrap_or(&Value::Null);
        let parts: Vec<&str> = KEY.into_iter().filter(|part| edge.get(part) != attempt.get(part)).collect();
        if !parts.is_empty() {
            clusters.push(*cluster);
        }
        differing.extend(parts);
    }
    differing.sort_unstable();
    differing.dedup();
    let first = clusters.first()?;
    let others = match clusters.len() {
        1 => String::new(),
        number => format!(" and of {} more", number - 1),
    };
    Some(Finding::fault(
        Kind::VmApart,
        format!("listener `{}`", team.chain.listener),
        format!(
            "the edge `{}` and the attempt of the cluster `{first}`{others} are in two VMs, since they differ in `vm_config`: {}. The attempt finds nothing of what the edge decided, and refuses each request (503)",
            team.edge.name,
            differing.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ")
        ),
        "render filters and clusters by one command line, and change the module's file for both at once",
    ))
}

/// What Envoy tells VMs apart by.
const KEY: [&str; 5] = ["vm_id", "runtime", "code", "configuration", "environment_variables"];

fn settings(teams: &[Team<'_, '_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut judge = |place: String, config: Option<&Value>| {
        let Some(config) = config else { return };
        if !flag(config, "/allow_on_headers_stop_iteration") {
            found.push(Finding::fault(
                Kind::StopIteration,
                &place,
                "without `allow_on_headers_stop_iteration` a request that waits for its body waits for ever",
                "take the filter over as it is rendered",
            ));
        }
        match text(config, "/failure_policy") {
            "FAIL_RELOAD" => {}
            "FAIL_OPEN" => found.push(open(&place)),
            _ if flag(config, "/fail_open") => found.push(open(&place)),
            _ => found.push(Finding::warning(
                Kind::FailurePolicy,
                &place,
                "a VM that trapped is not replaced: Envoy answers 503 until it is restarted",
                "write `failure_policy: FAIL_RELOAD`, as it is rendered",
            )),
        }
    };
    let mut seen = Vec::new();
    for team in teams {
        judge(
            format!("listener `{}`, filter `{}`", team.chain.listener, team.edge.name),
            team.edge.plugin.as_ref().and_then(|plugin| plugin.config),
        );
        for (cluster, plugin) in &team.attempts {
            // Several listeners lead to one cluster.
            if !seen.contains(cluster) {
                seen.push(*cluster);
                judge(format!("cluster `{cluster}`"), plugin.config);
            }
        }
    }
    found
}

fn open(place: &str) -> Finding {
    Finding::fault(
        Kind::FailurePolicy,
        place,
        "where the VM fails, Envoy lets requests pass without the module: past policy, with the operator's key",
        "write `failure_policy: FAIL_RELOAD`, as it is rendered",
    )
}

/// What Envoy counts of VMs.
fn vms(seen: &Seen<'_>, is_used: bool) -> Vec<Finding> {
    let stats = &seen.replies.stats;
    let mut found = Vec::new();
    let active = |name: &str| name.starts_with("wasm.envoy.") && name.ends_with(".active");
    let mut counts = stats.numbers().filter(|(name, _)| active(name)).peekable();
    if is_used && counts.peek().is_some() && counts.all(|(_, count)| count == 0) {
        found.push(Finding::fault(
            Kind::VmDown,
            "the module",
            "no VM is alive: the module's file could not be loaded, or its VMs trapped",
            "look for `wasm` in Envoy's log, and whether the module's file is there and whole",
        ));
    }
    // Each plugin of a VM that trapped counts for itself.
    let of_plugins =
        stats.numbers().filter(|(name, _)| name.starts_with("wasm.") && name.ends_with(".vm_reload_success"));
    let traps = of_plugins.map(|(_, count)| count).max().unwrap_or(0);
    if traps > 0 {
        found.push(Finding::warning(
            Kind::VmReplaced,
            "the module",
            format!("since Envoy started, VMs trapped and were replaced, {traps} times or more; each trap ended the requests of its worker"),
            "report it, with the lines of Envoy's log that name `wasm`",
        ));
    }
    found
}
