//! Keys while a run goes on: `t`, Enter, `q`, `f`. Only where standard input is our terminal.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};

use super::terminal;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `t`: everything that runs, with what it uses.
    Status,
    /// Enter: how far it is, on a line that stays.
    Snapshot,
    /// `q`: as Ctrl-C.
    Quit,
    /// `f`: the failures so far.
    Failures,
}

/// Lets keys be read one by one, without being shown. Ctrl-C and Ctrl-Z stay what they are. Whether
/// there are keys at all: not without a terminal, and not in the background.
pub(super) fn begin() -> bool {
    let stdin = io::stdin();
    if !stdin.is_terminal() || tcgetpgrp(stdin.as_fd()) != Ok(getpgrp()) {
        return false;
    }
    let Ok(before) = tcgetattr(stdin.as_fd()) else { return false };
    let mut settings = before.clone();
    settings.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
    settings.control_chars[SpecialCharacterIndices::VMIN as usize] = 0;
    settings.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    terminal::remember(before);
    // Not after its output: that may be stopped.
    tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &settings).is_ok()
}

/// The keys that were pressed; `None` when there will be no more.
pub(super) fn pressed() -> Option<Vec<Key>> {
    let mut bytes = [0; 64];
    let count = nix::unistd::read(io::stdin(), &mut bytes).ok()?;
    // A terminal that has hung up is readable and has nothing.
    (count > 0).then(|| bytes[..count].iter().filter_map(|&byte| key(byte)).collect())
}

fn key(byte: u8) -> Option<Key> {
    match byte {
        b't' | b'T' => Some(Key::Status),
        b'\n' | b'\r' => Some(Key::Snapshot),
        b'q' | b'Q' => Some(Key::Quit),
        b'f' | b'F' => Some(Key::Failures),
        _ => None,
    }
}
