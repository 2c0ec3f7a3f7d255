//! `RUST_LOG`: what the library says about its work, on standard error.

use std::io::{self, Write};

use env_logger::{Env, Target, WriteStyle};

use super::args::ColorWhen;
use super::terminal;

/// Starts the logger. Warnings are shown unless `RUST_LOG` says otherwise; an empty `RUST_LOG`
/// says nothing.
pub(super) fn start() {
    let filter = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let mut builder = env_logger::Builder::from_env(Env::default());
    builder.parse_filters(filter.as_deref().unwrap_or("warn"));
    builder.target(Target::Pipe(Box::new(Lines)));
    let colour = terminal::colour(ColorWhen::Auto);
    builder.write_style(if colour { WriteStyle::Always } else { WriteStyle::Never });
    // Only a second call could fail, and then a logger is there already.
    let _ = builder.try_init();
}

/// Standard error by way of whoever draws on it.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        terminal::say_text(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
