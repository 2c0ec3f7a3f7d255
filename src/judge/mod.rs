//! The only module with opinions: what must hold ([`Expectation`]) meets what happened
//! (`sandbox::outcome`), and a [`Verdict`] comes out. Pure.

mod code;
mod expectation;
mod verdict;

pub use code::{Code, Family};
pub use expectation::{
    Compare, ExitExpectation, Expectation, Expected, FileExpectation, FloatTolerance, StreamExpectation,
};
pub use verdict::{Check, CheckTarget, Details, Difference, NearMiss, Status, Verdict};
