//! [`Points`]: a number that is written as an integer where it is one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// Points: written as `5` and not `5.0`, but `2.5`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Points(pub f64);

impl Points {
    /// The same number as it is written and read again: no infinity, no billionth of a point.
    #[must_use]
    pub fn rounded(self) -> f64 {
        if !self.0.is_finite() {
            // JSON has no infinity; points that are none are worth nothing.
            return 0.0;
        }
        // Sums of tenths are not quite tenths; nobody gives billionths of a point.
        let rounded = (self.0 * 1e9).round() / 1e9;
        if rounded.is_finite() { rounded } else { self.0 }
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = self.rounded();
        // Below 2^53 every whole number has exactly one f64, so that nothing is lost.
        if points.fract() == 0.0 && points.abs() < 9_007_199_254_740_992.0 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as tested above")]
            let whole = points as i64;
            serializer.serialize_i64(whole)
        } else {
            serializer.serialize_f64(points)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_points_are_integers_and_the_rest_are_numbers() {
        for (points, json) in [
            (5.0, "5"),
            (2.5, "2.5"),
            (0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (f64::INFINITY, "0"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(serde_json::to_string(&Points(points)).expect("a number"), json);
        }
    }

    #[test]
    fn points_are_read_from_integers_too() {
        assert_eq!(serde_json::from_str::<Points>("5").expect("valid"), Points(5.0));
    }
}
