//! [`PlacedLimits`]: limits, and where each stands.

use std::ops::Range;
use std::sync::LazyLock;

use crate::limits::{LimitField, WrittenLimits};
use crate::units::{Nothing, Seldom};

/// Limits of a case, of a level above it or of a profile. Most cases have none of their own.
pub type LimitBlock = Seldom<PlacedLimits>;

/// Limits, and where each stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlacedLimits {
    /// The limits.
    pub written: WrittenLimits,
    /// The spans of their values.
    pub spans: Vec<(LimitField, Range<usize>)>,
}

impl Nothing for PlacedLimits {
    fn nothing() -> &'static Self {
        static NOTHING: LazyLock<PlacedLimits> = LazyLock::new(PlacedLimits::default);
        &NOTHING
    }
}
