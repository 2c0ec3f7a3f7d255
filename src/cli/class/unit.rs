//! [`Unit`]: one submission that is to be run, and what it is known by.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::report::Row;
use crate::resolve::{ResolvedCase, Sources};

/// One submission that is to be run.
#[derive(Debug)]
pub(in crate::cli) struct Unit {
    /// Its place in the class.
    pub(in crate::cli) at: usize,
    /// What its result is known by: [`unit_key`].
    pub(in crate::cli) key: String,
    /// Its row, as far as that is known before it has run.
    pub(in crate::cli) row: Row,
    /// Its cases: of all of them `suite` is the unit's number in the run.
    pub(in crate::cli) cases: Vec<Arc<ResolvedCase>>,
}

/// Raised when the same inputs could give another row.
const VERSION: &str = concat!("capsule-run grade 1, ", env!("CARGO_PKG_VERSION"));

/// What the result of a submission is known by: everything that was decided about its cases, the
/// bytes that are compared with included, and everything that was handed in.
pub(in crate::cli) fn unit_key(cases: &[Arc<ResolvedCase>], content: &str) -> String {
    let mut hash = Hash(Sha256::new());
    let _ = write!(hash, "{VERSION}\n{content}\n");
    for case in cases {
        // A field that is added tomorrow is in it too.
        let mut plain = ResolvedCase { suite: 0, ..(**case).clone() };
        plain.sources = Sources::Empty;
        let _ = writeln!(hash, "{plain:?}");
    }
    hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hash(Sha256);

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// A file name for the reports of a submission: letters, digits, `-`, `_`, `.`, and a hash where
/// that does not say it all.
pub(in crate::cli) fn report_name(label: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut name: String = label.chars().map(|c| if allowed(c) { c } else { '-' }).take(60).collect();
    if name.starts_with(['.', '-']) {
        name.replace_range(..1, "_");
    }
    if name == label {
        return name;
    }
    let hash = Sha256::digest(label.as_bytes());
    let _ = write!(name, "-{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_makes_a_name_that_leads_anywhere() {
        assert_eq!(report_name("ada-1"), "ada-1");
        for label in ["../../etc/passwd", "a/b", ".", "..", "", "-rf", "a\nb", "=x", "é", &"x".repeat(500)] {
            let name = report_name(label);
            assert!(!name.contains('/') && !name.starts_with(['.', '-']) && name.len() <= 70, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_graphic()), "{name}");
            assert_ne!(name, report_name(&format!("{label}x")));
        }
    }
}
