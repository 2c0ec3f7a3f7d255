//! `capsule-run suite`: load, select, run, report.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use crate::cli::args::{OutputWhen, SuiteArgs};
use crate::cli::calibrate::{self, Bench, TimeLimit};
use crate::cli::engine::engine;
use crate::cli::event_log::{EventLog, EventTarget};
use crate::cli::failure::Failure;
use crate::cli::history::History;
use crate::cli::journal::{self, Journal};
use crate::cli::load::{self, Places};
use crate::cli::progress::Progress;
use crate::cli::recorder::{self, Recorder, Unbegun};
use crate::cli::report_file::ReportFile;
use crate::cli::reports::{self, Ci, Reports, Written};
use crate::cli::run_meta;
use crate::cli::select::{Choice, Chosen, Order, Previous, choose};
use crate::cli::signals::{self, Cause, Interrupted, People, Watching};
use crate::cli::solutions::{self, Solutions};
use crate::cli::variables::{self, FlakyArg};
use crate::cli::{
    binds, build_cache, closing, cmd, dry_run, exit, ids, last_words, overrides, packages, terminal,
};
use crate::report::record::{RunFooter, RunHeader};
use crate::report::text::TextStyle;
use crate::report::{RunRecords, RunReport, SuiteInfo};
use crate::resolve::{Operator, ResolvedCase, ResolvedSuite};
use crate::runner::{self, Again, BrokenSuite, BuildCache, Event, Flaky, RunPlan};
use crate::sandbox::cancel::Cancel;
use crate::units::{parse_duration, visible_line};

/// What runs that are under way get to end by themselves after the first signal.
const GRACE: Duration = Duration::from_secs(2);

