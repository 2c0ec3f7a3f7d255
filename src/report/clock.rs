//! Points in time and durations as the reports write them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// RFC 3339, UTC, milliseconds: `2026-11-23T18:29:04.123Z`.
pub(super) fn rfc3339(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// UTC without zone and fraction, the one form that every JUnit reader takes: `2026-11-23T18:29:04`.
pub(super) fn seconds_without_zone(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Whole milliseconds; centuries are as good as for ever.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Clocks of machines without a battery start anywhere; what the calendar cannot hold is 1970.
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_milliseconds_are_cut_not_rounded() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_458_544_123_999);
        assert_eq!(rfc3339(time), "2026-11-23T18:29:04.123Z");
        assert_eq!(seconds_without_zone(time), "2026-11-23T18:29:04");
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
