//! The judge from outside: values in, verdicts out. No kernel, no sandbox.

mod compare;
mod doc;
mod precedence;
mod scene;
mod verdict;
