//! What reaches a run from outside while it goes on: signals, keys, its own time limit.
//!
//! SIGINT, SIGTERM and SIGHUP: at the first nothing new starts and what runs is asked to end, at the
//! second it is killed, at the third (or if that takes too long) we go. Reports are written by
//! whoever waits for the run. SIGTSTP takes every case along, SIGUSR1 asks how far it is.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::keys::{self, Key};
use super::{exit, terminal};
use crate::runner;
use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::is_ignored;
use crate::sandbox::live::Live;

/// Those that end a run.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
/// Those that do not.
const OTHERS: [Signal; 3] = [Signal::SIGTSTP, Signal::SIGUSR1, Signal::SIGWINCH];

/// What killed cases may take, and the reports after them.
const PATIENCE: Duration = Duration::from_secs(5);

/// What our last words may take.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What people's terminal may take to show something before we go on without it.
const SHOWN: Duration = Duration::from_millis(50);

/// Why a run was stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// By this signal.
    Signal(i32),
    /// It took longer than `--run-timeout`.
    RunTimeout,
}

impl Cause {
    /// `SIGINT`, `run-timeout`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Signal(number) => Signal::try_from(number)
                .map_or_else(|_| number.to_string(), |signal| signal.as_str().to_owned()),
            Self::RunTimeout => "run-timeout".to_owned(),
        }
    }
}

/// Who shows people how a run goes.
pub(super) trait People: Send + Sync {
    /// The run is to be stopped.
    fn stopping(&self, cause: Cause);
    /// The terminal has another size.
    fn resized(&self);
    /// A key, or the signal that stands for one.
    fn asked(&self, key: Key);
}

/// Whether and why a run was stopped; and what it needs to be stopped.
#[derive(Clone, Default)]
pub(super) struct Interrupted(Arc<Shared>);

#[derive(Default)]
struct Shared {
    cause: Mutex<Option<Cause>>,
    live: OnceLock<Arc<Live>>,
    people: OnceLock<Speaker>,
}

/// Tells people, on a thread of its own: a terminal whose output is stopped holds up whoever writes to
/// it, and signals must act all the same.
struct Speaker {
    people: Arc<dyn People>,
    thread: Sender<(Said, SyncSender<()>)>,
}

type Said = Box<dyn FnOnce() + Send>;

impl Speaker {
    fn start(people: Arc<dyn People>) -> io::Result<Self> {
        let (thread, told) = channel::<(Said, SyncSender<()>)>();
        std::thread::Builder::new().name("speaker".to_owned()).spawn(move || {
            for (say, done) in told {
                say();
                let _ = done.try_send(());
            }
        })?;
        Ok(Self { people, thread })
    }

    /// Says it; waits a moment for it to be said, so that what comes next stands below it.
    fn say(&self, say: Said) {
        let (done, said) = sync_channel(1);
        if self.thread.send((say, done)).is_ok() {
            let _ = said.recv_timeout(SHOWN);
        }
    }
}

impl Interrupted {
    /// What stopped it first.
    pub(super) fn cause(&self) -> Option<Cause> {
        *self.0.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the signal that stopped it first.
    pub(super) fn signal(&self) -> Option<i32> {
        match self.cause()? {
            Cause::Signal(signal) => Some(signal),
            Cause::RunTimeout => None,
        }
    }

    /// From now on what runs there is frozen and asked to end.
    pub(super) fn reaches(&self, live: Arc<Live>) {
        let _ = self.0.live.set(live);
    }

    /// From now on this is told.
    pub(super) fn tells(&self, people: Arc<dyn People>) {
        match Speaker::start(people) {
            Ok(speaker) => drop(self.0.people.set(speaker)),
            Err(error) => log::debug!("nobody is told of signals: {error}"),
        }
    }

    fn set(&self, cause: Cause) {
        self.0.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
    }

    fn live(&self, act: impl FnOnce(&Live)) {
        if let Some(live) = self.0.live.get() {
            act(live);
        }
    }

    fn people(&self, act: impl FnOnce(&dyn People) + Send + 'static) {
        if let Some(speaker) = self.0.people.get() {
            let people = Arc::clone(&speaker.people);
            speaker.say(Box::new(move || act(people.as_ref())));
        }
    }

    /// Does something to the terminal.
    fn terminal(&self, act: fn()) {
        match self.0.people.get() {
            Some(speaker) => speaker.say(Box::new(act)),
            None => act(),
        }
    }
}

/// How a run may be ended from outside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Watching {
    /// What cases that run at the first signal are given to end by themselves.
    pub(super) grace: Duration,
    /// The longest that the run may take.
    pub(super) run_timeout: Option<Duration>,
    /// Whether keys are read.
    pub(super) keys: bool,
}

