//! The SHA-256 of what was found.

use sha2::{Digest, Sha256};

/// In hex.
pub(in crate::judge) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `expected` is the SHA-256 of `actual`.
pub(super) fn same(expected: &[u8], actual: &[u8]) -> bool {
    expected.trim_ascii().eq_ignore_ascii_case(hex(actual).as_bytes())
}
