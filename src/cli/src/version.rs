//! Which version an Envoy binary has.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Envoy's version, without the patch level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

/// The first whose retries can move to another cluster (`RetryPolicy.refresh_cluster_on_retry`).
pub const OLDEST: Version = Version { major: 1, minor: 39 };

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
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
    let mut numbers = after.trim().split('/').nth(1)?.split('.');
    let major = numbers.next()?.parse().ok()?;
    // `1.41.0-dev` is its minor already.
    let minor = numbers.next()?.parse().ok()?;
    Some(Version { major, minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_envoy_prints() {
        for (text, version) in [
            ("\nenvoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL\n", Some((1, 40))),
            ("envoy  version: 9e5580/1.9.1/Modified/DEBUG/BoringSSL", Some((1, 9))),
            ("envoy  version: 0/1.41.0-dev/Clean/RELEASE/BoringSSL", Some((1, 41))),
            ("istio 1.27", None),
        ] {
            let found = parse(text).map(|version| (version.major, version.minor));
            assert_eq!(found, version, "{text}");
        }
        assert!(Version { major: 1, minor: 9 } < OLDEST && Version { major: 2, minor: 0 } > OLDEST);
    }
}
