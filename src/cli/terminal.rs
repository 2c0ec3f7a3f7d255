//! The two output streams. Standard output carries results only; everything said to people goes
//! to standard error, above the live area if there is one. A reader that has gone away (EPIPE) is
//! not an error.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError, TryLockError};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, Termios, tcsetattr};

use super::args::ColorWhen;
use super::screen::{Screen, TabProgress};
use crate::report::ci::without_commands;

/// What is drawn. Held by whoever writes, who may wait for as long as the terminal's output is stopped.
static SCREEN: Mutex<Option<Screen>> = Mutex::new(None);

/// How the terminal was before we changed it. Never held while anything is written.
static SETTINGS: Mutex<Option<Termios>> = Mutex::new(None);

/// Says a line to people.
pub(super) fn say(line: &str) {
    say_text(&format!("{line}\n"));
}

/// Says a text that ends its own lines.
pub(super) fn say_text(text: &str) {
    let text = without_commands(text);
    with_screen(|screen| screen.above(&text));
}

/// Says a text that a CI service is to take commands from: who made it has made everything in it
/// inert that is not one.
pub(super) fn say_to_ci(text: &str) {
    with_screen(|screen| screen.above(text));
}

/// Shows these lines in the live area; none: no area.
pub(super) fn draw(lines: Vec<String>, tab: Option<TabProgress>) {
    with_screen(|screen| {
        let tab = screen.tab(tab);
        screen.draw(lines) + &tab
    });
}

/// Remembers how the terminal was, for [`give_back`].
pub(super) fn remember(settings: Termios) {
    SETTINGS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(settings);
}

/// Sets the terminal as it was, if we have changed it. Waits for nobody.
pub(super) fn give_back() {
    if let Some(settings) = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The terminal may be gone, and then needs nothing.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &settings);
    }
}

/// Takes the live area away until [`show`].
pub(super) fn hide() {
    with_screen(Screen::hide);
}

/// Brings the live area back.
pub(super) fn show() {
    with_screen(Screen::show);
}

/// Puts the terminal back as it was, for good. Also from a panic: it waits for nobody.
pub(super) fn restore() {
    give_back();
    let mut screen = match SCREEN.try_lock() {
        Ok(screen) => screen,
        Err(TryLockError::Poisoned(screen)) => screen.into_inner(),
        // Whoever draws now is stopped by what ends us.
        Err(TryLockError::WouldBlock) => return,
    };
    if let Some(mut screen) = screen.take() {
        write(&screen.hide());
    }
}

/// One at a time, so that lines and the area never mix.
fn with_screen(change: impl FnOnce(&mut Screen) -> String) {
    let mut screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = change(screen.get_or_insert_default());
    write(&bytes);
}

fn write(bytes: &str) {
    if !bytes.is_empty() {
        // Nobody is left to be told that standard error is closed.
        let _ = io::stderr().lock().write_all(bytes.as_bytes());
    }
}

/// Writes a result to standard output.
///
/// # Errors
/// It could not be written for another reason than a reader who has gone away.
pub(super) fn print(bytes: &[u8]) -> io::Result<()> {
    print_all(&|out| out.write_all(bytes))
}

/// The same for what is made while it is written.
///
/// # Errors
/// It could not be made, or not be written for another reason than a reader who has gone away.
pub(super) fn print_all(result: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match print_stream(result) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a result to standard output that somebody asked for by name: it is lost if nobody reads it.
///
/// # Errors
/// It could not be made or written.
pub(super) fn print_stream(result: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.flush()?;
    // Not through its own buffer, which looks for lines in all that it is given.
    let stream = std::fs::File::from(stdout.as_fd().try_clone_to_owned()?);
    let mut out = io::BufWriter::with_capacity(64 << 10, stream);
    result(&mut out).and_then(|()| out.flush())
}

/// Whether standard output takes so many bytes in one piece now, whoever reads it: a file does, a pipe with
/// room does up to a bound that holds for all; of a terminal nobody knows.
pub(super) fn takes_at_once(bytes: usize) -> bool {
    /// `PIPE_BUF`.
    const ALWAYS: usize = 4 << 10;
    let stdout = io::stdout();
    let mut polled = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    bytes <= ALWAYS
        && poll(&mut polled, PollTimeout::ZERO) == Ok(1)
        && polled[0].revents() == Some(PollFlags::POLLOUT)
        && !stdout.is_terminal()
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
        ColorWhen::Auto if is_forced("CLICOLOR_FORCE") => true,
        ColorWhen::Auto => {
            std::env::var_os("CLICOLOR").is_none_or(|value| value != "0")
                && io::stderr().is_terminal()
                && !dumb()
        }
    }
}

fn is_forced(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Whether a bar may be drawn on standard error.
pub(super) fn can_draw() -> bool {
    io::stderr().is_terminal() && !dumb() && !in_ci()
}

fn dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

/// Whether this is a job of a CI service.
pub(super) fn in_ci() -> bool {
    ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BUILDKITE", "JENKINS_URL", "TEAMCITY_VERSION"]
        .iter()
        .any(|name| env_is_set(name))
}

/// Whether the terminal is known to show progress in its tab; others may take it for a message.
pub(super) fn has_tab_progress() -> bool {
    let is =
        |name: &str, values: &[&str]| std::env::var(name).is_ok_and(|value| values.contains(&value.as_str()));
    env_is_set("WT_SESSION")
        || is("ConEmuANSI", &["ON"])
        || is("TERM_PROGRAM", &["ghostty", "WezTerm"])
        || std::env::var("VTE_VERSION").is_ok_and(|version| version.parse().is_ok_and(|n: u32| n >= 7900))
}

/// Columns of the terminal on standard error, or of `COLUMNS`, or 100.
pub(super) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    let from_env = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.filter(|&columns| columns > 0).or_else(from_env).filter(|&columns| columns > 0).unwrap_or(100)
}

/// Rows of the terminal on standard error; as many as one likes where there is none.
pub(super) fn height() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(usize::MAX, |(_, height)| usize::from(height.0))
}
