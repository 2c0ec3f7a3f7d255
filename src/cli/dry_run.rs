//! `suite --dry-run`: what would run, in order, and every value of it. Written as a stream: the
//! values of a hundred thousand cases are more than memory should hold.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{exit, terminal};
use crate::report;
use crate::resolve::{self, CaseId, Explanation, ResolvedCase, ResolvedSuite};

#[derive(Serialize)]
struct DryRun<'a> {
    suites: Vec<Suite<'a>>,
    cases: Cases<'a>,
}

#[derive(Serialize)]
struct Suite<'a> {
    name: &'a str,
    file: &'a str,
    sha256: &'a str,
}

/// The cases, made one at a time while they are written.
struct Cases<'a> {
    suites: &'a [ResolvedSuite],
    cases: &'a [Arc<ResolvedCase>],
}

#[derive(Serialize)]
struct Case<'a> {
    id: &'a str,
    suite: &'a str,
    file: &'a str,
    line: u32,
    points: f64,
    needs: Vec<&'a str>,
    values: Explanation,
}

impl Serialize for Cases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.cases.iter().map(|case| Case::new(case, self.suites)))
    }
}

impl<'a> Case<'a> {
    fn new(case: &'a ResolvedCase, suites: &'a [ResolvedSuite]) -> Self {
        Self {
            id: &case.id.0,
            suite: suites.get(case.suite).map_or("", |suite| suite.name.as_str()),
            file: &case.file,
            line: case.line,
            points: case.points,
            needs: case.needs.iter().map(|CaseId(id)| &**id).collect(),
            values: resolve::explain(case),
        }
    }
}

/// Prints it. The exit status.
pub(super) fn print(suites: &[ResolvedSuite], cases: &[Arc<ResolvedCase>]) -> u8 {
    let all =
        suites.iter().map(|suite| Suite { name: &suite.name, file: &suite.file, sha256: &suite.sha256 });
    let document = DryRun { suites: all.collect(), cases: Cases { suites, cases } };
    let written = terminal::print_all(&|out| {
        let mut out = BufWriter::new(out);
        report::write_json(&document, &mut out)?;
        out.flush()
    });
    if written.is_ok() { exit::OK } else { exit::REPORT_LOST }
}