/// Everything that was loaded and decided.
struct Job {
    operator: Operator,
    paths: Vec<PathBuf>,
    suites: Vec<ResolvedSuite>,
    cases: Vec<Arc<ResolvedCase>>,
    broken: Vec<BrokenSuite>,
    jobs: NonZeroUsize,
    events: Option<EventTarget>,
    builds: Arc<BuildCache>,
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

/// Runs suites.
pub(in crate::cli) fn run(args: SuiteArgs, places: &Places) -> u8 {
    let done = prepare(&args, places).and_then(|mut job| {
        job.chosen.tell(args.show.quiet);
        if args.list {
            return Ok(list(&job));
        }
        if args.dry_run {
            return Ok(dry_run::print(&job.suites, &job.cases));
        }
        if job.cases.is_empty() {
            return report_nothing(&job, &args, places);
        }
        execute(&mut job, &args, places)
    });
    done.unwrap_or_else(|failure| {
        let status = match failure {
            Failure::Diagnostics(_) | Failure::Usage(_) => exit::USAGE,
            Failure::Report(_) => exit::REPORT_LOST,
            Failure::Host(_) => exit::NOT_JUDGED,
        };
        failure.tell(args.show.color, args.message_format, status);
        match &failure {
            Failure::Diagnostics(all) => reports::in_sarif(all, &args.reports, status),
            Failure::Usage(_) | Failure::Report(_) | Failure::Host(_) => status,
        }
    })
}

fn prepare(args: &SuiteArgs, places: &Places) -> Result<Job, Failure> {
    let jobs = jobs(&args.jobs)?;
    let events = args.stream.target()?;
    args.reports.check(events.as_ref())?;
    let run_timeout = args.run_timeout.as_deref().map(run_timeout).transpose()?;
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
    binds::check(suites.iter().flat_map(|suite| &suite.cases).map(Arc::as_ref))?;
    let (cases, broken) = load::all_cases(&mut suites);
    let history = History::new(places.runs.clone().filter(|_| !args.no_history), places.cwd.clone());
    let all = cases.len();
    let builds = build_cache::open(&args.cache, places, &operator)?;
    let Choice { cases, mut chosen } = choose(cases, &suites, &args.select, &history)?;
    let order = ordered(args.order, &cases, &suites, &history, &mut chosen);
    Ok(Job {
        operator,
        paths,
        suites,
        builds,
        left_out: all - cases.len(),
        cases,
        broken,
        jobs,
        events,
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

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, Failure> {
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

fn print(text: &str) -> u8 {
    if terminal::print(text.as_bytes()).is_ok() { exit::OK } else { exit::REPORT_LOST }
}

fn execute(job: &mut Job, args: &SuiteArgs, places: &Places) -> Result<u8, Failure> {
    let cancel = Cancel::new()?;
    let watching =
        Watching { grace: GRACE, run_timeout: job.run_timeout, keys: Progress::is_live(&args.show) };
    let _restored = Restored;
    let interrupted = signals::watch(&cancel, watching)?;
    let found = find_limit(job, args, places, &cancel)?;
    let job = &*job;
    let mut run = unfinished(job, places);
    last_words::run_is(&run.meta.id);
    let known = RunHeader::new(&run.meta, &run.suites);
    let reports = open_reports(job, args, &run, &known)?;
    let log = EventLog::open(job.events.as_ref(), &places.scratch)?;
    let io_is_told = job.operator.config.monitoring.enable_io_statistics;
    let mut recorder = Recorder::start(known, &job.cases, args.reports.audience.into(), io_is_told, log);
    if wants_all_cases(job, args) {
        recorder.keep_all();
    }
    let journal = Journal::open(&job.operator.config.monitoring)?;
    let style = style(job, args);
    if !args.show.quiet {
        terminal::say(&header(job, &run, &style));
    }
    let clock = Instant::now();
    run_cases(job, args, places, (&cancel, &interrupted), (&journal, &run.meta.id, &style, &recorder));
    run.meta.duration = clock.elapsed();
    let recorded;
    (recorded, run.cases) = recorder.end();
    if !io_is_told {
        journal::forget_io(&mut run.cases);
    }
    finish(&mut run, &interrupted, job.cases.first());
    terminal::restore();
    // Somebody may have made the window another size meanwhile.
    let style = TextStyle { width: terminal::width(), ..style };
    let ended = exit::of_run(recorded.tally(), interrupted.cause());
    let (mut status, mut reason) = job.chosen.rest(ended);
    let ci = Ci::new(args.stream.ci);
    let mut limit = None;
    match &job.solutions {
        None => {
            job.history.keep(&run.meta, &run.suites, (&job.cases, recorded.tally()), &job.chosen, status);
            let footer = RunFooter::new(&run.meta, status, reason);
            closing::show(&run, &recorded.view(&footer), &args.show, &style, &ci);
        }
        Some(solutions) => {
            if interrupted.cause().is_none() {
                limit = calibrate::check(bench(job, places, &cancel), solutions, found, &run);
                (status, reason) = solutions.status(&run, limit.as_ref());
            }
            terminal::say_text(&solutions.table(&run, limit.as_ref()));
        }
    }
    cmd::review::update(&run, &args.update);
    let mut written = reports::end(reports, recorded, (&run.meta, status, reason), &ci);
    if let (Some(solutions), Some(path)) = (&job.solutions, &args.verdicts) {
        let text = format!("{:#}\n", solutions.json(&run, limit.as_ref()));
        let write = |out: &mut dyn std::io::Write| out.write_all(text.as_bytes());
        let result = ReportFile::open(path, &write).and_then(|file| file.write(&write));
        written.add(path.display().to_string(), result);
    }
    tell_files(&written, args);
    Ok(written.status)
}

/// A run without a case: the reports that were asked for say so, and nobody reads yesterday's.
fn report_nothing(job: &Job, args: &SuiteArgs, places: &Places) -> Result<u8, Failure> {
    let mut run = unfinished(job, places);
    let known = RunHeader::new(&run.meta, &run.suites);
    let reports = open_reports(job, args, &run, &known)?;
    let log = EventLog::open(job.events.as_ref(), &places.scratch)?;
    let recorder = Recorder::start(known, &job.cases, args.reports.audience.into(), true, log);
    let status = job.chosen.nothing(args.select.no_cases);
    run.meta.complete = true;
    let reason = "no case was selected";
    let written =
        reports::end(reports, recorder.end().0, (&run.meta, status, reason), &Ci::new(args.stream.ci));
    tell_files(&written, args);
    Ok(written.status)
}

fn tell_files(written: &Written, args: &SuiteArgs) {
    if !written.files.is_empty() && !args.show.quiet {
        terminal::say(&format!("  Reports {}", visible_line(written.files.join(" ").as_bytes())));
    }
}

fn bench<'a>(job: &'a Job, places: &'a Places, cancel: &'a Cancel) -> Bench<'a> {
    Bench { operator: &job.operator, jobs: job.jobs, builds: &job.builds, scratch: &places.scratch, cancel }
}

/// The limit of time that reference solutions decide, for every case of the run.
fn find_limit(
    job: &mut Job,
    args: &SuiteArgs,
    places: &Places,
    cancel: &Cancel,
) -> Result<Option<TimeLimit>, Failure> {
    let Some(solutions) = &job.solutions else { return Ok(None) };
    let mut cases = std::mem::take(&mut job.cases);
    let found = calibrate::find(bench(job, places, cancel), solutions, &mut cases);
    job.cases = cases;
    if let (Ok(Some(limit)), false) = (&found, args.show.quiet) {
        terminal::say_text(&limit.text());
    }
    found
}

/// Whether more is wanted at the end than totals and failures: then every case stays in memory.
fn wants_all_cases(job: &Job, args: &SuiteArgs) -> bool {
    let (show, update) = (&args.show, &args.update);
    let all_shown = show.verbose || show.output == OutputWhen::All || show.diff_lines.0 == usize::MAX;
    all_shown || update.accept || update.pending || job.solutions.is_some()
}

fn open_reports(
    job: &Job,
    args: &SuiteArgs,
    run: &RunReport,
    header: &RunHeader,
) -> Result<Reports, Failure> {
    let footer = RunFooter::new(&run.meta, RunFooter::NO_END, "the run did not end");
    let (tally, cases) = (recorder::unfinished(&job.cases, header), Unbegun { header, cases: &job.cases });
    let records = RunRecords::new(header, &footer, &tally, &cases, args.reports.audience.into());
    Ok(Reports::open(&args.reports, &records)?)
}

fn run_cases(
    job: &Job,
    args: &SuiteArgs,
    places: &Places,
    (cancel, interrupted): (&Cancel, &Interrupted),
    (journal, id, style, recorder): (&Journal, &str, &TextStyle, &Recorder),
) {
    let plan = RunPlan {
        cases: job.cases.clone(),
        jobs: job.jobs,
        max_fail: if args.exit_first { Some(NonZeroUsize::MIN) } else { args.max_fail },
        broken: job.broken.clone(),
        scratch: places.scratch.clone(),
        builds: Arc::clone(&job.builds),
        order: job.order.clone(),
        again: again(args),
        digest: job.events.is_some() || args.reports.json.is_some() || args.reports.html.is_some(),
    };
    let engine = engine(&job.operator, args.fresh.unwrap_or_default());
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
        recorder.event(event, interrupted.cause().map(Cause::name).as_deref());
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
        runner::run_each(&plan, &engine, cancel, &observe, &|at, report| recorder.take(at, report));
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
        cases: Vec::new(),
    }
}

fn finish(run: &mut RunReport, interrupted: &Interrupted, first: Option<&Arc<ResolvedCase>>) {
    run.meta.interrupted_by = interrupted.cause().map(Cause::name);
    run.meta.complete = run.meta.interrupted_by.is_none();
    if let (Some(cause), Some(first)) = (&run.meta.interrupted_by, first) {
        let stands_for = runner::interruption(first, run.suites.len(), cause);
        let file = first.file.to_string();
        run.suites.push(SuiteInfo { name: "@run".to_owned(), file, sha256: String::new() });
        run.cases.push(stands_for);
    }
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
        audience: args.reports.audience.into(),
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
