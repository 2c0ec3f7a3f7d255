//! capsule-run: a test runner that can be pointed at code you do not trust.
//!
//! The stages, in layer order; each is a plain value, each arrow a pure function except the
//! engine's (docs/architecture.md has the table, `tests/architecture.rs` keeps it):
//!
//! ```text
//! argv ─► Command ─► Suite ┐
//!                          ├─► ResolvedCase ─► Spec ─► Plan ─► ENGINE ─► Outcome ─► Verdict
//!         config  ─► Policy┘                                                │
//!             writers ◄─ event log ◄─ CaseRecord ◄─ CaseReport ◄──────────────┘
//! ```

pub mod archive;
pub mod units;

pub mod diagnostic;
pub mod limits;

pub mod policy;
pub mod suite;

pub mod judge;
pub mod sandbox;

pub mod resolve;

pub mod package;

pub mod report;
pub mod runner;

pub mod cli;