/// Watches from now on, on a thread of its own.
///
/// Must be called before any other thread is made: they inherit the mask.
///
/// # Errors
/// The process has no descriptor or thread left.
pub(super) fn watch(cancel: &Cancel, watching: Watching) -> io::Result<Interrupted> {
    let (watcher, interrupted) = Watcher::new(cancel, watching)?;
    watcher.start()?;
    Ok(interrupted)
}

/// Signals that nobody watches for yet: [`watch_when_needed`]. Dropping it has somebody watch from now on.
pub(super) struct Unwatched(Cancel);

/// Watches as soon as there is a signal, by whoever waits meanwhile: see [`Cancel::listen`].
///
/// Must be called before any other thread is made: they inherit the mask.
///
/// # Errors
/// The process has no descriptor left.
pub(super) fn watch_when_needed(cancel: &Cancel) -> io::Result<(Interrupted, Unwatched)> {
    let (mut watcher, interrupted) = Watcher::new(cancel, Watching::default())?;
    let mask = watcher.mask;
    let bell = watcher.signals.as_fd().try_clone_to_owned()?;
    cancel.listen(bell, move || {
        // At once, so that whoever was called sees what came of it.
        watcher.act();
        if let Err(error) = watcher.start() {
            // The next ones do to us what they do to any program, and cases end with us.
            log::debug!("nobody watches for signals: {error}");
            let _ = mask.thread_unblock();
        }
    });
    Ok((interrupted, Unwatched(cancel.clone())))
}

impl Unwatched {
    /// Nothing is waited for any more: what comes now comes too late.
    pub(super) fn end(self) {
        self.0.stop_listening();
    }
}

impl Drop for Unwatched {
    fn drop(&mut self) {
        self.0.answer();
    }
}

