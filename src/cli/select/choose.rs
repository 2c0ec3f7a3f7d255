//! [`choose`]: the cases that were asked for, and everything that they need.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::expression::{Expression, Field, Matcher, Subject};
use super::options::SelectArgs;
use super::previous::Previous;
use super::shard::Shard;
use super::tags::Tags;
use super::{parse_expression, previous::Before};
use crate::cli::failure::Failure;
use crate::cli::history::History;
use crate::diagnostic::{Diagnostic, nearest};
use crate::judge::Code;
use crate::resolve::{CaseId, CaseKind, ResolvedCase, ResolvedSuite};
use crate::units::visible_line;

/// How many ids a wrong one is compared with: each comparison costs the product of their lengths.
const MOST_COMPARED: usize = 20_000;

/// What is run, and what is to be said about it.
#[derive(Debug)]
pub(in crate::cli) struct Choice {
    /// In the order of the suites, with what they need.
    pub(in crate::cli) cases: Vec<Arc<ResolvedCase>>,
    pub(in crate::cli) chosen: Chosen,
}

/// How cases were chosen.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Chosen {
    /// Cases that were asked for; what they need is not counted.
    pub(in crate::cli) asked: usize,
    /// For people: which shard, what was asked for and is not there.
    pub(in crate::cli) notes: Vec<String>,
    /// Cases of `--failed` that this run leaves out.
    pub(in crate::cli) outstanding: usize,
    /// That no case is left is as it should be: nothing is outstanding, or the shard is empty.
    pub(in crate::cli) may_be_empty: bool,
    /// Ids that are not in this run, by suite: their results stay known.
    pub(in crate::cli) left_out: Vec<(usize, CaseId)>,
}

/// Chooses from all the cases of `suites`.
///
/// # Errors
/// What is wrong with the options, all of it.
pub(in crate::cli) fn choose(
    cases: Vec<Arc<ResolvedCase>>,
    suites: &[ResolvedSuite],
    args: &SelectArgs,
    history: &History,
) -> Result<Choice, Failure> {
    let chooser = Chooser::new(&cases, suites, args, history)?;
    let mut chosen = Chosen::default();
    let asked = chooser.asked(args, &mut chosen)?;
    chosen.asked = asked.len();
    if asked.len() == cases.len() {
        return Ok(Choice { cases, chosen });
    }
    let keep = with_needs(&cases, asked);
    let mut kept = Vec::with_capacity(keep.len());
    for (at, case) in cases.into_iter().enumerate() {
        if keep.contains(&at) {
            kept.push(case);
        } else {
            chosen.left_out.push((case.suite, case.id.clone()));
        }
    }
    Ok(Choice { cases: kept, chosen })
}

/// Everything that was said, read.
struct Chooser<'a> {
    cases: &'a [Arc<ResolvedCase>],
    names: Vec<&'a str>,
    filters: Vec<Expression>,
    tags: Tags,
    shard: Option<Shard>,
    previous: Previous,
    timings: Previous,
}

impl<'a> Chooser<'a> {
    fn new(
        cases: &'a [Arc<ResolvedCase>],
        suites: &'a [ResolvedSuite],
        args: &SelectArgs,
        history: &History,
    ) -> Result<Self, Failure> {
        let names: Vec<&str> = suites.iter().map(|suite| suite.name.as_str()).collect();
        let (mut filters, mut wrong) = (Vec::new(), Vec::new());
        for text in &args.filter {
            match parse_expression::parse(text) {
                Ok(filter) => filters.push(filter),
                Err(error) => wrong.push(*error),
            }
        }
        let mut usage = |message: String| {
            let place = None;
            wrong.push(Diagnostic {
                code: Code::InvalidCommand,
                message,
                place,
                other: None,
                help: String::new(),
            });
        };
        let tags = Tags::parse(&args.tag, &args.skip_tag).map_err(&mut usage).ok();
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let shard = args.shard.as_deref().map_or(Ok(None), |text| Shard::parse(text, env));
        let shard = shard.map_err(&mut usage).ok();
        let needs_status = args.failed.is_some() || filters.iter().any(Expression::needs_status);
        let previous = if needs_status {
            previous(args.failed.as_deref().unwrap_or_default(), &names, suites, history)
        } else {
            Ok(Previous::default())
        };
        let previous = previous.map_err(&mut usage).ok();
        let timings = args
            .timings
            .as_deref()
            .map_or(Ok(Previous::default()), |path| Previous::of_report("--timings", path, &names));
        let timings = timings.map_err(&mut usage).ok();
        match (tags, shard, previous, timings) {
            (Some(tags), Some(shard), Some(previous), Some(timings)) if wrong.is_empty() => {
                let by_time = shard.as_ref().is_some_and(Shard::is_by_time);
                if by_time && args.timings.is_none() {
                    let message = "--shard time: needs --timings REPORT: a report that is the same for all shards, \
                                   or cases would be run twice, or not at all";
                    return Err(Failure::Usage(message.to_owned()));
                }
                Ok(Self { cases, names, filters, tags, shard, previous, timings })
            }
            _ => Err(Failure::Diagnostics(wrong)),
        }
    }

