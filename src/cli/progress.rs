//! [`Progress`]: what people see of a run while it goes on. A bar on a terminal, plain lines
//! elsewhere; always on standard error.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{ProgressArg, Show, ShowArgs};
use super::terminal;
use crate::judge::Status;
use crate::report::CaseReport;
use crate::report::text::{self, TextStyle};
use crate::runner::Event;
use crate::units::visible_line;

/// A run that has said nothing for this long says that it is alive: CI kills silent jobs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A case that has run for this long is named.
const SLOW: Duration = Duration::from_secs(10);

/// What people see of a run while it goes on.
pub(super) struct Progress {
    style: TextStyle,
    show: Show,
    lines: Lines,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    ended: Condvar,
}

/// How the lines of cases look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Counted,
    Plain,
    None,
}

struct State {
    running: BTreeMap<String, Running>,
    total: usize,
    done: usize,
    not_passed: usize,
    last_line: Instant,
    started: Instant,
    over: bool,
}

struct Running {
    since: Instant,
    named: bool,
}

impl Progress {
    pub(super) fn new(args: &ShowArgs, style: TextStyle) -> Self {
        let draw = terminal::can_draw() && style.width >= 20;
        let (bar, lines) = match args.progress {
            ProgressArg::Auto if draw => (true, Lines::Plain),
            ProgressArg::Bar => (true, Lines::Plain),
            ProgressArg::Auto | ProgressArg::Counter => (false, Lines::Counted),
            ProgressArg::Plain => (false, Lines::Plain),
            ProgressArg::None => (false, Lines::None),
        };
        let show = args.show.unwrap_or(if args.quiet { Show::Fail } else { Show::All });
        let bar = bar.then(|| new_bar(&style));
        Self { style, show, lines, bar, state: Mutex::new(State::new()), ended: Condvar::new() }
    }

    /// Takes an event of the run.
    pub(super) fn event(&self, event: Event<'_>) {
        match event {
            Event::RunStarted { total, .. } => {
                self.lock().total = total;
                if let Some(bar) = &self.bar {
                    bar.set_length(total as u64);
                }
            }
            Event::CaseStarted { case } => {
                let running = Running { since: Instant::now(), named: false };
                self.lock().running.insert(case.id.to_string(), running);
                self.redraw();
            }
            Event::CaseFinished { report, done, total } => self.finished(report, done, total),
            Event::RunFinished => {
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                }
            }
        }
    }

    fn finished(&self, report: &CaseReport, done: usize, total: usize) {
        let mut state = self.lock();
        state.running.remove(&*report.case.id.0);
        state.done = done;
        let passed = report.verdict.status == Status::Passed;
        state.not_passed += usize::from(!passed);
        let wanted = match self.show {
            Show::All => true,
            Show::Fail => !passed,
            Show::None => false,
        };
        match self.lines {
            Lines::Counted if wanted => {
                self.line(&mut state, &text::counted_case_line(report, done, total, &self.style));
            }
            Lines::Plain if wanted => self.line(&mut state, &text::case_line(report, &self.style)),
            Lines::Counted | Lines::Plain | Lines::None => {}
        }
        drop(state);
        self.redraw();
    }

    /// Tells of slow cases and of silence until [`Self::stop`] is called. Runs on a thread of its
    /// own.
    pub(super) fn watch(&self) {
        let mut state = self.lock();
        while !state.over {
            let wait = self.ended.wait_timeout(state, Duration::from_secs(1));
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
            if self.lines != Lines::None && self.bar.is_none() && !state.over {
                self.name_slow(&mut state);
                self.beat(&mut state);
            }
        }
    }

    /// The run is over.
    pub(super) fn stop(&self) {
        self.lock().over = true;
        self.ended.notify_all();
    }

    fn name_slow(&self, state: &mut State) {
        let slow: Vec<String> = state
            .running
            .iter_mut()
            .filter(|(_, running)| !running.named && running.since.elapsed() >= SLOW)
            .map(|(id, running)| {
                running.named = true;
                format!(
                    "     SLOW [>{:>6.1}s ] (running) {}",
                    running.since.elapsed().as_secs_f64(),
                    visible_line(id.as_bytes())
                )
            })
            .collect();
        slow.iter().for_each(|line| self.line(state, line));
    }

    fn beat(&self, state: &mut State) {
        if state.last_line.elapsed() >= HEARTBEAT {
            let line = format!(
                "     note [{:>7.1}s ] {}/{} done, {} running, {} not passed",
                state.started.elapsed().as_secs_f64(),
                state.done,
                state.total,
                state.running.len(),
                state.not_passed
            );
            self.line(state, &line);
        }
    }

    /// `ProgressBar::println` prints nothing where the bar is hidden; `suspend` always does.
    fn line(&self, state: &mut State, line: &str) {
        state.last_line = Instant::now();
        match &self.bar {
            Some(bar) => bar.suspend(|| terminal::say(line)),
            None => terminal::say(line),
        }
    }

    fn redraw(&self) {
        let Some(bar) = &self.bar else { return };
        let state = self.lock();
        let oldest = state.running.iter().min_by_key(|(_, running)| running.since).map(|(id, _)| id.as_str());
        let oldest = visible_line(oldest.unwrap_or_default().as_bytes());
        let failed =
            if state.not_passed > 0 { format!("{} not passed  ", state.not_passed) } else { String::new() };
        bar.set_position(state.done as u64);
        bar.set_message(format!("{failed}{oldest}"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            running: BTreeMap::new(),
            total: 0,
            done: 0,
            not_passed: 0,
            last_line: now,
            started: now,
            over: false,
        }
    }
}

fn new_bar(style: &TextStyle) -> ProgressBar {
    let template =
        if style.width < 50 { " {pos}/{len}" } else { " {wide_bar} {pos}/{len}  {elapsed}  {msg:!40}" };
    let look = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let look = look.progress_chars(if style.ascii { "=> " } else { "━╸─" });
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)).with_style(look)
}
