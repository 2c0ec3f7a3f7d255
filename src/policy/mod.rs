//! What the operator allows: configuration, profiles, ceilings; and the request of a single
//! command, which is written in the same words.
//!
//! Everything here is as written: values may be absent, each value that is there knows its
//! origin. `resolve` decides. Nothing here reads a file: `cli::load` does.

mod bind;
mod ceilings;
mod config;
mod default_text;
mod file;
mod presets;
mod profile;
mod profiles;
mod read;
mod request;
mod request_file;
mod schema;

pub use bind::{BindError, VariableError, check_dest, parse_bind, parse_variable};
pub use ceilings::Policy;
pub use config::{CgroupsVersion, Config, Linux, MacOs, Monitoring, Security};
pub use default_text::default_config_text;
pub use file::{parse_config, parse_policy};
pub use presets::{AUTO, Commands, PRESETS, Preset, commands, guess, language_names, preset};
pub use profile::{Isolation, Mount, Profile, SeccompChoice};
pub use profiles::{BUILTIN_PROFILES, ProfileError, Profiles};
pub use read::ConfigFormat;
pub use request::{Overrides, Request, RequestFile, RequestStdin, WorkspaceChoice, is_execution_id};
pub use request_file::parse_request;
pub use schema::{config_schema, request_schema};
