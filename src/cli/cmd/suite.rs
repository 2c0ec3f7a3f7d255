//! `capsule-run suite`: load, select, run, report.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tempfile::TempDir;

use crate::cli::args::{OutputWhen, SuiteArgs};
use crate::cli::engine::engine;
use crate::cli::failure::Failure;
use crate::cli::history::History;
use crate::cli::journal::{self, Journal};
use crate::cli::load::{self, Places};
use crate::cli::progress::Progress;
use crate::cli::report_file::{ReportError, ReportFile};
use crate::cli::run_meta;
use crate::cli::select::{Choice, Chosen, Order, Previous, choose};
use crate::cli::signals::{self, Cause, Interrupted, People, Watching};
use crate::cli::solutions::{self, Solutions};
use crate::cli::variables::{self, FlakyArg};
use crate::cli::{account, binds, cmd, exit, ids, last_words, overrides, packages, review, terminal};
use crate::judge::Status;
use crate::report::json as json_report;
use crate::report::text::{self, Audience, TextStyle};
use crate::report::{CaseReport, RecordedRun, RunReport, SuiteInfo, junit};
use crate::resolve::{self, Operator, ResolvedCase, ResolvedSuite};
use crate::runner::{self, Again, BrokenSuite, Event, Flaky, RunPlan};
use crate::sandbox::cancel::Cancel;
use crate::units::{parse_duration, visible_line};

/// What runs that are under way get to end by themselves after the first signal.
const GRACE: Duration = Duration::from_secs(2);

/// Lines of failures shown in one run; the reports have everything.
const MOST_LINES: usize = 2_000;

/// Everything that was loaded and decided.
struct Job {
    operator: Operator,
    paths: Vec<PathBuf>,
    suites: Vec<ResolvedSuite>,
    cases: Vec<Arc<ResolvedCase>>,
    broken: Vec<BrokenSuite>,
    jobs: NonZeroUsize,
    chosen: Chosen,
    /// In which order the cases are started; as they are where it is empty.
    order: Vec<usize>,
    history: History,
    /// `--submissions`.
    solutions: Option<Solutions>,
    /// The copy of a submission that is a single file.
    _staged: Option<TempDir>,
    /// Cases that were not asked for.
    left_out: usize,
    run_timeout: Option<Duration>,
}

/// The reports that were asked for.
struct Reports {
    json: Option<ReportFile>,
    junit: Option<ReportFile>,
}

/// Runs suites.
pub(in crate::cli) fn run(args: SuiteArgs, places: &Places) -> u8 {
    let done = prepare(&args, places).and_then(|job| {
        job.chosen.tell(args.show.quiet);
        if args.list {
            return Ok(list(&job));
        }
        if args.dry_run {
            return Ok(print(&format!("{:#}\n", plan(&job))));
        }
        if job.cases.is_empty() {
            return Ok(job.chosen.nothing(args.select.no_cases));
        }
        execute(&job, &args, places)
    });
    done.unwrap_or_else(|failure| {
        let status = match failure {
            Failure::Diagnostics(_) | Failure::Usage(_) => exit::USAGE,
            Failure::Report(_) => exit::REPORT_LOST,
            Failure::Host(_) => exit::NOT_JUDGED,
        };
        failure.tell(args.show.color, args.message_format, status);
        status
    })
}

