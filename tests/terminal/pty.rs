//! [`Pty`]: the binary in a pseudo-terminal.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

/// Only a hang gets there.
const HANG: Duration = Duration::from_secs(120);

/// The binary in a pseudo-terminal, as its session leader.
pub(crate) struct Pty {
    pub(crate) child: Child,
    master: std::fs::File,
    /// Held open, so that the settings can be looked at when the binary is gone.
    slave: OwnedFd,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// How many bytes wait in a pipe to be read.
pub(crate) fn waiting(pipe: &OwnedFd) -> i32 {
    let mut count = 0;
    // SAFETY: it writes one int, which `count` is.
    let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    nix::errno::Errno::result(result).expect("it is a pipe");
    count
}

fn size(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has a size")
}

fn winsize(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Pty {
    /// Starts a command on a terminal of this size.
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let pty = openpty(&winsize(columns, rows), None).expect("a pseudo-terminal");
        for end in [&pty.master, &pty.slave] {
            // The binary has the terminal as its standard streams only.
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("it is ours");
        }
        let stdio = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        command.env("TERM", "xterm-256color").stdin(stdio()).stdout(stdio()).stderr(stdio());
        // SAFETY: only setsid and an ioctl are called between fork and exec, both async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                nix::errno::Errno::result(libc::ioctl(0, libc::TIOCSCTTY, 0))?;
                Ok(())
            });
        }
        let child = command.spawn().expect("the binary was built by cargo");
        let screen = vt100::Parser::new(size(rows), size(columns), 0);
        let seen = Arc::new(Mutex::new(Seen { screen, bytes: Vec::new() }));
        let master = std::fs::File::from(pty.master);
        let (mut reader, to) = (master.try_clone().expect("a descriptor"), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = to.lock().expect("nobody panics with it");
                seen.screen.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, master, slave: pty.slave, seen }
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        self.seen.lock().expect("nobody panics with it").screen.screen().contents()
    }

    /// Everything that was ever sent to the terminal.
    pub(crate) fn sent(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().expect("nobody panics with it").bytes).into_owned()
    }

    /// Waits until the screen is as asked.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is(&screen) {
                return screen;
            }
            assert!(started.elapsed() < HANG, "never {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> String {
        self.until(&format!("shows {text:?}"), |screen| screen.contains(text))
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        // Before the kernel sends SIGWINCH: what is drawn for the new size comes to a screen of it.
        self.seen
            .lock()
            .expect("nobody panics with it")
            .screen
            .screen_mut()
            .set_size(size(rows), size(columns));
        let winsize = winsize(columns, rows);
        // SAFETY: the descriptor is open and the pointer is to a live value of the type that is read.
        let result = unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCSWINSZ, &raw const winsize) };
        assert_eq!(result, 0, "a terminal has a size");
    }

    pub(crate) fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("it is ours");
    }

    /// Whether typed characters are shown and lines are edited: as it was before.
    pub(crate) fn is_as_before(&self) -> bool {
        let flags = tcgetattr(&self.slave).expect("a terminal").local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    /// Waits for its end; the exit status, 128 and more for a signal.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                break status;
            }
            assert!(started.elapsed() < HANG, "it does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        };
        // What it wrote last may still be on its way.
        std::thread::sleep(Duration::from_millis(100));
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }

    /// The state of the process as /proc says it: `S`, `T`.
    pub(crate) fn state(&self) -> char {
        crate::keys::state_of(self.child.id()).expect("it is there")
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A test that failed must not leave it running.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
