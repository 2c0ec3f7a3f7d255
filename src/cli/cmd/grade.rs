//! `capsule-run grade`: a whole class in one run.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Instant, SystemTime};

use crate::archive::{Bounds, Tree};
use crate::cli::class::{
    self, Candidate, ClassFiles, Collector, Journal, OutFolder, Snapshots, Unit, Unreadable, Written,
};
use crate::cli::engine::engine;
use crate::cli::failure::Failure;
use crate::cli::grade_args::GradeArgs;
use crate::cli::load::{self, Places};
use crate::cli::report_file::ReportError;
use crate::cli::signals::{self, Interrupted, Watching};
use crate::cli::{binds, build_cache, exit, journal as executions, overrides, run_meta, terminal, variables};
use crate::judge::{Code, Status, not_run};
use crate::report::{CaseReport, Gradebook, Row, RowStatus, RunMeta, RunReport, SuiteInfo};
use crate::resolve::{self, Operator, ResolvedCase, ResolvedSuite, Sources, Surroundings};
use crate::runner::{self, BuildCache, BuildCount, Event, RunPlan};
use crate::sandbox::Fresh;
use crate::sandbox::cancel::Cancel;
use crate::units::{Bytes, visible_line};

/// What runs that are under way get to end by themselves after the first signal.
const GRACE: std::time::Duration = std::time::Duration::from_secs(2);

/// Grades a class.
pub(in crate::cli) fn run(args: &GradeArgs, places: &Places) -> u8 {
    prepare(args, places).and_then(|class| class.grade(args, places)).unwrap_or_else(|failure| {
        let status = match failure {
            Failure::Diagnostics(_) | Failure::Usage(_) => exit::USAGE,
            Failure::Report(_) => exit::REPORT_LOST,
            Failure::Host(_) => exit::NOT_JUDGED,
        };
        failure.tell(args.color, args.message_format, status);
        status
    })
}

/// A class, ready to be run.
struct Class {
    operator: Operator,
    suite: SuiteInfo,
    groups: Vec<String>,
    max_score: f64,
    jobs: std::num::NonZeroUsize,
    builds: Arc<BuildCache>,
    out: OutFolder,
    journal: Journal,
    /// One a submission; of those that are to be run, what is known before.
    rows: Vec<Row>,
    units: Vec<Unit>,
    /// Rows taken over from a run before.
    resumed: usize,
    /// The suite for submissions with files of these names, where the language decides.
    by_names: HashMap<Vec<PathBuf>, Arc<ResolvedSuite>>,
    /// Reports of submissions that cannot be run, with their places in the class.
    unusable: Vec<(usize, Vec<CaseReport>)>,
    /// Held to the end: the programs see these folders.
    snapshots: Snapshots,
}

fn prepare(args: &GradeArgs, places: &Places) -> Result<Class, Failure> {
    let jobs = super::suite::jobs(&args.jobs)?;
    let bytes: Bytes =
        args.max_submission.parse().map_err(|error| Failure::Usage(format!("--max-submission: {error}")))?;
    let bounds = Bounds { bytes, ..Bounds::default() };
    let options = overrides::of_suite(&args.operator, &args.set)?;
    let mut operator = load::operator(places, args.operator.config.as_deref(), options)?;
    variables::give(&args.language, &mut operator)?;
    let path = match &load::find_suites(places, std::slice::from_ref(&args.suite))?[..] {
        [path] => path.clone(),
        found => return Err(Failure::Usage(format!("a class has one suite, and there are {}", found.len()))),
    };
    let candidates = class::find(&args.submissions, &places.cwd).map_err(Failure::Usage)?;
    let mut snapshots = Snapshots::new(&places.scratch)?;
    let loader = Loader::new(&path, &operator, &candidates, &mut snapshots)?;
    let template = loader.load(&loader.nothing)?;
    variables::check_known(&operator, std::slice::from_ref(&template))?;
    let builds = build_cache::open(&args.cache, places, &operator)?;
    let (out, journal) = OutFolder::open(&places.cwd.join(&args.out))?;
    let groups = class::groups_of(&template.cases);
    let mut class = Class {
        suite: SuiteInfo {
            name: template.name.clone(),
            file: template.file.clone(),
            sha256: template.sha256.clone(),
        },
        max_score: most_points(&template, places),
        groups,
        jobs,
        builds,
        out,
        journal,
        rows: Vec::new(),
        units: Vec::new(),
        resumed: 0,
        by_names: HashMap::new(),
        unusable: Vec::new(),
        operator: operator.clone(),
        snapshots,
    };
    for candidate in &candidates {
        class.add(candidate, bounds, &template, &loader)?;
    }
    Ok(class)
}

