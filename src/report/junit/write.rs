//! Writing the document as a stream: one case after the other.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, SystemTime};

use super::JunitStyle;
use super::body;
use super::kind::{Kind, type_name};
use super::suite::{Counts, Names, Suite, suites};
use super::xml::{attribute, text};
use crate::judge::{Status, Verdict};
use crate::report::clock::seconds_without_zone;
use crate::report::{Attempt, CaseReport, RunReport};
use crate::sandbox::outcome::{Captured, Outcome};

/// Writes the JUnit report of a run, ending in a newline.
///
/// # Errors
/// Those of `out`.
pub fn write(run: &RunReport, style: JunitStyle, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = BufWriter::new(out);
    let mut document = Document { run, style, names: Names::default(), out: &mut buffered };
    document.write()?;
    buffered.flush()
}

struct Document<'a> {
    run: &'a RunReport,
    style: JunitStyle,
    names: Names,
    out: &'a mut dyn Write,
}

impl Document<'_> {
    fn write(&mut self) -> io::Result<()> {
        let suites = suites(self.run);
        self.out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites")?;
        if self.style != JunitStyle::Ant {
            self.totals(&suites)?;
        }
        self.out.write_all(b">\n")?;
        for (id, suite) in suites.iter().enumerate() {
            self.suite(id, suite)?;
        }
        if self.run.is_unfinished() {
            self.unfinished(suites.len())?;
        }
        self.out.write_all(b"</testsuites>\n")
    }

    fn totals(&mut self, suites: &[Suite<'_>]) -> io::Result<()> {
        let mut total = Counts::default();
        for report in suites.iter().flat_map(|suite| &suite.cases) {
            total.add(Kind::of(report.verdict.status));
        }
        if self.run.is_unfinished() {
            total.add(Kind::Error);
        }
        attribute(self.out, "name", "capsule-run")?;
        self.count("tests", total.tests)?;
        self.count("failures", total.failures)?;
        self.count("errors", total.errors)?;
        self.time(self.run.meta.duration)
    }

    fn suite(&mut self, id: usize, suite: &Suite<'_>) -> io::Result<()> {
        let started = suite.started().unwrap_or(self.run.meta.started);
        self.open_suite(id, &suite.name, suite.counts(), (started, suite.wall_time()), suite.file)?;
        for report in &suite.cases {
            self.case(suite, report)?;
        }
        self.close_suite()
    }

    fn open_suite(
        &mut self,
        id: usize,
        name: &str,
        counts: Counts,
        (started, took): (SystemTime, Duration),
        file: &str,
    ) -> io::Result<()> {
        self.out.write_all(b"  <testsuite")?;
        attribute(self.out, "name", name)?;
        self.count("tests", counts.tests)?;
        self.count("failures", counts.failures)?;
        self.count("errors", counts.errors)?;
        if self.style != JunitStyle::Ant {
            self.count("skipped", counts.skipped)?;
        }
        self.time(took)?;
        attribute(self.out, "timestamp", &seconds_without_zone(started))?;
        match self.style {
            JunitStyle::Extended if !file.is_empty() => attribute(self.out, "file", file)?,
            JunitStyle::Extended | JunitStyle::Strict => {}
            JunitStyle::Ant => {
                // What Ant itself writes where it does not know the name.
                attribute(self.out, "hostname", "localhost")?;
                self.count("id", id)?;
                attribute(self.out, "package", "capsule-run")?;
            }
        }
        self.out.write_all(b">\n")?;
        if self.style == JunitStyle::Ant {
            self.out.write_all(b"    <properties/>\n")?;
        }
        Ok(())
    }

    fn close_suite(&mut self) -> io::Result<()> {
        if self.style == JunitStyle::Ant {
            self.out.write_all(b"    <system-out/>\n    <system-err/>\n")?;
        }
        self.out.write_all(b"  </testsuite>\n")
    }

    fn case(&mut self, suite: &Suite<'_>, report: &CaseReport) -> io::Result<()> {
        let (class, name) = self.names.of(suite, report);
        self.open_case(&class, &name, report.duration().unwrap_or_default())?;
        if self.style == JunitStyle::Extended {
            attribute(self.out, "file", &report.case.file)?;
            attribute(self.out, "line", &report.case.line.to_string())?;
        }
        let kind = Kind::of(report.verdict.status);
        if kind == Kind::Passed && !report.is_flaky() {
            return self.out.write_all(b"/>\n");
        }
        self.out.write_all(b">\n")?;
        self.results(report, kind)?;
        if kind != Kind::Passed && self.style != JunitStyle::Ant {
            self.output(report)?;
        }
        self.out.write_all(b"    </testcase>\n")
    }

    fn open_case(&mut self, class: &str, name: &str, took: Duration) -> io::Result<()> {
        self.out.write_all(b"    <testcase")?;
        attribute(self.out, "name", name)?;
        attribute(self.out, "classname", class)?;
        self.time(took)
    }

    /// The one result child, and one more for each further try.
    fn results(&mut self, report: &CaseReport, kind: Kind) -> io::Result<()> {
        let tries = &report.attempts;
        match kind {
            Kind::Passed => self.tries(report, "flakyFailure", tries),
            Kind::Skipped => self.skipped(&report.verdict),
            Kind::Error => {
                self.problem("error", report, &report.verdict, tries.last())?;
                let earlier = tries.len().saturating_sub(1);
                self.tries(report, "rerunFailure", &tries[..earlier])
            }
            Kind::Failure => {
                let first = tries.first().filter(|attempt| tries.len() > 1 && is_failure(attempt));
                let verdict = first.map_or(&report.verdict, |attempt| &attempt.verdict);
                self.problem("failure", report, verdict, first.or(tries.last()))?;
                self.tries(report, "rerunFailure", tries.get(1..).unwrap_or_default())
            }
        }
    }

    fn problem(
        &mut self,
        element: &str,
        report: &CaseReport,
        verdict: &Verdict,
        attempt: Option<&Attempt>,
    ) -> io::Result<()> {
        write!(self.out, "      <{element}")?;
        attribute(self.out, "message", &body::message(verdict))?;
        attribute(self.out, "type", type_name(verdict, attempt.map(|attempt| &attempt.outcome)))?;
        self.out.write_all(b">")?;
        text(self.out, &body::text(report, verdict))?;
        writeln!(self.out, "</{element}>")
    }

    fn skipped(&mut self, verdict: &Verdict) -> io::Result<()> {
        let message = body::message(verdict);
        self.out.write_all(b"      <skipped")?;
        attribute(self.out, "message", &message)?;
        self.out.write_all(b">")?;
        text(self.out, &message)?;
        self.out.write_all(b"</skipped>\n")
    }

    /// One element for each of these tries that did not pass, in the only form that Jenkins shows.
    /// Ant knows none of it.
    fn tries(&mut self, report: &CaseReport, element: &str, tries: &[Attempt]) -> io::Result<()> {
        if self.style == JunitStyle::Ant {
            return Ok(());
        }
        for attempt in tries.iter().filter(|attempt| attempt.verdict.status != Status::Passed) {
            write!(self.out, "      <{element}")?;
            attribute(self.out, "message", &body::message(&attempt.verdict))?;
            attribute(self.out, "type", type_name(&attempt.verdict, Some(&attempt.outcome)))?;
            self.out.write_all(b"><stackTrace>")?;
            text(self.out, &body::text(report, &attempt.verdict))?;
            writeln!(self.out, "</stackTrace></{element}>")?;
        }
        Ok(())
    }

    fn output(&mut self, report: &CaseReport) -> io::Result<()> {
        if let Some(Outcome::Ran(ran)) = report.attempts.last().map(|attempt| &attempt.outcome) {
            self.stream("system-out", &ran.stdout)?;
            self.stream("system-err", &ran.stderr)?;
        }
        Ok(())
    }

    fn stream(&mut self, element: &str, captured: &Captured) -> io::Result<()> {
        if captured.total == 0 {
            return Ok(());
        }
        write!(self.out, "      <{element}>")?;
        text(self.out, &body::captured(captured))?;
        writeln!(self.out, "</{element}>")
    }

    /// A case of our own, so that no reader can take an unfinished run for a green one.
    fn unfinished(&mut self, id: usize) -> io::Result<()> {
        let name = match &self.run.meta.interrupted_by {
            Some(signal) => format!("run interrupted ({signal})"),
            None => "run not finished".to_owned(),
        };
        let mut counts = Counts::default();
        counts.add(Kind::Error);
        let meta = &self.run.meta;
        self.open_suite(id, "@run", counts, (meta.started, meta.duration), "")?;
        self.open_case("@run", &name, Duration::ZERO)?;
        self.out.write_all(b">\n      <error")?;
        attribute(self.out, "message", &name)?;
        attribute(self.out, "type", "capsule.not-run")?;
        self.out.write_all(b">")?;
        text(self.out, &format!("{name}\nsome cases have no result\n"))?;
        self.out.write_all(b"</error>\n    </testcase>\n")?;
        self.close_suite()
    }

    fn count(&mut self, name: &str, count: usize) -> io::Result<()> {
        write!(self.out, " {name}=\"{count}\"")
    }

    /// Seconds with three decimals: no exponent, no thousands separator, never empty.
    fn time(&mut self, time: Duration) -> io::Result<()> {
        write!(self.out, " time=\"{}.{:03}\"", time.as_secs(), time.subsec_millis())
    }
}

fn is_failure(attempt: &Attempt) -> bool {
    attempt.verdict.status == Status::Failed
}
