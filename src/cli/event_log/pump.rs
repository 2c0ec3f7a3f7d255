//! [`Pump`]: copies the log to a reader at the reader's pace. What he has not read yet is in the log:
//! however slow he is, the run never waits for him, and memory does not grow.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::target::OpenStream;

/// Bytes read from the log at a time.
const CHUNK: usize = 256 * 1024;

/// How long the end of a run waits for a reader who takes nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon a reader whose pipe is full and does not block is tried again.
const RETRY: Duration = Duration::from_millis(5);

/// Copies the log to a reader at the reader's pace.
pub(super) struct Pump {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Bytes of the log that are whole lines.
    available: u64,
    written: u64,
    /// Nothing more comes.
    over: bool,
    ended: bool,
    failed: Option<io::Error>,
}

impl Pump {
    pub(super) fn start(log: File, open: OpenStream) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let pump = move || {
            let result = open().and_then(|out| theirs.copy(&log, out));
            let mut state = theirs.lock();
            state.ended = true;
            // A reader who has gone away has seen enough.
            state.failed = result.err().filter(|error| error.kind() != ErrorKind::BrokenPipe);
            theirs.changed.notify_all();
        };
        let thread = std::thread::Builder::new().name("events".to_owned()).spawn(pump)?;
        Ok(Self { shared, thread })
    }

    /// The log has so many bytes now.
    pub(super) fn advance(&self, available: u64) {
        self.shared.lock().available = available;
        self.shared.changed.notify_all();
    }

    /// Waits until the reader has everything, or takes nothing for ten seconds.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut state = self.shared.lock();
        state.over = true;
        self.shared.changed.notify_all();
        let mut seen = state.written;
        while !state.ended {
            let waited = self.shared.changed.wait_timeout(state, PATIENCE);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if timeout.timed_out() && state.written == seen && !state.ended {
                // The thread stays where it is, in a write, and ends with the process.
                return Err(io::Error::new(ErrorKind::TimedOut, "its reader has stopped reading"));
            }
            seen = state.written;
        }
        let failed = state.failed.take();
        drop(state);
        let _ = self.thread.join();
        failed.map_or(Ok(()), Err)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn copy(&self, log: &File, mut out: Box<dyn Write + Send>) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut written = 0;
        loop {
            let available = {
                let mut state = self.lock();
                while state.available <= written && !state.over {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.available
            };
            if available <= written {
                return out.flush();
            }
            let length = usize::try_from(available - written).unwrap_or(CHUNK).min(CHUNK);
            log.read_exact_at(&mut chunk[..length], written)?;
            // A line for a write, as far as a chunk has it.
            for line in chunk[..length].split_inclusive(|&byte| byte == b'\n') {
                write_patiently(&mut out, line)?;
                written += line.len() as u64;
                self.lock().written = written;
                self.changed.notify_all();
            }
            out.flush()
                .or_else(|error| if error.kind() == ErrorKind::WouldBlock { Ok(()) } else { Err(error) })?;
        }
    }
}

/// Like `write_all`, also where the descriptor was made not to block by whoever gave it to us.
fn write_patiently(out: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
