//! Files that somebody handed in, as plain values: a bounded tree of regular files, and how a zip
//! or tar archive becomes one. Nothing here touches a file system, so nothing can be written
//! outside of anything: what an archive says about links, devices, owners and modes never leaves
//! this module.

mod name;
mod refused;
mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod unpack;
mod zip;

pub use refused::Refused;
pub use tree::{Bounds, Tree, TreeFile};
pub use unpack::{Format, unpack};