    /// The numbers of the cases that were asked for.
    fn asked(&self, args: &SelectArgs, chosen: &mut Chosen) -> Result<Vec<usize>, Failure> {
        let only = self.only(&args.only)?;
        chosen.notes.extend(self.unmet());
        let everything = args.only.is_empty() && args.filter.is_empty() && args.patterns.is_empty();
        let narrowed = !args.tag.is_empty() || !args.skip_tag.is_empty() || args.failed.is_some();
        if everything && !narrowed && self.shard.is_none() {
            return Ok((0..self.cases.len()).collect());
        }
        let named = |at: usize| {
            let case = &self.cases[at];
            let proper = case.kind == CaseKind::Case;
            only.contains(&at)
                || proper
                    && (everything
                        || args.patterns.iter().any(|text| case.id.0.contains(text.as_str()))
                        || self.filters.iter().any(|filter| filter.holds(self.subject(at))))
        };
        let mut asked: Vec<usize> =
            (0..self.cases.len()).filter(|&at| named(at) && self.tags.take(&self.cases[at])).collect();
        if args.failed.is_some() {
            let outstanding = |at: &usize| self.is_outstanding(*at);
            let all = (0..self.cases.len()).filter(|&at| self.cases[at].kind == CaseKind::Case);
            let all = all.filter(outstanding).count();
            asked.retain(outstanding);
            chosen.outstanding = all - asked.len();
            chosen.may_be_empty |= all == 0;
            chosen.notes.push(match all {
                0 => "nothing is outstanding: every case has passed".to_owned(),
                all => format!("{} of {all} outstanding {}", asked.len(), cases(all)),
            });
        }
        if let Some(shard) = &self.shard {
            let before = asked.len();
            let key = |at: usize| format!("{}\0{}", self.names[self.cases[at].suite], self.cases[at].id);
            let time = |at: usize| {
                let case = &self.cases[at];
                self.timings.of(case.suite, &case.id.0).and_then(|before| before.duration_ms)
            };
            asked = shard.take(&asked, key, time);
            chosen.outstanding += if args.failed.is_some() { before - asked.len() } else { 0 };
            chosen.may_be_empty |= before > 0;
            chosen.notes.push(format!("{}: {} of {before} {}", shard.shown(), asked.len(), cases(before)));
            if let Some(path) = &shard.touch {
                // Bazel only wants to see that we know of shards; that it cannot is its business.
                let _ = std::fs::OpenOptions::new().create(true).append(true).open(path);
            }
        } else if args.shard.as_deref() == Some("auto") {
            chosen.notes.push("--shard auto: no CI says which shard this is: all cases are run".to_owned());
        }
        Ok(asked)
    }