fn prepare(args: &SuiteArgs, places: &Places) -> Result<Job, Failure> {
    let jobs = jobs(&args.jobs)?;
    let run_timeout = args.run_timeout.as_deref().map(run_timeout).transpose()?;
    let reports = &args.reports;
    if reports.json.is_some() && reports.json == reports.junit {
        return Err(Failure::Usage("--json and --junit name the same file".to_owned()));
    }
    let options = overrides::of_suite(&args.operator, &args.set)?;
    let mut operator = load::operator(places, args.operator.config.as_deref(), options)?;
    variables::give(&args.language, &mut operator)?;
    let paths = load::find_suites(places, &args.suites)?;
    let staged = match &args.submission {
        Some(path) => packages::stage(path, &places.scratch)?,
        None => None,
    };
    let submission = staged.as_ref().map(TempDir::path).or(args.submission.as_deref());
    let (mut suites, solutions) = match &args.submissions {
        None => (load::suites(&paths, &operator, submission)?, None),
        Some(glob) => {
            let (suites, solutions) = solutions::load(glob, &paths, &operator, places)?;
            (suites, Some(solutions))
        }
    };
    variables::check_known(&operator, &suites)?;
    binds::check(suites.iter().flat_map(|suite| &suite.cases))?;
    let (cases, broken) = load::all_cases(&mut suites);
    let history = History::new(places.runs.clone().filter(|_| !args.no_history), places.cwd.clone());
    let all = cases.len();
    let Choice { cases, mut chosen } = choose(cases, &suites, &args.select, &history)?;
    let cases: Vec<_> = cases.into_iter().map(Arc::new).collect();
    let order = ordered(args.order, &cases, &suites, &history, &mut chosen);
    Ok(Job {
        operator,
        paths,
        suites,
        left_out: all - cases.len(),
        cases,
        broken,
        jobs,
        run_timeout,
        chosen,
        order,
        history,
        solutions,
        _staged: staged,
    })
}

/// `--order`; what people need to know to have it again is noted.
fn ordered(
    order: Order,
    cases: &[Arc<ResolvedCase>],
    suites: &[ResolvedSuite],
    history: &History,
    chosen: &mut Chosen,
) -> Vec<usize> {
    let files: Vec<_> = suites.iter().map(|suite| suite.file.as_str()).collect();
    let previous = match order {
        Order::Smart => history.latest(&files).unwrap_or_default(),
        Order::File | Order::Random(_) => Previous::default(),
    };
    let seed = ids::seed();
    chosen.notes.extend(order.note(seed));
    order.of(cases, &previous, seed)
}

fn jobs(text: &str) -> Result<NonZeroUsize, Failure> {
    if text == "auto" {
        return Ok(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    }
    let wrong = || {
        Failure::Usage(format!(
            "--jobs: `{}` is neither a number from 1 nor `auto`",
            visible_line(text.as_bytes())
        ))
    };
    let jobs: NonZeroUsize = text.parse().map_err(|_| wrong())?;
    if jobs.get() > 1024 { Err(Failure::Usage("--jobs: at most 1024".to_owned())) } else { Ok(jobs) }
}

/// What was said about trying again.
fn again(args: &SuiteArgs) -> Again {
    let flaky = match args.flaky {
        FlakyArg::Pass => Flaky::Pass,
        FlakyArg::Fail => Flaky::Fail,
    };
    Again { retries: args.retries, flaky }
}

fn run_timeout(text: &str) -> Result<Duration, Failure> {
    let shown = || visible_line(text.as_bytes());
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err(Failure::Usage("--run-timeout: no run ends in no time".to_owned())),
        Ok(time) => Ok(time),
        Err(error) => Err(Failure::Usage(format!("--run-timeout: `{}`: {error}", shown()))),
    }
}

fn list(job: &Job) -> u8 {
    let ids: String =
        job.cases.iter().map(|case| format!("{}\n", visible_line(case.id.0.as_bytes()))).collect();
    print(&ids)
}

/// `--dry-run`: what would run, in order, and every value of it.
fn plan(job: &Job) -> serde_json::Value {
    let suites = job
        .suites
        .iter()
        .map(|suite| json!({"name": suite.name, "file": suite.file, "sha256": suite.sha256}));
    let cases = job.cases.iter().map(|case| {
        let needs: Vec<_> = case.needs.iter().map(ToString::to_string).collect();
        json!({
            "id": &*case.id.0,
            "suite": job.suites[case.suite].name,
            "file": &*case.file,
            "line": case.line,
            "points": case.points,
            "needs": needs,
            "values": resolve::explain(case).to_json(),
        })
    });
    json!({"suites": suites.collect::<Vec<_>>(), "cases": cases.collect::<Vec<_>>()})
}

