//! `RUST_LOG`: what the library says about its work, on standard error.

use env_logger::{Env, WriteStyle};

use super::terminal;

/// Starts the logger. Warnings are shown unless `RUST_LOG` says otherwise; an empty `RUST_LOG`
/// says nothing.
pub(super) fn start() {
    let filter = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let mut builder = env_logger::Builder::from_env(Env::default());
    builder.parse_filters(filter.as_deref().unwrap_or("warn"));
    if terminal::env_is_set("NO_COLOR") {
        builder.write_style(WriteStyle::Never);
    }
    // Only a second call could fail, and then a logger is there already.
    let _ = builder.try_init();
}
