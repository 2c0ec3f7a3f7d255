//! Packages that the world has already: Kattis and ICPC problems, DMOJ problems, GitHub
//! Classroom's tests, folders of inputs and answers. Each is read into a [`Problem`](problem::Problem),
//! and that is written as the suite it amounts to: a text that goes the ordinary path.

mod archive;
mod classroom;
mod compare;
mod detect;
mod dmoj;
mod document;
mod expected;
mod folder;
mod kattis;
mod overlay;
mod pairs;
mod problem;
mod program;
mod read;
mod timing;
mod yaml;

pub use detect::{Kind, detect};
pub use expected::{Expected, Outcomes, Reference, Word, references};
pub use overlay::Overlay;
pub use program::Program;
pub use read::{Imported, import};
pub use timing::{Bound, Side, Timing};
