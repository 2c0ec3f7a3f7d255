//! The two output streams. Standard output carries results only; everything said to people goes
//! to standard error. A reader that has gone away (EPIPE) is not an error.

use std::io::{self, IsTerminal, Write};

use super::args::ColorWhen;

/// Says a line to people.
pub(super) fn say(line: &str) {
    // Nobody is left to be told that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says a text that ends its own lines.
pub(super) fn say_text(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a result to standard output.
///
/// # Errors
/// It could not be written for another reason than a reader who has gone away.
pub(super) fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a result to standard output as a stream.
///
/// # Errors
/// It could not be made, or not be written for another reason than a reader who has gone away.
pub(super) fn print_stream(result: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match result(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// An environment variable that is set and not empty.
pub(super) fn env_is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Whether to use colour on standard error: `--color`, `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`,
/// then whether it is a terminal.
pub(super) fn colour(when: ColorWhen) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if env_is_set("NO_COLOR") => false,
        ColorWhen::Auto if env_is_set("CLICOLOR_FORCE") => true,
        ColorWhen::Auto => {
            std::env::var_os("CLICOLOR").is_none_or(|value| value != "0")
                && io::stderr().is_terminal()
                && !dumb()
        }
    }
}

/// Whether a bar may be drawn on standard error.
pub(super) fn can_draw() -> bool {
    io::stderr().is_terminal() && !dumb() && !in_ci()
}

fn dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

fn in_ci() -> bool {
    ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BUILDKITE", "JENKINS_URL", "TEAMCITY_VERSION"]
        .iter()
        .any(|name| env_is_set(name))
}

/// Columns of the terminal on standard error, or of `COLUMNS`, or 100.
pub(super) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    let from_env = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(from_env).filter(|&columns| columns > 0).unwrap_or(100)
}
