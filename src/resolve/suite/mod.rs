//! A suite with nothing left to decide: the written suite, the operator's words and the files
//! beside the suite become cases, or everything that is wrong with them.

mod content;
mod expectation;
mod globbing;
mod including;
mod judging;
mod language;
mod natural;
mod needs;
mod planned;
mod resolver;
mod settings;
mod shared;
mod shares;
mod terms;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_language;

pub use resolver::{ReadSuite, SuiteInputs, load_suite, read_suite, suite};
