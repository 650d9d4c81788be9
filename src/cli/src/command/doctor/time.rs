//! Envoy's timestamps.

use std::time::{Duration, SystemTime};

use multihome_core::time;

/// Reads `2026-12-28T14:28:42Z`, with or without a fraction, as protobuf writes it. None for a year before 1970.
pub fn parse(text: &str) -> Option<SystemTime> {
    let whole = text.strip_suffix('Z')?.split('.').next()?;
    let seconds = time::parse(&format!("{whole}Z"))?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timestamps() {
        for (text, seconds) in [
            ("2026-12-28T14:28:42Z", Some(1_798_468_122)),
            ("2026-11-28T14:28:44.751Z", Some(1_795_876_124)),
            ("2026-11-28", None),
            ("", None),
        ] {
            let found = parse(text).map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
            assert_eq!(found, seconds, "{text}");
        }
    }
}
