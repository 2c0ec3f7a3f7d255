//! [`Progress`]: takes the events of a run and shows them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::bar::{self, Size, short};
use super::state::{Running, State};
use crate::cli::args::{ProgressArg, Show, ShowArgs};
use crate::cli::keys::Key;
use crate::cli::screen::TabProgress;
use crate::cli::signals::{Cause, People};
use crate::cli::terminal;
use crate::judge::Status;
use crate::report::CaseReport;
use crate::report::text::{self, TextStyle};
use crate::runner::Event;
use crate::sandbox::live::Live;

/// A run that has said nothing for this long says that it is alive: CI kills silent jobs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A case that has run for this long is named.
const SLOW: Duration = Duration::from_secs(10);

/// How often the live area is drawn while something runs.
const FRAME: Duration = Duration::from_millis(200);

/// Cases that run are listed, and with `--verbose`.
const LISTED: usize = 4;
const LISTED_VERBOSE: usize = 8;

/// What people see of a run while it goes on.
pub(in crate::cli) struct Progress {
    style: TextStyle,
    show: Show,
    lines: Lines,
    /// Whether there is a live area.
    bar: bool,
    tab: bool,
    listed: usize,
    live: OnceLock<Arc<Live>>,
    state: Mutex<State>,
    changed: Condvar,
}

/// How the lines of cases look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Counted,
    Plain,
    None,
}

impl Progress {
    pub(in crate::cli) fn new(args: &ShowArgs, style: TextStyle) -> Self {
        let (bar, lines) = match args.progress {
            ProgressArg::Auto if terminal::can_draw() => (true, Lines::Plain),
            ProgressArg::Bar => (true, Lines::Plain),
            ProgressArg::Auto | ProgressArg::Counter => (false, Lines::Counted),
            ProgressArg::Plain => (false, Lines::Plain),
            ProgressArg::None => (false, Lines::None),
        };
        Self {
            style,
            show: args.show.unwrap_or(if args.quiet { Show::Fail } else { Show::All }),
            lines,
            bar,
            tab: bar && terminal::has_tab_progress(),
            listed: if args.verbose { LISTED_VERBOSE } else { LISTED },
            live: OnceLock::new(),
            state: Mutex::new(State::new()),
            changed: Condvar::new(),
        }
    }

    /// From now on what cases use is read from there.
    pub(in crate::cli) fn reads(&self, live: Arc<Live>) {
        let _ = self.live.set(live);
    }

    /// Whether this shows a live area, and so takes keys.
    pub(in crate::cli) fn is_live(args: &ShowArgs) -> bool {
        match args.progress {
            ProgressArg::Auto => terminal::can_draw(),
            ProgressArg::Bar => true,
            ProgressArg::Counter | ProgressArg::Plain | ProgressArg::None => false,
        }
    }

    /// Takes an event of the run.
    pub(in crate::cli) fn event(&self, event: Event<'_>) {
        match event {
            Event::RunStarted { total, .. } => self.lock().total = total,
            Event::CaseStarted { case, thread, at } => {
                let running = Running {
                    id: case.id.to_string(),
                    thread,
                    since: at,
                    memory_limit: case.limits.memory.value,
                    named: false,
                };
                self.lock().running.insert((case.suite, case.id.clone()), running);
                self.changed.notify_all();
            }
            Event::CaseFinished { report, done, total } => self.finished(report, done, total),
            Event::RunFinished => self.stop(),
        }
    }

    fn finished(&self, report: &CaseReport, done: usize, total: usize) {
        let mut state = self.lock();
        state.running.remove(&(report.case.suite, report.case.id.clone()));
        let style = self.style_now();
        let plain = text::case_line(report, &style);
        state.finished(report, done, &plain);
        let wanted = match self.show {
            Show::All => true,
            Show::Fail => report.verdict.status != Status::Passed,
            Show::None => false,
        };
        match self.lines {
            Lines::Counted if wanted => {
                line(&mut state, &text::counted_case_line(report, done, total, &style));
            }
            Lines::Plain if wanted => line(&mut state, &plain),
            Lines::Counted | Lines::Plain | Lines::None => {}
        }
        self.changed.notify_all();
    }

    /// Draws, and tells of slow cases and of silence, until the run is over. Runs on a thread of its
    /// own.
    pub(in crate::cli) fn watch(&self) {
        let mut state = self.lock();
        while !state.over {
            if self.bar {
                self.draw(&state);
            } else if self.lines != Lines::None {
                name_slow(&mut state, &self.style);
                beat(&mut state);
            }
            state = self.pause(state);
        }
        drop(state);
        if self.bar {
            terminal::draw(Vec::new(), None);
        }
    }

