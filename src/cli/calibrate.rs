//! The limit of time of a package and its reference solutions: found by them where the package
//! states none, and held against them in every case.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::engine::engine;
use super::failure::{Failure, plain};
use super::solutions::{Solutions, short};
use crate::judge::Code;
use crate::limits::{Origin, Resolved};
use crate::package::{Bound, Reference, Side, Timing};
use crate::report::{CaseReport, RunReport};
use crate::resolve::{CaseKind, CaseSettings, Operator, ResolvedCase};
use crate::runner::{self, Again, BuildCache, RunPlan};
use crate::sandbox::Fresh;
use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::outcome::{KillReason, Outcome};
use crate::units::{format_duration, visible_line};

/// What a solution that must be in time may take while the limit is not known.
const WHILE_MEASURING: Duration = Duration::from_secs(60);

/// What solutions are run with to measure them.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) operator: &'a Operator,
    pub(super) jobs: NonZeroUsize,
    pub(super) builds: &'a Arc<BuildCache>,
    pub(super) scratch: &'a Path,
    pub(super) cancel: &'a Cancel,
}

/// The longest that a solution took on a case.
#[derive(Debug, Clone)]
struct Longest {
    time: Duration,
    solution: String,
    case: String,
}

/// A limit of time, and what is known about it.
pub(super) struct TimeLimit {
    timing: Timing,
    limit: Duration,
    /// Whether the solutions decided.
    measured: bool,
    longest: Option<Longest>,
    /// The margins that are not kept, in words.
    broken: Vec<String>,
}

/// Where the package states no limit of time and the operator none: runs the solutions that must
/// be in time, and gives every case the limit that follows.
pub(super) fn find(
    bench: Bench<'_>,
    solutions: &Solutions,
    cases: &mut [Arc<ResolvedCase>],
) -> Result<Option<TimeLimit>, Failure> {
    let timing = match solutions.timing {
        Some(timing) if timing.stated.is_none() => timing,
        Some(_) | None => return Ok(None),
    };
    if bench.operator.overrides.settings.limits.cpu.is_some() {
        return Ok(None);
    }
    let wanted = |case: &&Arc<ResolvedCase>| solutions.bounded(case.suite, Side::InTime).next().is_some();
    let mut measuring: Vec<_> = cases.iter().filter(wanted).cloned().collect();
    let most = lowest_ceiling(bench.operator, WHILE_MEASURING);
    limit_all(bench.operator, &mut measuring, (most, Wall::Patient), "while the limit is measured");
    let reports = bench.run(measuring, bench.jobs);
    if bench.cancel.level() != CancelLevel::Running {
        return Ok(None);
    }
    let longest = longest(solutions, &reports).ok_or_else(|| wrong(
        "the package states no limit of time, and none of these solutions shows what it should be".to_owned(),
        "take those of submissions/accepted/ with --submissions, or say it: limits.time_limit in problem.yaml, --set cpu_time=2s",
    ))?;
    if longest.time >= most {
        let message =
            format!("{} is not done in {} on {}", longest.solution, told(longest.time), longest.case);
        return Err(wrong(
            message,
            "it must be in time: mend it, or say the limit: limits.time_limit in problem.yaml, --set cpu_time=2s",
        ));
    }
    let seconds = timing.limit_for(longest.time.as_secs_f64());
    let factor = bench.operator.overrides.time_factor.as_ref().map_or(1000, |factor| factor.value);
    let limit = Duration::from_secs_f64(seconds).saturating_mul(factor) / 1000;
    if lowest_ceiling(bench.operator, limit) < limit {
        let message =
            format!("the limit of time that follows, {}, is above what is allowed here", told(limit));
        return Err(wrong(message, "raise `max_cpu_time_ms` of the policy"));
    }
    limit_all(bench.operator, cases, (limit, Wall::Usual), "measured by the reference solutions");
    Ok(Some(TimeLimit { timing, limit, measured: true, longest: Some(longest), broken: Vec::new() }))
}

fn wrong(message: String, help: &str) -> Failure {
    Failure::Diagnostics(vec![plain(Code::OutOfRange, message, help)])
}

