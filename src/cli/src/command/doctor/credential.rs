//! Credentials and certificates: delivered, taken by Envoy's filters, and not at their end.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::cluster::Cluster;
use super::seen::json::{list, maps, text};
use super::time;

/// What is to be said of them now.
pub fn find(seen: &Seen<'_>, now: SystemTime) -> Vec<Finding> {
    let mut found = secrets(seen);
    found.extend(seen.clusters.iter().filter(|cluster| cluster.is_active).filter_map(|of| failing(seen, of)));
    found.extend(seen.clusters.iter().filter(|cluster| cluster.is_active).filter_map(|of| tokenless(seen, of)));
    found.extend(certificates(&seen.replies.certificates, now));
    found
}

/// The secrets that our clusters and listeners name, with who needs each.
fn secrets(seen: &Seen<'_>) -> Vec<Finding> {
    let mut needed: BTreeMap<&str, (String, &str)> = BTreeMap::new();
    let names =
        |body| maps(body).into_iter().filter(|map| map.get("sds_config").is_some()).map(|map| text(map, "/name"));
    let clusters = seen.clusters.iter().filter(|of| of.attempt().is_some() || of.name.starts_with("multihome"));
    for cluster in clusters {
        let effect = "attempts there go without a credential, or cannot connect, and fail over";
        for name in names(cluster.body) {
            needed.entry(name).or_insert_with(|| (format!("cluster `{}`", cluster.name), effect));
        }
    }
    for chain in seen.chains.iter().filter(|chain| chain.model_routes().next().is_some()) {
        for name in names(chain.body) {
            needed.entry(name).or_insert_with(|| (format!("listener `{}`", chain.listener), "clients cannot connect"));
        }
    }
    let delivered = seen.replies.dump.secrets();
    let is_there = |name: &str| delivered.iter().any(|secret| secret.name == name && secret.is_active);
    let missing = needed.into_iter().filter(|(name, _)| !is_there(name));
    let finding = |(name, (place, effect)): (&str, (String, &str))| {
        Finding::fault(
            Kind::SecretMissing,
            place,
            format!("the secret `{name}` has not been delivered: {effect}"),
            format!(
                "put the secret into the file that its `sds_config` names, under the name `{name}`, by a rename; Envoy takes it within a second"
            ),
        )
    };
    missing.map(finding).collect()
}

/// What Envoy's own filters count. A few failures at the start are usual for Entra ID, whose first token comes a second later.
/// The signer for AWS counts a request without keys as one that was signed (Envoy 1.40.0).
fn failing(seen: &Seen<'_>, cluster: &Cluster<'_>) -> Option<Finding> {
    cluster.attempt()?;
    let scope = format!("cluster.{}.credential_injector", cluster.name.replace(':', "_"));
    let count = |name: &str| seen.replies.stats.number(&format!("{scope}.{name}"));
    let failed = count("failed");
    (failed > 0 && count("injected") == 0).then(|| {
        Finding::warning(
            Kind::CredentialFailing,
            format!("cluster `{}`", cluster.name),
            format!("Envoy had no credential for any request there since it started ({failed})"),
            "look at the secret's file, and for Entra ID at the lines of Envoy's log that name `credential_injector`",
        )
    })
}

/// Where tokens come from: whether any ever came.
fn tokenless(seen: &Seen<'_>, cluster: &Cluster<'_>) -> Option<Finding> {
    let (_, what) = cluster.name.strip_prefix("multihome")?.split_once(':')?;
    let whose = match what.split(':').next()? {
        "gcp-metadata" => "Google's metadata server",
        "entra" => "Entra ID",
        _ => return None,
    };
    let scope = format!("cluster.{}", cluster.name.replace(':', "_"));
    let count = |name: &str| seen.replies.stats.number(&format!("{scope}.{name}"));
    let failed: u64 =
        ["upstream_rq_completed", "upstream_rq_timeout", "upstream_cx_connect_fail"].into_iter().map(count).sum();
    (failed > 0 && count("upstream_rq_2xx") == 0).then(|| {
        Finding::warning(
            Kind::CredentialFailing,
            format!("cluster `{}`", cluster.name),
            format!("{whose} has given no token since Envoy started: the endpoints that need one are no candidates, or refuse"),
            "look at Envoy's log for the status (`metadata server`, `credential_injector`), and at the way there",
        )
    })
}

fn certificates(reply: &Value, now: SystemTime) -> Vec<Finding> {
    let each = list(reply, "/certificates").iter().flat_map(|one| {
        // A bundle of authorities always holds some that have ended; it does as long as its last.
        let last =
            list(one, "/ca_cert").iter().max_by_key(|authority| time::parse(text(authority, "/expiration_time")));
        list(one, "/cert_chain").iter().chain(last)
    });
    // One authority stands behind many clusters.
    let mut known: BTreeMap<(&str, &str), &Value> = BTreeMap::new();
    for certificate in each {
        known.entry((text(certificate, "/path"), text(certificate, "/serial_number"))).or_insert(certificate);
    }
    known.into_values().filter_map(|certificate| ending(certificate, now)).collect()
}

/// The longest before its end that a certificate is spoken of.
const NOTICE: Duration = Duration::from_secs(14 * 24 * 3600);

fn ending(certificate: &Value, now: SystemTime) -> Option<Finding> {
    let (from, to) = (text(certificate, "/valid_from"), text(certificate, "/expiration_time"));
    let end = time::parse(to)?;
    let path = text(certificate, "/path");
    let place = format!(
        "certificate {}, serial number {}",
        if path.is_empty() { "<inline>" } else { path },
        text(certificate, "/serial_number")
    );
    let Ok(left) = end.duration_since(now) else {
        return Some(Finding::fault(
            Kind::CertificateExpired,
            place,
            format!("it ended on {to}: connections that need it fail"),
            "replace it",
        ));
    };
    // A mesh renews certificates of a day each half of a day: what is late is a share of the whole time.
    let whole = time::parse(from).and_then(|from| end.duration_since(from).ok());
    let notice = whole.map_or(NOTICE, |whole| NOTICE.min(whole / 6));
    (left < notice).then(|| {
        Finding::warning(
            Kind::CertificateExpiring,
            place,
            format!("it ends on {to}"),
            "replace it, or look why it has not been renewed",
        )
    })
}