/// Points that could be reached, counted as the report counts them.
fn most_points(template: &ResolvedSuite, places: &Places) -> f64 {
    let cases = template.cases.iter().map(|case| CaseReport {
        case: Arc::clone(case),
        attempts: Vec::new(),
        verdict: not_run(None, "", None),
    });
    let meta = run_meta::of_this_process(&places.cwd, SystemTime::now(), 1);
    RunReport { meta, suites: Vec::new(), cases: cases.collect() }.points_of(|_| true).1
}

/// Resolves the suite for a submission.
struct Loader<'a> {
    suite: &'a Path,
    operator: &'a Operator,
    files: ClassFiles,
    /// An empty submission: what the suite asks for can be known before any has been read.
    nothing: PathBuf,
}

impl<'a> Loader<'a> {
    fn new(
        suite: &'a Path,
        operator: &'a Operator,
        candidates: &[Candidate],
        snapshots: &mut Snapshots,
    ) -> Result<Self, Failure> {
        let nothing = Tree::new(Bounds::default());
        let nothing = snapshots.add(&nothing.sha256(), &nothing)?;
        Ok(Self { suite, operator, files: ClassFiles::new(candidates), nothing })
    }

    fn load(&self, submission: &Path) -> Result<ResolvedSuite, Failure> {
        let suite =
            load::one_suite_through(self.suite, 0, self.operator, Some(submission), None, &self.files)?;
        binds::check(suite.cases.iter().map(Arc::as_ref))?;
        Ok(suite)
    }
}

impl Class {
    /// Reads one submission and decides whether it is to be run.
    fn add(
        &mut self,
        candidate: &Candidate,
        bounds: Bounds,
        template: &ResolvedSuite,
        loader: &Loader<'_>,
    ) -> Result<(), Failure> {
        let at = self.rows.len();
        let row = class::empty_row(candidate, self.groups.len());
        let required = &template.missing_required;
        let tree = match class::read(candidate, bounds, required) {
            Ok(tree) => tree,
            Err(Unreadable::Submission(reason)) => {
                self.refuse(at, row, reason, template);
                return Ok(());
            }
            Err(Unreadable::Host(reason)) => {
                let row =
                    Row { status: RowStatus::NotJudged, errors: 1, reason, report: String::new(), ..row };
                self.rows.push(row);
                return Ok(());
            }
        };
        let sha256 = tree.sha256();
        let left: Vec<_> = tree.left_out().collect();
        let reason = if left.is_empty() { String::new() } else { format!("left out: {}", left.join(", ")) };
        let row = Row { sha256: sha256.clone(), reason, ..row };
        let missing: Vec<_> = required.iter().filter(|path| tree.get(path).is_none()).collect();
        if !missing.is_empty() {
            let names: Vec<_> =
                missing.iter().map(|path| visible_line(path.as_os_str().as_encoded_bytes())).collect();
            self.refuse(at, row, format!("lacks the required `{}`", names.join("`, `")), template);
            return Ok(());
        }
        let folder = self.snapshots.add(&sha256, &tree)?;
        let mut cases = if template.by_language {
            match self.of_language(&tree, &folder, loader)? {
                Ok(suite) => looking_at(&folder, &suite.cases),
                Err(reason) => {
                    self.refuse(at, row, reason, template);
                    return Ok(());
                }
            }
        } else {
            looking_at(&folder, &template.cases)
        };
        let key = class::unit_key(&cases, &sha256);
        match self.journal.get(&key) {
            Some(known) if self.out.has_reports(&row) => {
                let row = Row {
                    submission: row.submission,
                    student_id: row.student_id,
                    student_name: row.student_name,
                    late: row.late,
                    report: row.report,
                    ..known.clone()
                };
                self.resumed += 1;
                self.rows.push(row);
            }
            _ => {
                let suite = self.units.len();
                cases.iter_mut().for_each(|case| Arc::make_mut(case).suite = suite);
                self.units.push(Unit { at, key, row: row.clone(), cases });
                self.rows.push(row);
            }
        }
        Ok(())
    }

    /// The suite for a submission whose files say how it is built and run; why they do not.
    /// Submissions with files of the same names share one.
    fn of_language(
        &mut self,
        tree: &Tree,
        folder: &Path,
        loader: &Loader<'_>,
    ) -> Result<Result<Arc<ResolvedSuite>, String>, Failure> {
        let names: Vec<PathBuf> = tree.files().map(|(path, _)| path.to_owned()).collect();
        let suite = match self.by_names.get(&names) {
            Some(known) => Arc::clone(known),
            None => {
                let suite = Arc::new(loader.load(folder)?);
                self.by_names.insert(names, Arc::clone(&suite));
                suite
            }
        };
        Ok(match &suite.unusable {
            Some(reason) => Err(reason.clone()),
            None => Ok(suite),
        })
    }