/// Holds the limit of time against what the solutions of a run needed. `found` is what [`find`]
/// has found. Nothing where there is no package that says what margins there should be.
pub(super) fn check(
    bench: Bench<'_>,
    solutions: &Solutions,
    found: Option<TimeLimit>,
    run: &RunReport,
) -> Option<TimeLimit> {
    let mut known = match found {
        Some(found) => found,
        None => TimeLimit {
            timing: solutions.timing?,
            limit: run.cases.iter().find(|report| report.case.kind == CaseKind::Case).and_then(limit_of)?,
            measured: false,
            // Said anew only where nobody has decided by it: two measurements are never the same.
            longest: longest(solutions, &run.cases),
            broken: Vec::new(),
        },
    };
    let least = known.longest.as_ref().map(|longest| longest.time.mul_f64(known.timing.ac_to_limit));
    if let (Some(least), Some(longest)) = (least, &known.longest)
        && !known.measured
        && least > known.limit
    {
        known.broken.push(format!(
            "{} needs {} on {}: with × {} the limit is at least {}",
            longest.solution,
            told(longest.time),
            longest.case,
            known.timing.ac_to_limit,
            told(least),
        ));
    }
    for (suite, reference) in solutions.all.iter().enumerate() {
        for bound in reference.expected.bounds().iter().filter(|bound| bound.side == Side::TooSlow) {
            known.broken.extend(bench.too_fast(&known, (suite, reference), bound, run));
        }
    }
    Some(known)
}

impl Bench<'_> {
    fn run(&self, cases: Vec<Arc<ResolvedCase>>, jobs: NonZeroUsize) -> Vec<CaseReport> {
        let plan = RunPlan {
            cases,
            jobs,
            max_fail: None,
            broken: Vec::new(),
            order: Vec::new(),
            scratch: self.scratch.to_owned(),
            builds: Arc::clone(self.builds),
            again: Again::default(),
            // A build that fails here is not made again in the run.
            digest: true,
        };
        runner::run(&plan, &engine(self.operator, Fresh::default()), self.cancel, &|_| {})
    }

    /// Why a solution that must be too slow is not slow enough: none of its cases goes on for the
    /// limit and the margin. Those that hit the limit are run again, until one shows that it does.
    fn too_fast(
        &self,
        known: &TimeLimit,
        (suite, reference): (usize, &Reference),
        bound: &Bound,
        run: &RunReport,
    ) -> Option<String> {
        let of_suite = || run.cases.iter().filter(move |report| report.case.suite == suite);
        let was_late = |report: &&CaseReport| report.verdict.code == Some(Code::Timeout);
        let counts =
            |report: &&CaseReport| report.case.kind == CaseKind::Case && bound.covers(&report.case.id.0);
        let needed = lowest_ceiling(self.operator, known.limit.mul_f64(known.timing.limit_to_tle));
        let builds: Vec<_> = of_suite()
            .filter(|report| report.case.kind == CaseKind::Build)
            .map(|report| Arc::clone(&report.case))
            .collect();
        let mut longest: Option<Longest> = None;
        for report in of_suite().filter(counts).filter(was_late) {
            if needed <= known.limit || self.cancel.level() != CancelLevel::Running {
                return None;
            }
            // Nothing else is run, so it needs nobody.
            let mut case = vec![Arc::new(ResolvedCase { needs: Arc::default(), ..(*report.case).clone() })];
            limit_all(self.operator, &mut case, (needed, Wall::Patient), "the limit and its margin");
            let reports = self.run(builds.iter().cloned().chain(case).collect(), NonZeroUsize::MIN);
            let last = reports.last()?;
            if was_late(&last) || self.cancel.level() != CancelLevel::Running {
                return None;
            }
            let this = time_of(last, &reference.path);
            longest = longest.into_iter().chain(this).max_by_key(|longest| longest.time);
        }
        // One that is in time everywhere did not do what is expected: that is said already.
        let longest = longest?;
        Some(format!(
            "{} is done in {} on {}: with × {} it needs more than {}",
            longest.solution,
            told(longest.time),
            longest.case,
            known.timing.limit_to_tle,
            told(needed),
        ))
    }
}

/// The longest that solutions took which must be in time, on cases that count.
fn longest(solutions: &Solutions, reports: &[CaseReport]) -> Option<Longest> {
    let counts = |report: &&CaseReport| {
        let suite = report.case.suite;
        report.case.kind == CaseKind::Case
            && solutions.bounded(suite, Side::InTime).any(|bound| bound.covers(&report.case.id.0))
    };
    let times = reports.iter().filter(counts).filter_map(|report| {
        let path = &solutions.all.get(report.case.suite)?.path;
        time_of(report, path)
    });
    times.max_by_key(|longest| longest.time)
}