    /// Until there may be something new to show: never more than ten times a second.
    fn pause<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if !self.bar {
            let second = self.changed.wait_timeout_while(state, Duration::from_secs(1), |state| !state.over);
            return second.unwrap_or_else(PoisonError::into_inner).0;
        }
        let before = (state.counts.done, state.running.len());
        let least = self.changed.wait_timeout_while(state, FRAME / 2, |state| !state.over);
        let state = least.unwrap_or_else(PoisonError::into_inner).0;
        let idle = |state: &mut State| !state.over && before == (state.counts.done, state.running.len());
        let most = if state.running.is_empty() { Duration::from_secs(1) } else { FRAME / 2 };
        self.changed.wait_timeout_while(state, most, idle).unwrap_or_else(PoisonError::into_inner).0
    }

    /// The run is over.
    pub(in crate::cli) fn stop(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    fn draw(&self, state: &State) {
        let size = Size { columns: terminal::width(), rows: terminal::height() };
        let mut lines: Vec<String> = bar::bar(state, size, &self.style).into_iter().collect();
        lines.extend(self.running(state, size.listed(self.listed), size.columns));
        let tab = self.tab.then(|| TabProgress {
            percent: (100 * state.counts.done).checked_div(state.total).unwrap_or(0),
            failed: state.counts.failed + state.counts.errors > 0,
        });
        terminal::draw(lines, tab);
    }

    fn running(&self, state: &State, most: usize, columns: usize) -> Vec<String> {
        let longest = state.longest(most).into_iter();
        let line = |running: &Running| {
            let usage = self.live.get().and_then(|live| live.usage(running.thread));
            bar::running(running, usage, columns, &self.style)
        };
        longest.map(line).collect()
    }

    /// `31/42 done: 24 ok  5 failed; 3 running; 6.1s`.
    fn snapshot(&self, state: &State) -> String {
        let counts = state.counts;
        let bad = counts.failed + counts.errors;
        format!(
            "     note [{:>8}] {}/{} done, {} running, {} ok, {bad} failed",
            short(state.started.elapsed()),
            counts.done,
            state.total,
            state.running.len(),
            counts.ok
        )
    }

    /// Lines that are printed now have the width that the terminal has now.
    fn style_now(&self) -> TextStyle {
        TextStyle { width: terminal::width(), ..self.style.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People for Progress {
    fn stopping(&self, cause: Cause) {
        let mut state = self.lock();
        state.stopping = Some(cause);
        if self.bar {
            self.draw(&state);
        } else {
            let running = state.running.len();
            let text = format!("stopping ({}): {running} running, a second signal kills them", cause.name());
            line(&mut state, &text);
        }
    }

    fn resized(&self) {
        if self.bar {
            self.draw(&self.lock());
        }
    }

    fn asked(&self, key: Key) {
        let mut state = self.lock();
        let mut lines = match key {
            Key::Failures if state.failures.is_empty() => {
                vec!["     note nothing has failed so far".to_owned()]
            }
            Key::Failures => state.failures.clone(),
            Key::Status | Key::Snapshot | Key::Quit => vec![self.snapshot(&state)],
        };
        if key == Key::Status {
            lines.extend(self.running(&state, usize::MAX, terminal::width()));
        }
        line(&mut state, &lines.join("\n"));
    }
}

fn line(state: &mut State, text: &str) {
    state.last_line = Instant::now();
    terminal::say(text);
}

fn name_slow(state: &mut State, style: &TextStyle) {
    let slow: Vec<String> = state
        .running
        .values_mut()
        .filter(|running| !running.named && running.since.elapsed() >= SLOW)
        .map(|running| {
            running.named = true;
            let seconds = running.since.elapsed().as_secs_f64();
            format!("     SLOW [>{seconds:>6.1}s ] (running) {}", style.safe(&running.id))
        })
        .collect();
    slow.iter().for_each(|text| line(state, text));
}

fn beat(state: &mut State) {
    if state.last_line.elapsed() < HEARTBEAT {
        return;
    }
    let failed = match state.last_failure {
        None => "nothing failed".to_owned(),
        Some(at) => format!("nothing failed since {}", short(at.elapsed())),
    };
    let text = format!(
        "     note [{:>7.1}s ] {}/{} done, {} running, {failed}",
        state.started.elapsed().as_secs_f64(),
        state.counts.done,
        state.total,
        state.running.len(),
    );
    line(state, &text);
}
