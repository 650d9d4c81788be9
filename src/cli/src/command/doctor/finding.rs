//! What the doctor finds: names that stay, so that an alarm can be made of them and looked up in docs/operate.md.

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Some request is refused, goes wrong, or is let through though policy forbids it.
    Fault,
    /// It works, and probably not as it is meant, or not for long.
    Warning,
}

impl Severity {
    /// In a line, and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Fault => "fault",
            Severity::Warning => "warning",
        }
    }
}

/// The names of findings.
macro_rules! kinds {
    ($($kind:ident $name:literal),+ $(,)?) => {
        /// What can be found; docs/operate.md says what each means and what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            /// All of them, in the order of the families.
            #[cfg(test)]
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            /// As it is printed.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    // This Envoy
    EnvoyTooOld "envoy-too-old",
    EnvoyUnpatched "envoy-unpatched",
    EnvoyNotServing "envoy-not-serving",
    ControlPlaneLost "control-plane-lost",
    // The edge in its listener
    EdgeMissing "edge-missing",
    EdgeOff "edge-off",
    EdgeTwice "edge-twice",
    EdgeOrder "edge-order",
    EdgeElsewhere "edge-elsewhere",
    IdentityKept "identity-kept",
    TokenUnverified "token-unverified",
    RepliesUnmapped "replies-unmapped",
    BodyLimit "body-limit",
    // The module
    VmApart "vm-apart",
    VmDown "vm-down",
    VmReplaced "vm-replaced",
    StopIteration "stop-iteration",
    FailurePolicy "failure-policy",
    // Clusters
    ClusterMissing "cluster-missing",
    ClusterWithoutHost "cluster-without-host",
    AttemptMissing "attempt-missing",
    AttemptOrder "attempt-order",
    CodecNotLast "codec-not-last",
    CredentialUnguarded "credential-unguarded",
    // Routes
    RouteMissing "route-missing",
    RoutePlaceholder "route-placeholder",
    RouteStraight "route-straight",
    RouteMirrored "route-mirrored",
    RouteTimeout "route-timeout",
    AttemptOff "attempt-off",
    RetryMissing "retry-missing",
    RetrySameCluster "retry-same-cluster",
    HeaderLeaks "header-leaks",
    // Credentials
    SecretMissing "secret-missing",
    CredentialFailing "credential-failing",
    CertificateExpired "certificate-expired",
    CertificateExpiring "certificate-expiring",
    // What serves
    UpdateRejected "update-rejected",
    StillWarming "still-warming",
    PolicyUnknown "policy-unknown",
    PolicyMixed "policy-mixed",
    PolicyDiffers "policy-differs",
    EndpointUnrouted "endpoint-unrouted",
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// Where: a listener, a route, a cluster, by its name in Envoy.
    pub place: String,
    /// What is wrong, and what comes of it.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// Something that keeps this Envoy from being armed.
    pub fn fault(kind: Kind, place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { kind, severity: Severity::Fault, place: place.into(), what: what.into(), fix: fix.into() }
    }

    /// Something that is probably not meant.
    pub fn warning(kind: Kind, place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::fault(kind, place, what, fix) }
    }

    /// For people.
    pub fn show(&self) -> String {
        let Finding { kind, severity, place, what, fix } = self;
        format!("{}: {}: {place}: {what}\n  fix: {fix}\n", severity.name(), kind.name())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let Finding { kind, severity, place, what, fix } = self;
        json!({"name": kind.name(), "severity": severity.name(), "where": place, "what": what, "fix": fix})
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each finding has a row in the section of the operator's page, and no row is of one that is no more.
    #[test]
    fn the_docs_list_every_finding() {
        let page = include_str!("../../../../../docs/operate.md");
        let section = page.split("\n## ").find(|section| section.starts_with("Doctor\n")).unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let told: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(told, known);
    }
}
