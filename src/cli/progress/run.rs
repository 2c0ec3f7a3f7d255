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
                    id: self.style.audience.id_of(case).to_owned(),
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
                let now = Instant::now();
                let slow = slow(&mut state, now, &self.style);
                slow.iter().for_each(|text| line(&mut state, text));
                if let Some(text) = heartbeat(&state, now) {
                    line(&mut state, &text);
                }
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

/// The cases that have become slow by `now`, each once.
fn slow(state: &mut State, now: Instant, style: &TextStyle) -> Vec<String> {
    let running_for = |running: &Running| now.saturating_duration_since(running.since);
    let slow = state.running.values_mut().filter(|running| !running.named && running_for(running) >= SLOW);
    let mut lines: Vec<String> = slow
        .map(|running| {
            running.named = true;
            let seconds = running_for(running).as_secs_f64();
            format!("     SLOW [>{seconds:>6.1}s ] (running) {}", style.safe(&running.id))
        })
        .collect();
    lines.sort();
    lines
}

/// That the run is alive, if it has said nothing for long.
fn heartbeat(state: &State, now: Instant) -> Option<String> {
    if now.saturating_duration_since(state.last_line) < HEARTBEAT {
        return None;
    }
    let failed = match state.last_failure {
        None => "nothing failed".to_owned(),
        Some(at) => format!("nothing failed since {}", short(now.saturating_duration_since(at))),
    };
    Some(format!(
        "     note [{:>7.1}s ] {}/{} done, {} running, {failed}",
        now.saturating_duration_since(state.started).as_secs_f64(),
        state.counts.done,
        state.total,
        state.running.len(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::CaseId;
    use crate::units::Bytes;

    fn state() -> State {
        let mut state = State::new();
        state.total = 42;
        for (id, later) in [("b\x1b[2J", 0), ("a", 0), ("young", 9)] {
            let running = Running {
                id: id.to_owned(),
                thread: std::thread::current().id(),
                since: state.started + Duration::from_secs(later),
                memory_limit: Bytes::mib(1),
                named: false,
            };
            state.running.insert((0, CaseId(id.into())), running);
        }
        state
    }

    #[test]
    fn a_case_is_named_once_when_it_has_run_for_ten_seconds() {
        let (mut state, style) = (state(), TextStyle::default());
        let at = |seconds| state.started + Duration::from_secs(seconds);
        let times = [9, 10, 11, 19].map(at);
        let told = times.map(|now| slow(&mut state, now, &style));
        assert_eq!(told[0], [""; 0]);
        assert_eq!(
            told[1],
            ["     SLOW [>  10.0s ] (running) a", "     SLOW [>  10.0s ] (running) b\\x1B[2J"]
        );
        assert_eq!(told[2], [""; 0]);
        assert_eq!(told[3], ["     SLOW [>  10.0s ] (running) young"]);
    }

    #[test]
    fn thirty_seconds_of_silence_end_with_a_sign_of_life() {
        let mut state = state();
        let at = |seconds| state.started + Duration::from_secs(seconds);
        let (early, late, failed) = (at(29), at(30), at(12));
        assert_eq!(heartbeat(&state, early), None);
        let line = heartbeat(&state, late).expect("silence");
        assert_eq!(line, "     note [   30.0s ] 0/42 done, 3 running, nothing failed");
        state.last_failure = Some(failed);
        let line = heartbeat(&state, late).expect("silence");
        assert!(line.ends_with(" nothing failed since 18.0s"), "{line}");
        // A line of any kind is a sign of life.
        state.last_line = failed;
        assert_eq!(heartbeat(&state, late), None);
    }
}