    /// A submission that cannot be graded still has its row and its reports.
    fn refuse(&mut self, at: usize, row: Row, reason: String, template: &ResolvedSuite) {
        let reason = if row.reason.is_empty() { reason } else { format!("{reason}; {}", row.reason) };
        let count = template.cases.iter().filter(|case| case.kind == resolve::CaseKind::Case).count();
        let message = format!("the submission cannot be graded: {reason}");
        let mut reports = Vec::new();
        if let Some(case) = runner::submission_case(template) {
            let failed = crate::judge::Verdict {
                status: Status::Failed,
                code: Some(Code::BuildFailed),
                ..not_run(None, message, None)
            };
            reports.push(CaseReport { case: Arc::new(case), attempts: Vec::new(), verdict: failed });
        }
        for case in &template.cases {
            let verdict = not_run(
                Some(Code::PrerequisiteFailed),
                "needs submission, which failed".to_owned(),
                Some("submission"),
            );
            reports.push(CaseReport { case: Arc::clone(case), attempts: Vec::new(), verdict });
        }
        self.unusable.push((at, reports));
        self.rows.push(class::unusable_row(row, reason, count));
    }

    fn grade(mut self, args: &GradeArgs, places: &Places) -> Result<u8, Failure> {
        let cancel = Cancel::new()?;
        let watching = Watching { grace: GRACE, ..Watching::default() };
        let interrupted = signals::watch(&cancel, watching)?;
        let meta = RunMeta {
            complete: true,
            ..run_meta::of_this_process(&places.cwd, SystemTime::now(), self.jobs.get())
        };
        let show = Show { quiet: args.quiet, total: self.rows.len() };
        show.header(&self);
        // Before anything runs: the place is proved writable, and a crash leaves no older grades.
        self.out.write_gradebook(&self.book())?;
        for (at, reports) in std::mem::take(&mut self.unusable) {
            let run = self.report(&meta, reports);
            self.out.write_reports(&self.rows[at], &run)?;
        }
        let clock = Instant::now();
        let lost = self.run(&meta, &show, places, &cancel)?;
        let book = self.book();
        self.out.write_gradebook(&book)?;
        show.summary(&book, self.resumed, self.builds.count(), clock.elapsed());
        Ok(self.status(lost, &interrupted))
    }

    fn run(
        &mut self,
        meta: &RunMeta,
        show: &Show,
        places: &Places,
        cancel: &Cancel,
    ) -> Result<Option<ReportError>, Failure> {
        let plan = RunPlan {
            cases: self.units.iter().flat_map(|unit| unit.cases.iter().cloned()).collect(),
            jobs: self.jobs,
            max_fail: None,
            broken: Vec::new(),
            order: Vec::new(),
            scratch: places.scratch.clone(),
            again: runner::Again::default(),
            digest: true,
            builds: Arc::clone(&self.builds),
        };
        if plan.cases.is_empty() {
            return Ok(None);
        }
        let engine = engine(&self.operator, Fresh::default());
        let log = executions::Journal::open(&self.operator.config.monitoring)?;
        let (finished, arrived) = channel();
        let collector = Collector::new(&self.units, finished);
        let observe = |event: Event<'_>| {
            if let Event::CaseFinished { report, .. } = event {
                log.log(&meta.id, report);
                collector.add(report);
            }
        };
        Ok(std::thread::scope(|scope| {
            let writer = scope.spawn(|| self.write(arrived, meta, show));
            // Also when the run panics, or the writer would be waited for in vain.
            let end = CloseAtEnd(&collector);
            drop(runner::run(&plan, &engine, cancel, &observe));
            drop(end);
            writer.join().unwrap_or(None)
        }))
    }

    /// Writes down every submission as it is finished, beside the run.
    fn write(
        &mut self,
        arrived: Receiver<(usize, Vec<CaseReport>)>,
        meta: &RunMeta,
        show: &Show,
    ) -> Option<ReportError> {
        let mut lost = None;
        let mut done = self.rows.len() - self.units.len();
        for (at, reports) in arrived {
            let unit = &self.units[at];
            let mut run = self.report(meta, reports);
            if !self.operator.config.monitoring.enable_io_statistics {
                executions::forget_io(&mut run.cases);
            }
            let row = class::row(&unit.row, &run, &self.groups);
            let written: Written = self.out.write_reports(&row, &run);
            let kept = matches!(row.status, RowStatus::Graded | RowStatus::BuildFailed);
            if written.is_ok()
                && kept
                && let Err(error) = self.journal.add(&unit.key, &row)
            {
                log::warn!("the journal cannot be written, so that a killed run starts anew: {error}");
            }
            lost = lost.or(written.err());
            done += 1;
            show.row(&row, done, self.max_score);
            let place = unit.at;
            self.rows[place] = row;
        }
        lost
    }

    /// The reports of one submission as a run of their own.
    fn report(&self, meta: &RunMeta, reports: Vec<CaseReport>) -> RunReport {
        let own = |report: CaseReport| {
            let case = if report.case.suite == 0 {
                report.case
            } else {
                Arc::new(ResolvedCase { suite: 0, ..(*report.case).clone() })
            };
            CaseReport { case, ..report }
        };
        let cases = reports.into_iter().map(own).collect();
        RunReport { meta: meta.clone(), suites: vec![self.suite.clone()], cases }
    }

    fn book(&self) -> Gradebook {
        Gradebook {
            suite: self.suite.name.clone(),
            suite_sha256: self.suite.sha256.clone(),
            max_score: self.max_score,
            groups: self.groups.clone(),
            rows: self.rows.clone(),
        }
    }

    fn status(&self, lost: Option<ReportError>, interrupted: &Interrupted) -> u8 {
        if let Some(error) = lost {
            terminal::say(&format!("error: {error}"));
            return exit::REPORT_LOST;
        }
        if let Some(signal) = interrupted.signal() {
            return exit::of_signal(signal);
        }
        let any = |status| self.rows.iter().any(|row| row.status == status);
        if any(RowStatus::NotJudged) || any(RowStatus::NotFinished) { exit::NOT_JUDGED } else { exit::OK }
    }
}

