//! Envoy's timestamps.

use std::time::{Duration, SystemTime};

/// Reads `2026-12-28T14:28:42Z`, with or without a fraction, as protobuf writes it. None for a year before 1970.
pub fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split('.').next()?.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the day which some of them have more is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let since = days.checked_sub(UNIX_EPOCH_DAYS)?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(((since * 24 + hour) * 60 + minute) * 60 + second))
}

/// 1970-01-01, counted from 0000-03-01.
const UNIX_EPOCH_DAYS: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timestamps() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2024-03-01T00:00:00Z", Some(1_709_251_200)),
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