fn print(text: &str) -> u8 {
    if terminal::print(text.as_bytes()).is_ok() { exit::OK } else { exit::REPORT_LOST }
}

fn execute(job: &Job, args: &SuiteArgs, places: &Places) -> Result<u8, Failure> {
    let cancel = Cancel::new()?;
    let watching =
        Watching { grace: GRACE, run_timeout: job.run_timeout, keys: Progress::is_live(&args.show) };
    let _restored = Restored;
    let interrupted = signals::watch(&cancel, watching)?;
    let mut run = unfinished(job, places);
    last_words::run_is(&run.meta.id);
    let reports = Reports::open(args, &run)?;
    let journal = Journal::open(&job.operator.config.monitoring)?;
    let style = style(job, args);
    if !args.show.quiet {
        terminal::say(&header(job, &run, &style));
    }
    let clock = Instant::now();
    run.cases = run_cases(job, args, places, (&cancel, &interrupted), (&journal, &run.meta.id, &style));
    if !job.operator.config.monitoring.enable_io_statistics {
        journal::forget_io(&mut run.cases);
    }
    run.meta.duration = clock.elapsed();
    finish(&mut run, &interrupted);
    terminal::restore();
    let (mut status, mut reason) = job.chosen.rest(exit::of_run(&run, interrupted.cause()));
    match &job.solutions {
        None => {
            job.history.keep(&run, &job.chosen, status);
            show(&run, args, &style);
        }
        Some(solutions) => {
            if interrupted.cause().is_none() {
                (status, reason) = solutions.status(&run);
            }
            terminal::say_text(&solutions.table(&run));
        }
    }
    update(&run, args);
    let (mut status, mut written) = reports.write(args, &run, status, reason);
    if let (Some(solutions), Some(path)) = (&job.solutions, &args.verdicts) {
        let text = format!("{:#}\n", solutions.json(&run));
        match ReportFile::open(path, text.as_bytes()).and_then(|file| file.write(text.as_bytes())) {
            Ok(()) => written.push(path.display().to_string()),
            Err(error) => {
                terminal::say(&format!("error: {error}"));
                status = exit::REPORT_LOST;
            }
        }
    }
    if !written.is_empty() && !args.show.quiet {
        terminal::say(&format!("  Reports {}", visible_line(written.join(" ").as_bytes())));
    }
    Ok(status)
}

fn run_cases(
    job: &Job,
    args: &SuiteArgs,
    places: &Places,
    (cancel, interrupted): (&Cancel, &Interrupted),
    (journal, id, style): (&Journal, &str, &TextStyle),
) -> Vec<CaseReport> {
    let plan = RunPlan {
        cases: job.cases.clone(),
        jobs: job.jobs,
        max_fail: if args.exit_first { Some(NonZeroUsize::MIN) } else { args.max_fail },
        broken: job.broken.clone(),
        scratch: places.scratch.clone(),
        order: job.order.clone(),
        again: again(args),
    };
    let engine = engine(&job.operator);
    let progress = Arc::new(Progress::new(&args.show, style.clone()));
    if let Some(live) = engine.inner().live() {
        interrupted.reaches(Arc::clone(&live));
        progress.reads(live);
    }
    interrupted.tells(Arc::clone(&progress) as Arc<dyn People>);
    let observe = |event: Event<'_>| {
        if let Event::CaseFinished { report, .. } = event {
            journal.log(id, report);
        }
        progress.event(event);
    };
    // What a test of our own panics needs, and no release build has.
    #[cfg(debug_assertions)]
    assert!(!terminal::env_is_set("CAPSULE_TEST_PANIC"), "asked to panic");
    std::thread::scope(|scope| {
        let watcher = std::thread::Builder::new().name("progress".to_owned());
        if let Err(error) = watcher.spawn_scoped(scope, || progress.watch()) {
            log::warn!("no thread to show the progress: {error}");
        }
        // Also when the run panics, or the watching thread would be waited for in vain.
        let _stop = StopAtEnd(&progress);
        runner::run(&plan, &engine, cancel, &observe)
    })
}