    fn subject(&self, at: usize) -> Subject<'_> {
        let case = &self.cases[at];
        let before = self.previous.of(case.suite, &case.id.0);
        let status = before.map_or("new", |before| &*before.status);
        Subject { case, suite: self.names[case.suite], status }
    }

    /// Not passed, not run, or not known.
    fn is_outstanding(&self, at: usize) -> bool {
        let case = &self.cases[at];
        !self.previous.of(case.suite, &case.id.0).is_some_and(Before::is_settled)
    }

    /// The cases that `--only` names.
    fn only(&self, ids: &[String]) -> Result<HashSet<usize>, Failure> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let mut index: HashMap<&str, Vec<usize>> = HashMap::with_capacity(self.cases.len());
        for (at, case) in self.cases.iter().enumerate() {
            index.entry(&case.id.0).or_default().push(at);
        }
        let unknown: Vec<String> = ids
            .iter()
            .filter(|id| !index.contains_key(id.as_str()))
            .map(|id| {
                let near =
                    self.near(id).map(|near| format!("; did you mean `{}`?", visible_line(near.as_bytes())));
                format!(
                    "--only: no case has the id `{}`{}",
                    visible_line(id.as_bytes()),
                    near.unwrap_or_default()
                )
            })
            .take(20)
            .collect();
        if unknown.is_empty() {
            Ok(ids.iter().flat_map(|id| &index[id.as_str()]).copied().collect())
        } else {
            Err(Failure::Usage(unknown.join("\nerror: ")))
        }
    }

    fn near(&self, id: &str) -> Option<&'a str> {
        let ids = || self.cases.iter().map(|case| &*case.id.0);
        let alike = ids().filter(|other| other.len().abs_diff(id.len()) <= 1 + other.len() / 4);
        let near = if id.len() > 255 { None } else { nearest(id, alike.take(MOST_COMPARED)) };
        near.or_else(|| ids().find(|other| other.contains(id)))
    }

    /// Tags, groups and suites that are named, and that no case has: a filter with `!` would let
    /// everything through.
    fn unmet(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let tags: HashSet<&str> =
            self.cases.iter().flat_map(|case| case.tags.iter()).map(String::as_str).collect();
        for (option, tag) in self.tags.named().filter(|(_, tag)| !tags.contains(tag)) {
            notes.push(nobody(&format!("{option} {tag}"), "tag", tag, tags.iter().copied()));
        }
        for predicate in self.filters.iter().flat_map(Expression::predicates) {
            let Matcher::Equals(wanted) = &predicate.wanted else { continue };
            if (0..self.cases.len()).any(|at| predicate.holds(self.subject(at))) {
                continue;
            }
            match predicate.field {
                Field::Tag => notes.push(nobody("--filter", "tag", wanted, tags.iter().copied())),
                Field::Group => {
                    let groups: HashSet<&str> =
                        self.cases.iter().filter_map(|case| case.group.as_deref()).collect();
                    notes.push(nobody("--filter", "group", wanted, groups.into_iter()));
                }
                Field::Suite => notes.push(nobody("--filter", "suite", wanted, self.names.iter().copied())),
                _ => {}
            }
        }
        notes
    }
}

/// What became of the cases before: in the report or the run that `source` names, or in the last run.
fn previous(
    source: &str,
    names: &[&str],
    suites: &[ResolvedSuite],
    history: &History,
) -> Result<Previous, String> {
    let files: Vec<&str> = suites.iter().map(|suite| suite.file.as_str()).collect();
    if source.is_empty() {
        return history.latest(&files);
    }
    match history.run(source, &files) {
        Some(found) => Ok(found),
        None => Previous::of_report("--failed", Path::new(source), names),
    }
}

fn nobody<'a>(option: &str, what: &str, wanted: &str, there: impl Iterator<Item = &'a str>) -> String {
    let mut there: Vec<&str> = there.collect();
    there.sort_unstable();
    let near = if wanted.len() > 64 { None } else { nearest(wanted, there.into_iter().take(MOST_COMPARED)) };
    let near =
        near.map_or(String::new(), |near| format!("; did you mean `{}`?", visible_line(near.as_bytes())));
    let shown = |text: &str| visible_line(text.as_bytes());
    format!("warning: {}: no case has the {what} `{}`{near}", shown(option), shown(wanted))
}

fn cases(n: usize) -> &'static str {
    if n == 1 { "case" } else { "cases" }
}

/// What the cases need too: build steps of their suites, and `needs`, and theirs.
fn with_needs(cases: &[Arc<ResolvedCase>], mut pending: Vec<usize>) -> HashSet<usize> {
    let index: HashMap<(usize, &CaseId), usize> =
        cases.iter().enumerate().map(|(at, case)| ((case.suite, &case.id), at)).collect();
    let suites: HashSet<usize> = pending.iter().map(|&at| cases[at].suite).collect();
    let is_build = |at: &usize| cases[*at].kind == CaseKind::Build && suites.contains(&cases[*at].suite);
    pending.extend((0..cases.len()).filter(is_build));
    let mut keep = HashSet::new();
    // Cases with the same needs have the same list: it is looked at once.
    let mut seen: HashSet<*const CaseId> = HashSet::new();
    while let Some(at) = pending.pop() {
        let case = &cases[at];
        if keep.insert(at) && seen.insert(case.needs.as_ptr()) {
            pending.extend(case.needs.iter().filter_map(|id| index.get(&(case.suite, id))));
        }
    }
    let groups: HashSet<(usize, Option<&str>)> =
        keep.iter().map(|&at| (cases[at].suite, cases[at].group.as_deref())).collect();
    // What was set up is cleaned up: the suite's own steps, and those of the groups that run.
    let cleans_up = |at: &usize| {
        let case = &cases[*at];
        let place = (case.suite, case.group.as_deref());
        case.kind == CaseKind::Teardown
            && suites.contains(&case.suite)
            && (case.group.is_none() || groups.contains(&place))
    };
    keep.extend((0..cases.len()).filter(cleans_up).collect::<Vec<_>>());
    keep
}
