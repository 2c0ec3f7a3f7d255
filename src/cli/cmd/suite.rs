//! `capsule-run suite`: load, select, run, report.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::cli::args::{OutputWhen, SuiteArgs};
use crate::cli::engine::engine;
use crate::cli::failure::Failure;
use crate::cli::journal::{self, Journal};
use crate::cli::load::{self, Places};
use crate::cli::progress::Progress;
use crate::cli::report_file::{ReportError, ReportFile};
use crate::cli::run_meta;
use crate::cli::select::select;
use crate::cli::signals::{self, Interrupted};
use crate::cli::{account, build_cache, exit, overrides, terminal};
use crate::judge::Status;
use crate::report::json as json_report;
use crate::report::text::{self, Audience, TextStyle};
use crate::report::{CaseReport, RecordedRun, RunReport, SuiteInfo, junit};
use crate::resolve::{self, Operator, ResolvedCase, ResolvedSuite};
use crate::runner::{self, BrokenSuite, BuildCache, Event, RunPlan};
use crate::sandbox::cancel::Cancel;
use crate::units::visible_line;

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
    builds: Arc<BuildCache>,
}

/// The reports that were asked for.
struct Reports {
    json: Option<ReportFile>,
    junit: Option<ReportFile>,
}

/// Runs suites.
pub(in crate::cli) fn run(args: SuiteArgs, places: &Places) -> u8 {
    let done = prepare(&args, places).and_then(|job| {
        if args.list {
            return Ok(list(&job));
        }
        if args.dry_run {
            return Ok(print(&format!("{:#}\n", plan(&job))));
        }
        if job.cases.is_empty() {
            terminal::say("error: no case selected");
            return Ok(exit::NOTHING_SELECTED);
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
    let reports = &args.reports;
    if reports.json.is_some() && reports.json == reports.junit {
        return Err(Failure::Usage("--json and --junit name the same file".to_owned()));
    }
    let options = overrides::of_suite(&args.operator, &args.set)?;
    let operator = load::operator(places, args.operator.config.as_deref(), options)?;
    let paths = load::find_suites(places, &args.suites)?;
    let mut suites = load::suites(&paths, &operator, args.submission.as_deref())?;
    let broken: Vec<_> =
        suites.iter().enumerate().filter_map(|(at, suite)| BrokenSuite::of(at, suite)).collect();
    let mut cases = Vec::new();
    for (at, suite) in suites.iter_mut().enumerate() {
        cases.extend(
            broken.iter().find(|broken| broken.suite == at).and_then(|_| runner::submission_case(suite)),
        );
        cases.append(&mut suite.cases);
    }
    let cases = select(cases, &args.select).map_err(Failure::Usage)?;
    let builds = build_cache::open(&args.cache, places)?;
    Ok(Job {
        operator,
        paths,
        suites,
        cases: cases.into_iter().map(Arc::new).collect(),
        broken,
        jobs,
        builds,
    })
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
    let interrupted = signals::watch(&cancel, GRACE)?;
    let mut run = unfinished(job, places);
    let reports = Reports::open(args, &run)?;
    let journal = Journal::open(&job.operator.config.monitoring)?;
    let style = style(job, args);
    if !args.show.quiet {
        terminal::say(&header(job, &run));
    }
    let clock = Instant::now();
    run.cases = run_cases(job, args, places, &cancel, (&journal, &run.meta.id, &style));
    if !job.operator.config.monitoring.enable_io_statistics {
        journal::forget_io(&mut run.cases);
    }
    run.meta.duration = clock.elapsed();
    finish(&mut run, &interrupted);
    let (status, reason) = exit::of_run(&run, interrupted.signal());
    show(&run, args, &style);
    let (status, written) = reports.write(args, &run, status, reason);
    if !written.is_empty() && !args.show.quiet {
        terminal::say(&format!("  Reports {}", visible_line(written.join(" ").as_bytes())));
    }
    Ok(status)
}

fn run_cases(
    job: &Job,
    args: &SuiteArgs,
    places: &Places,
    cancel: &Cancel,
    (journal, id, style): (&Journal, &str, &TextStyle),
) -> Vec<CaseReport> {
    let plan = RunPlan {
        cases: job.cases.clone(),
        jobs: job.jobs,
        max_fail: if args.exit_first { Some(NonZeroUsize::MIN) } else { args.max_fail },
        broken: job.broken.clone(),
        scratch: places.scratch.clone(),
        builds: Arc::clone(&job.builds),
    };
    let engine = engine(&job.operator);
    let progress = Progress::new(&args.show, style.clone());
    let observe = |event: Event<'_>| {
        if let Event::CaseFinished { report, .. } = event {
            journal.log(id, report);
        }
        progress.event(event);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| progress.watch());
        // Also when the run panics, or the watching thread would be waited for in vain.
        let _stop = StopAtEnd(&progress);
        runner::run(&plan, &engine, cancel, &observe)
    })
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
    run.meta.interrupted_by = interrupted.name();
    run.meta.complete = run.meta.interrupted_by.is_none();
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
        rerun: format!("capsule-run suite {}{}", paths.join(" "), submission.unwrap_or_default()),
    }
}

fn header(job: &Job, run: &RunReport) -> String {
    let paths: Vec<_> =
        job.paths.iter().map(|path| visible_line(path.as_os_str().as_encoded_bytes())).collect();
    let plural = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    format!(
        " capsule-run {} - {} - {}, {} at a time - run {}",
        env!("CARGO_PKG_VERSION"),
        paths.join(" "),
        plural(job.cases.len(), "case"),
        job.jobs,
        run.meta.id
    )
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
    for report in run.cases.iter().filter(wanted) {
        let block = text::failure(report, style);
        let lines = block.lines().count();
        if lines > left {
            terminal::say("  more failures are not shown; the reports (--json, --junit) have them all\n");
            break;
        }
        left -= lines;
        terminal::say_text(&format!("{block}\n"));
    }
    terminal::say_text(&text::summary(run, style));
}

/// `--verbose`: what was decided for a case and what was in force.
fn in_full(report: &CaseReport) -> String {
    let id = visible_line(report.case.id.0.as_bytes());
    format!(" {id}\n{}{}\n", resolve::explain(&report.case).to_text(), account::after(report))
}