/// The terminal is as it was, on every way out.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        terminal::restore();
    }
}

struct StopAtEnd<'a>(&'a Progress);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The run as it stands before the first case: what is left behind when we are killed.
fn unfinished(job: &Job, places: &Places) -> RunReport {
    let suites = job.suites.iter().map(|suite| SuiteInfo {
        name: suite.name.clone(),
        file: suite.file.clone(),
        sha256: suite.sha256.clone(),
    });
    RunReport {
        meta: run_meta::of_this_process(&places.cwd, SystemTime::now(), job.jobs.get()),
        suites: suites.collect(),
        cases: job.cases.iter().map(runner::unfinished).collect(),
    }
}

fn finish(run: &mut RunReport, interrupted: &Interrupted) {
    run.meta.interrupted_by = interrupted.cause().map(Cause::name);
    run.meta.complete = run.meta.interrupted_by.is_none();
    if let (Some(cause), Some(first)) = (&run.meta.interrupted_by, run.cases.first()) {
        let stands_for = runner::interruption(&first.case, run.suites.len(), cause);
        let file = first.case.file.to_string();
        run.suites.push(SuiteInfo { name: "@run".to_owned(), file, sha256: String::new() });
        run.cases.push(stands_for);
    }
}

impl Reports {
    fn open(args: &SuiteArgs, run: &RunReport) -> Result<Self, Failure> {
        let records = run.records(exit::NOT_JUDGED, "the run did not end");
        let args = &args.reports;
        let json = args.json.as_ref().map(|path| ReportFile::open(path, &json_bytes(&records)));
        let junit = args
            .junit
            .as_ref()
            .map(|path| ReportFile::open(path, &junit_bytes(&records, args.junit_style.into())));
        Ok(Self { json: json.transpose()?, junit: junit.transpose()? })
    }

    /// Writes every report, also when another one is lost. Returns the exit status and the names of
    /// those that were written.
    fn write(self, args: &SuiteArgs, run: &RunReport, status: u8, reason: &str) -> (u8, Vec<String>) {
        let paths = &args.reports;
        let mut outcome = Written { status, files: Vec::new() };
        let mut records = run.records(status, reason);
        let junit = self.junit.map(|file| file.write(&junit_bytes(&records, paths.junit_style.into())));
        outcome.add(paths.junit.as_deref(), junit);
        records.footer.exit_code = outcome.status;
        outcome.add(paths.json.as_deref(), self.json.map(|file| file.write(&json_bytes(&records))));
        (outcome.status, outcome.files)
    }
}

/// What became of the reports so far.
struct Written {
    status: u8,
    files: Vec<String>,
}

impl Written {
    fn add(&mut self, path: Option<&Path>, written: Option<Result<(), ReportError>>) {
        match (path, written) {
            (_, Some(Err(error))) => {
                terminal::say(&format!("error: {error}"));
                self.status = exit::REPORT_LOST;
            }
            (Some(path), Some(Ok(()))) => self.files.push(path.display().to_string()),
            (_, None) | (None, Some(Ok(()))) => {}
        }
    }
}

fn json_bytes(run: &RecordedRun) -> Vec<u8> {
    let mut bytes = Vec::new();
    json_report::write(&run.view(), &mut bytes).expect("a vector takes every byte");
    bytes
}

fn junit_bytes(run: &RecordedRun, style: junit::JunitStyle) -> Vec<u8> {
    let mut bytes = Vec::new();
    junit::write(&run.view(), style, &mut bytes).expect("a vector takes every byte");
    bytes
}

fn style(job: &Job, args: &SuiteArgs) -> TextStyle {
    let paths: Vec<_> =
        job.paths.iter().map(|path| visible_line(path.as_os_str().as_encoded_bytes())).collect();
    let submission = args
        .submission
        .as_ref()
        .map(|path| format!(" --submission {}", visible_line(path.as_os_str().as_encoded_bytes())));
    TextStyle {
        color: terminal::colour(args.show.color),
        ascii: args.show.ascii,
        width: terminal::width(),
        audience: Audience::Staff,
        durations: args.show.durations,
        diff: args.show.diff.into(),
        diff_lines: args.show.diff_lines.0,
        rerun: format!("capsule-run suite {}{}", paths.join(" "), submission.unwrap_or_default()),
    }
}

