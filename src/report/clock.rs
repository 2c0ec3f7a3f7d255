//! Points in time and durations as the reports write them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// RFC 3339, UTC, milliseconds: `2026-11-23T18:29:04.123Z`.
pub(super) fn rfc3339(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Whole milliseconds; centuries are as good as for ever.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Clocks of machines without a battery start anywhere; what the calendar cannot hold is 1970.
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)
}