/// These cases with the files of `folder` as their workspace. What they have in common they still
/// have in common.
fn looking_at(folder: &Path, cases: &[Arc<ResolvedCase>]) -> Vec<Arc<ResolvedCase>> {
    let mut known: HashMap<*const Surroundings, Arc<Surroundings>> = HashMap::new();
    let mut cases = cases.to_vec();
    // Checkers and what builds them never see what was handed in.
    for case in cases.iter_mut().filter(|case| case.sources != Sources::Empty) {
        let surroundings = known.entry(Arc::as_ptr(&case.surroundings)).or_insert_with(|| {
            let sources = Sources::Folders(vec![folder.to_owned()]);
            Arc::new(Surroundings { sources, ..(*case.surroundings).clone() })
        });
        Arc::make_mut(case).surroundings = Arc::clone(surroundings);
    }
    cases
}

struct CloseAtEnd<'a>(&'a Collector);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What people see.
struct Show {
    quiet: bool,
    total: usize,
}

impl Show {
    fn header(&self, class: &Class) {
        if self.quiet {
            return;
        }
        let distinct: BTreeSet<&str> =
            class.rows.iter().map(|row| row.sha256.as_str()).filter(|hash| !hash.is_empty()).collect();
        terminal::say(&format!(
            " capsule-run {} - {} - {} submissions ({} distinct), {} to run, {} at a time",
            env!("CARGO_PKG_VERSION"),
            visible_line(class.suite.file.as_bytes()),
            class.rows.len(),
            distinct.len(),
            class.units.len(),
            class.jobs,
        ));
    }

    fn row(&self, row: &Row, done: usize, max_score: f64) {
        if self.quiet {
            return;
        }
        let digits = self.total.to_string().len();
        let score = row.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.4}"));
        let score = score.trim_end_matches('0').trim_end_matches('.');
        let codes: Vec<_> = row.codes.iter().map(|(code, count)| format!("{count} x {code}")).collect();
        terminal::say(
            format!(
                " ({done:>digits$}/{}) {:>12} {:<12} {}  {}",
                self.total,
                format!("{score}/{max_score}"),
                row.status.word(),
                visible_line(row.submission.as_bytes()),
                codes.join(", "),
            )
            .trim_end(),
        );
    }

    fn summary(&self, book: &Gradebook, resumed: usize, builds: BuildCount, took: std::time::Duration) {
        let count = |status| book.rows.iter().filter(|row| row.status == status).count();
        let mut words = vec![format!("{} graded", count(RowStatus::Graded))];
        for status in
            [RowStatus::BuildFailed, RowStatus::Unusable, RowStatus::NotJudged, RowStatus::NotFinished]
        {
            if count(status) > 0 {
                words.push(format!("{} {}", count(status), status.word().replace('_', " ")));
            }
        }
        if resumed > 0 {
            words.push(format!("{resumed} taken over from the run before"));
        }
        terminal::say(&format!(
            "  Class [{:8.3}s] {} submissions: {}",
            took.as_secs_f64(),
            book.rows.len(),
            words.join(", ")
        ));
        terminal::say(&format!(" Builds {} made, {} taken from the cache", builds.made, builds.reused));
    }
}