fn header(job: &Job, run: &RunReport, style: &TextStyle) -> String {
    let paths: Vec<_> =
        job.paths.iter().map(|path| visible_line(path.as_os_str().as_encoded_bytes())).collect();
    let plural = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let version = format!("capsule-run {}", env!("CARGO_PKG_VERSION"));
    let cases = match job.left_out {
        0 => plural(job.cases.len(), "case"),
        out => {
            format!("{} of {} ({out} filtered out)", plural(job.cases.len(), "case"), job.cases.len() + out)
        }
    };
    let parts =
        [version, paths.join(" "), cases, plural(job.jobs.get(), "job"), format!("run {}", run.meta.id)];
    let line = parts.join(style.mark(" · ", " - "));
    format!(" {}", style.fit(&line, style.width.saturating_sub(2).max(20)))
}

/// `--accept` and `--pending`. An interrupted run has not seen all who expect the same.
fn update(run: &RunReport, args: &SuiteArgs) {
    let wanted = args.update.accept || args.update.pending;
    if !wanted || run.is_unfinished() {
        return;
    }
    if !args.update.accept && terminal::in_ci() {
        return terminal::say("note: this is a CI job: --pending writes nothing here");
    }
    let changes = review::of_run(&run.cases);
    let passed = run.cases.iter().filter(|report| report.verdict.status == Status::Passed);
    let passed: Vec<_> = passed.map(|report| Arc::clone(&report.case)).collect();
    if args.update.accept {
        let (done, refused) = review::accept(&changes.iter().collect::<Vec<_>>());
        cmd::review::tell(&refused);
        let plural = if done == 1 { "" } else { "s" };
        return terminal::say(&format!("  Accepted {done} change{plural}; run again to see them pass"));
    }
    let (kept, refused) = review::keep(&changes, &passed);
    cmd::review::tell(&refused);
    if kept > 0 {
        let suites: Vec<_> = run.suites.iter().map(|suite| visible_line(suite.file.as_bytes())).collect();
        terminal::say(&format!("  Pending {kept}: capsule-run review {}", suites.join(" ")));
    }
}

/// What people see when it is over: failures in suite order, then the summary.
fn show(run: &RunReport, args: &SuiteArgs, style: &TextStyle) {
    let wanted = |report: &&CaseReport| match args.show.output {
        OutputWhen::Never => false,
        OutputWhen::All => !report.attempts.is_empty(),
        OutputWhen::Fail => matches!(report.verdict.status, Status::Failed | Status::Error),
    };
    if args.show.verbose {
        run.cases.iter().for_each(|report| terminal::say_text(&in_full(report)));
    }
    let mut left = MOST_LINES;
    let blocks: Vec<_> = run.cases.iter().filter(wanted).collect();
    for (at, report) in blocks.iter().enumerate() {
        let block = text::failure(report, style);
        let lines = block.lines().count();
        if lines > left && args.show.diff_lines.0 != usize::MAX {
            let more = blocks.len() - at;
            terminal::say(&format!(
                "  {more} more {} not shown: {} --only ID, or the reports (--json, --junit)\n",
                if more == 1 { "case is" } else { "cases are" },
                style.rerun
            ));
            break;
        }
        left = left.saturating_sub(lines);
        terminal::say_text(&format!("{block}\n"));
    }
    terminal::say_text(&text::summary(run, style));
}

/// `--verbose`: what was decided for a case and what was in force.
fn in_full(report: &CaseReport) -> String {
    let id = visible_line(report.case.id.0.as_bytes());
    format!(" {id}\n{}{}\n", resolve::explain(&report.case).to_text(), account::after(report))
}
