//! What the operator allows: configuration, profiles, ceilings; and the request of a single
//! command, which is written in the same words.
//!
//! Everything here is as written: values may be absent, each value that is there knows its
//! origin. `resolve` decides. Nothing here reads a file: `cli::load` does.

mod ceilings;
mod config;
mod profile;
mod profiles;
mod request;

pub use ceilings::Policy;
pub use config::{CgroupsVersion, Config, Linux, MacOs, Monitoring, Security};
pub use profile::{Isolation, Mount, Profile, SeccompChoice};
pub use profiles::{BUILTIN_PROFILES, ProfileError, Profiles};
pub use request::{Overrides, Request, RequestFile, RequestStdin, WorkspaceChoice};