fn time_of(report: &CaseReport, path: &str) -> Option<Longest> {
    let Outcome::Ran(ran) = &report.attempts.last()?.outcome else { return None };
    let limit = limit_of(report).unwrap_or_default();
    // Who was stopped would have needed at least that.
    let time = match ran.killed_by {
        Some(KillReason::Cpu | KillReason::Wall) => limit.max(ran.usage.cpu),
        _ => ran.usage.cpu,
    };
    let solution = visible_line(short(path).as_bytes());
    Some(Longest { time, solution, case: visible_line(report.case.id.0.as_bytes()) })
}

fn limit_of(report: &CaseReport) -> Option<Duration> {
    report.case.settings.limits.cpu.value
}

/// How long a program may take by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wall {
    /// As everywhere: three times its CPU time and a second.
    Usual,
    /// Long: what it needs is to be seen, however busy the machine is.
    Patient,
}

impl Wall {
    fn of(self, cpu: Duration, operator: &Operator) -> Duration {
        let wanted = match self {
            Self::Usual => cpu.saturating_mul(3).saturating_add(Duration::from_secs(1)),
            Self::Patient => cpu.saturating_mul(10).saturating_add(Duration::from_secs(10)),
        };
        let ceilings = operator.policies().map(|policy| Some(policy.ceilings.wall.as_ref()?.value));
        ceilings.into_iter().flatten().fold(wanted, Duration::min)
    }
}

/// Gives cases another limit of CPU time, and of the clock on the wall where nobody has named one.
fn limit_all(
    operator: &Operator,
    cases: &mut [Arc<ResolvedCase>],
    (limit, wall): (Duration, Wall),
    why: &str,
) {
    // Most cases share their settings, and go on doing so.
    let mut known: HashMap<*const CaseSettings, Arc<CaseSettings>> = HashMap::new();
    for case in cases.iter_mut().filter(|case| case.kind == CaseKind::Case) {
        let settings = known.entry(Arc::as_ptr(&case.settings)).or_insert_with(|| {
            let mut settings = (*case.settings).clone();
            let origin = Origin::Derived(why.to_owned().into());
            if !matches!(settings.limits.wall.origin, Origin::Option(_)) {
                settings.limits.wall = Resolved { value: wall.of(limit, operator), origin: origin.clone() };
            }
            settings.limits.cpu = Resolved { value: Some(limit), origin };
            Arc::new(settings)
        });
        *case = Arc::new(ResolvedCase { settings: Arc::clone(settings), ..(**case).clone() });
    }
}

/// `wanted`, or the most CPU time that a policy allows.
fn lowest_ceiling(operator: &Operator, wanted: Duration) -> Duration {
    let ceilings = operator.policies().map(|policy| policy.ceilings.cpu.as_ref()?.value);
    ceilings.into_iter().flatten().fold(wanted, Duration::min)
}

fn told(time: Duration) -> String {
    format_duration(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

impl TimeLimit {
    /// Lines below the table of solutions.
    pub(super) fn text(&self) -> String {
        let by = match (&self.longest, self.measured) {
            (Some(Longest { time, solution, case }), measured) => {
                let what = if measured { "measured: " } else { "" };
                format!(
                    " ({what}the slowest that must be in time, {solution}, needs {} on {case})",
                    told(*time)
                )
            }
            (None, _) => String::new(),
        };
        let mut out = format!("   time limit {}{by}\n", told(self.limit));
        let mark = if self.fails() { "!!" } else { "  note:" };
        for why in &self.broken {
            out.push_str(&format!("{mark} {why}\n"));
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let longest = self.longest.as_ref().map(|longest| {
            json!({"seconds": longest.time.as_secs_f64(), "submission": longest.solution, "case": longest.case})
        });
        json!({
            "seconds": self.limit.as_secs_f64(),
            "measured": self.measured,
            "slowest_in_time": longest,
            "ac_to_time_limit": self.timing.ac_to_limit,
            "time_limit_to_tle": self.timing.limit_to_tle,
            "margins_kept": self.broken.is_empty(),
            "why": self.broken,
        })
    }

    /// Whether a margin that must be kept is not: one of a limit that solutions decided always must.
    pub(super) fn fails(&self) -> bool {
        !self.broken.is_empty() && (self.measured || self.timing.binding)
    }
}
