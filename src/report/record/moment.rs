//! [`Moment`]: a point in time as reports write it.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, in milliseconds since 1970 (UTC). Written as RFC 3339: `2026-11-23T18:29:04.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> u64 {
        self.0
    }

    /// So many milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// RFC 3339, UTC, milliseconds: `2026-11-23T18:29:04.123Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// UTC without zone and fraction, the one form that every JUnit reader takes: `2026-11-23T18:29:04`.
    #[must_use]
    pub fn seconds_without_zone(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// What the calendar cannot hold is 1970.
    fn timestamp(self) -> Timestamp {
        let millis = i64::try_from(self.0).unwrap_or(0);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<SystemTime> for Moment {
    /// Clocks of machines without a battery start anywhere; what is before 1970 is 1970.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(u64::try_from(since.as_millis()).unwrap_or(0))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(Self(u64::try_from(time.as_millisecond()).unwrap_or(0)))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "RFC 3339, UTC, milliseconds.",
            "type": "string",
            "format": "date-time",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_milliseconds_are_cut_not_rounded() {
        let time = Moment::from(SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_458_544_123_999));
        assert_eq!(time.rfc3339(), "2026-11-23T18:29:04.123Z");
        assert_eq!(time.seconds_without_zone(), "2026-11-23T18:29:04");
        assert_eq!(Moment::default().rfc3339(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_that_is_written_is_read_again_unchanged() {
        for millis in [0, 1, 999, 1_795_458_544_123, 253_402_200_000_999] {
            let json = serde_json::to_string(&Moment(millis)).expect("a string");
            assert_eq!(serde_json::from_str::<Moment>(&json).expect("valid"), Moment(millis), "{json}");
        }
        assert!(serde_json::from_str::<Moment>("\"yesterday\"").is_err());
    }
}
