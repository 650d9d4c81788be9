//! Which version an Envoy binary has.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Envoy's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// The first whose retries can move to another cluster (`RetryPolicy.refresh_cluster_on_retry`).
pub const OLDEST: Version = Version { major: 1, minor: 39, patch: 0 };

/// The first without the faults of August 2026 (ISTIO-SECURITY-2026-006 lists the thirteen); every 1.40 is without them.
pub const PATCHED: Version = Version { major: 1, minor: 39, patch: 3 };

/// Without the patch level, which decides nothing about what can be rendered; `{:#}` has it.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if f.alternate() { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

impl Version {
    /// Reads how an Envoy names its build, as `COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
    pub fn of_build(text: &str) -> Option<Version> {
        let mut numbers = text.trim().split('/').nth(1)?.split('.');
        let major = numbers.next()?.parse().ok()?;
        // `1.41.0-dev` is its minor, and its patch, already.
        let minor = numbers.next()?.parse().ok()?;
        let patch = numbers.next().and_then(|patch| patch.split('-').next()).and_then(|patch| patch.parse().ok());
        Some(Version { major, minor, patch: patch.unwrap_or(0) })
    }
}

/// Asks the binary at `envoy`.
pub fn of(envoy: &Path) -> Result<Version, String> {
    let shown = envoy.display();
    let output = Command::new(envoy)
        .arg("--version")
        .output()
        .map_err(|error| format!("cannot run {shown}: {error}\n  help: name the Envoy binary itself"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| format!("{shown} does not say which Envoy it is: `{}`", text.trim()))
}

/// Reads `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
fn parse(text: &str) -> Option<Version> {
    let (_, after) = text.split_once("version:")?;
    Version::of_build(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_envoy_prints() {
        for (text, version) in [
            ("\nenvoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL\n", Some((1, 40, 0))),
            ("envoy  version: 9e5580/1.9.1/Modified/DEBUG/BoringSSL", Some((1, 9, 1))),
            ("envoy  version: 0/1.41.2-dev/Clean/RELEASE/BoringSSL", Some((1, 41, 2))),
            ("istio 1.27", None),
        ] {
            let found = parse(text).map(|version| (version.major, version.minor, version.patch));
            assert_eq!(found, version, "{text}");
        }
        let version = |text: &str| Version::of_build(&format!("0/{text}/Clean")).unwrap();
        assert!(version("1.9.9") < OLDEST && version("2.0.0") > OLDEST);
        assert!(version("1.39.2") < PATCHED && version("1.40.0") > PATCHED);
        assert_eq!((format!("{PATCHED}"), format!("{PATCHED:#}")), ("1.39".to_owned(), "1.39.3".to_owned()));
    }
}
