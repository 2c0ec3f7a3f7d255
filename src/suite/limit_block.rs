//! [`LimitBlock`]: limits, and where each stands. Most cases have none of their own, and a suite may
//! have a hundred thousand of them: a block without limits takes eight bytes.

use std::ops::{Deref, DerefMut, Range};
use std::sync::LazyLock;

use crate::limits::{LimitField, WrittenLimits};

/// Limits, and where each stands: a [`PlacedLimits`] that is made when something is put into it.
#[derive(Debug, Clone, Default)]
pub struct LimitBlock(Option<Box<PlacedLimits>>);

/// Limits, and where each stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlacedLimits {
    /// The limits.
    pub written: WrittenLimits,
    /// The spans of their values.
    pub spans: Vec<(LimitField, Range<usize>)>,
}

static NONE: LazyLock<PlacedLimits> = LazyLock::new(PlacedLimits::default);

impl Deref for LimitBlock {
    type Target = PlacedLimits;

    fn deref(&self) -> &PlacedLimits {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for LimitBlock {
    fn deref_mut(&mut self) -> &mut PlacedLimits {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for LimitBlock {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