fn signals_of(mask: &SigSet) -> io::Result<SignalFd> {
    Ok(SignalFd::with_flags(mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// A signal that waits, if one does.
fn next(signals: &SignalFd) -> Option<Signal> {
    let info = signals.read_signal().ok().flatten()?;
    Signal::try_from(i32::try_from(info.ssi_signo).ok()?).ok()
}

/// How far the end of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// Nothing new starts.
    Asked,
    /// What ran was killed because its grace was over.
    GraceOver,
    /// Somebody insisted.
    Killed,
}

struct Watcher {
    mask: SigSet,
    signals: SignalFd,
    cancel: Cancel,
    grace: Duration,
    interrupted: Interrupted,
    stage: Stage,
    /// When the next stage comes by itself.
    deadline: Option<Instant>,
    wants_keys: bool,
    keys: bool,
}

impl Watcher {
    fn new(cancel: &Cancel, watching: Watching) -> io::Result<(Self, Interrupted)> {
        let mut mask = SigSet::empty();
        // What whoever started us has had ignored (`nohup`, a shell's background job) stays ignored: a
        // blocked signal would reach us all the same.
        for signal in ENDING.into_iter().chain(OTHERS).filter(|signal| !is_ignored(*signal as i32)) {
            mask.add(signal);
        }
        mask.thread_block()?;
        let interrupted = Interrupted::default();
        let watcher = Self {
            signals: signals_of(&mask)?,
            mask,
            cancel: cancel.clone(),
            grace: watching.grace,
            interrupted: interrupted.clone(),
            stage: Stage::Running,
            deadline: watching.run_timeout.map(|timeout| Instant::now() + timeout),
            wants_keys: watching.keys,
            keys: watching.keys && keys::begin(),
        };
        Ok((watcher, interrupted))
    }

    fn start(self) -> io::Result<()> {
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || self.watch()).map(drop)
    }

    fn watch(mut self) {
        loop {
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                self.next_stage();
            }
            self.wait();
            self.act();
        }
    }

    /// On every signal that waits.
    fn act(&mut self) {
        while let Some(signal) = next(&self.signals) {
            match signal {
                Signal::SIGTSTP => self.suspend(),
                Signal::SIGUSR1 => self.interrupted.people(|people| people.asked(Key::Status)),
                Signal::SIGWINCH => self.interrupted.people(|people| people.resized()),
                signal => self.end(Cause::Signal(signal as i32)),
            }
        }
    }

    /// For a signal, a key or the deadline.
    fn wait(&mut self) {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // One more millisecond, because the remainder of one is cut off.
        let timeout = left.map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
        });
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        if self.keys {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        let ready = poll(&mut fds, timeout);
        let key = fds.get(1).and_then(PollFd::revents).is_some_and(|events| !events.is_empty());
        if ready.is_ok() && key {
            self.read_keys();
        }
    }

    fn read_keys(&mut self) {
        let Some(pressed) = keys::pressed() else {
            self.keys = false;
            return;
        };
        for key in pressed {
            match key {
                Key::Quit => self.end(Cause::Signal(Signal::SIGINT as i32)),
                other => self.interrupted.people(move |people| people.asked(other)),
            }
        }
    }

    /// A signal that ends the run, or a key that does.
    fn end(&mut self, cause: Cause) {
        match self.stage {
            Stage::Running => self.stop(cause),
            Stage::Asked | Stage::GraceOver => self.kill(Stage::Killed),
            Stage::Killed => self.abandon(),
        }
    }

    /// The time of a stage is over.
    fn next_stage(&mut self) {
        match self.stage {
            Stage::Running => self.stop(Cause::RunTimeout),
            Stage::Asked => self.kill(Stage::GraceOver),
            Stage::GraceOver => self.deadline = None,
            Stage::Killed => self.abandon(),
        }
    }

    fn stop(&mut self, cause: Cause) {
        self.interrupted.set(cause);
        if self.grace.is_zero() {
            return self.kill(Stage::GraceOver);
        }
        self.stage = Stage::Asked;
        self.deadline = Some(Instant::now() + self.grace);
        self.cancel.raise(CancelLevel::NoNewCases);
        self.interrupted.people(move |people| people.stopping(cause));
        self.interrupted.live(Live::ask_to_end);
    }

    fn kill(&mut self, stage: Stage) {
        self.stage = stage;
        self.deadline = (stage == Stage::Killed).then(|| Instant::now() + PATIENCE);
        self.cancel.raise(CancelLevel::Kill);
    }

    /// Goes at once. Cases die with their workers, and these with us; reports stay as they are.
    fn abandon(&self) -> ! {
        let (done, said) = channel();
        // On a thread that need not end: whoever should read it may not read.
        std::thread::spawn(move || {
            terminal::restore();
            terminal::say(
                "error: not all could be ended in time; reports that were not written yet are left as they were before the run",
            );
            let _ = done.send(());
        });
        runner::remove_scratch();
        let _ = said.recv_timeout(LAST_WORDS);
        let status = self.interrupted.signal().map_or(exit::NOT_JUDGED, exit::of_signal);
        std::process::exit(i32::from(status))
    }

    /// Ctrl-Z: every case and every clock stops with us, and goes on with us.
    fn suspend(&mut self) {
        let stopped = Instant::now();
        self.interrupted.live(Live::freeze);
        terminal::give_back();
        self.interrupted.terminal(terminal::hide);
        // Returns when somebody sends SIGCONT.
        let _ = raise(Signal::SIGSTOP);
        if self.wants_keys {
            self.keys = keys::begin();
        }
        self.interrupted.terminal(terminal::show);
        self.interrupted.live(Live::thaw);
        self.deadline = self.deadline.map(|deadline| deadline + stopped.elapsed());
    }
}
