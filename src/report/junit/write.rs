//! Writing the document as a stream: one case after the other.

use std::io::{self, BufWriter, Write};

use super::JunitStyle;
use super::kind::{Kind, type_name};
use super::suite::{Counts, Names, Suite, suites};
use super::xml::{attribute, text};
use crate::judge::Status;
use crate::report::record::{AttemptRecord, Capture, CaseRecord, Moment};
use crate::report::run_records::RunRecords;
use crate::report::told::Told;

/// Writes the JUnit report of a run, ending in a newline.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub fn write(run: &RunRecords<'_>, style: JunitStyle, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = BufWriter::new(out);
    let mut document = Document { run, style, names: Names::default(), out: &mut buffered };
    document.write()?;
    buffered.flush()
}

struct Document<'a> {
    run: &'a RunRecords<'a>,
    style: JunitStyle,
    names: Names,
    out: &'a mut dyn Write,
}

impl Document<'_> {
    fn write(&mut self) -> io::Result<()> {
        let suites = suites(self.run);
        self.out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites")?;
        if self.style != JunitStyle::Ant {
            self.totals()?;
        }
        self.out.write_all(b">\n")?;
        for (id, suite) in suites.iter().enumerate() {
            self.suite(id, suite)?;
        }
        self.out.write_all(b"</testsuites>\n")
    }

    fn totals(&mut self) -> io::Result<()> {
        let mut total = Counts::default();
        for brief in
            self.run.tally().briefs().iter().filter(|brief| brief.suite < self.run.header().suites.len())
        {
            total.add(Kind::of(brief.status));
        }
        attribute(self.out, "name", "capsule-run")?;
        self.count("tests", total.tests)?;
        self.count("failures", total.failures)?;
        self.count("errors", total.errors)?;
        self.time(self.run.footer().duration_ms)
    }

    fn suite(&mut self, id: usize, suite: &Suite<'_>) -> io::Result<()> {
        let started = suite.span.map_or(self.run.header().started_at, |(start, _)| start);
        self.open_suite(id, &suite.name, suite.counts, (started, suite.wall_time()), suite.file)?;
        for &at in &suite.cases {
            let case = self.run.case(at)?;
            self.case(suite, &case)?;
        }
        self.close_suite()
    }

    fn open_suite(
        &mut self,
        id: usize,
        name: &str,
        counts: Counts,
        (started, took): (Moment, u64),
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
        attribute(self.out, "timestamp", &started.seconds_without_zone())?;
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

    fn case(&mut self, suite: &Suite<'_>, case: &CaseRecord) -> io::Result<()> {
        let (class, name) = self.names.of(suite, case);
        self.open_case(&class, &name, case.duration_ms().unwrap_or_default())?;
        if self.style == JunitStyle::Extended && !case.file.is_empty() {
            attribute(self.out, "file", &case.file)?;
            attribute(self.out, "line", &case.line.to_string())?;
        }
        let kind = Kind::of(case.status);
        if kind == Kind::Passed && !case.flaky {
            return self.out.write_all(b"/>\n");
        }
        self.out.write_all(b">\n")?;
        self.results(case, kind)?;
        if kind != Kind::Passed && self.style != JunitStyle::Ant {
            self.output(case)?;
        }
        self.out.write_all(b"    </testcase>\n")
    }

    fn open_case(&mut self, class: &str, name: &str, took: u64) -> io::Result<()> {
        self.out.write_all(b"    <testcase")?;
        attribute(self.out, "name", name)?;
        attribute(self.out, "classname", class)?;
        self.time(took)
    }

    /// The one result child, and one more for each further try.
    fn results(&mut self, case: &CaseRecord, kind: Kind) -> io::Result<()> {
        let (tries, told) = (&case.attempts, Told::of_case(case));
        match kind {
            Kind::Passed => self.tries(case, "flakyFailure", tries),
            Kind::Skipped => self.skipped(&told),
            Kind::Error => {
                self.problem("error", case, &told)?;
                let earlier = tries.len().saturating_sub(1);
                self.tries(case, "rerunFailure", &tries[..earlier])
            }
            Kind::Failure => {
                let first = tries.first().filter(|attempt| tries.len() > 1 && is_failure(attempt));
                let told = first.map_or(told, Told::of_attempt);
                self.problem("failure", case, &told)?;
                self.tries(case, "rerunFailure", tries.get(1..).unwrap_or_default())
            }
        }
    }

    fn problem(&mut self, element: &str, case: &CaseRecord, told: &Told<'_>) -> io::Result<()> {
        write!(self.out, "      <{element}")?;
        attribute(self.out, "message", &told.line())?;
        attribute(self.out, "type", type_name(told))?;
        self.out.write_all(b">")?;
        text(self.out, &told.text(case))?;
        writeln!(self.out, "</{element}>")
    }

    fn skipped(&mut self, told: &Told<'_>) -> io::Result<()> {
        let message = told.line();
        self.out.write_all(b"      <skipped")?;
        attribute(self.out, "message", &message)?;
        self.out.write_all(b">")?;
        text(self.out, &message)?;
        self.out.write_all(b"</skipped>\n")
    }

    /// One element for each of these tries that did not pass, in the only form that Jenkins shows.
    /// Ant knows none of it.
    fn tries(&mut self, case: &CaseRecord, element: &str, tries: &[AttemptRecord]) -> io::Result<()> {
        if self.style == JunitStyle::Ant {
            return Ok(());
        }
        for attempt in tries.iter().filter(|attempt| attempt.status != Status::Passed) {
            let told = Told::of_attempt(attempt);
            write!(self.out, "      <{element}")?;
            attribute(self.out, "message", &told.line())?;
            attribute(self.out, "type", type_name(&told))?;
            self.out.write_all(b"><stackTrace>")?;
            text(self.out, &told.text(case))?;
            writeln!(self.out, "</stackTrace></{element}>")?;
        }
        Ok(())
    }

    fn output(&mut self, case: &CaseRecord) -> io::Result<()> {
        let Some(attempt) = case.attempts.last() else { return Ok(()) };
        self.stream("system-out", attempt.stdout.as_ref())?;
        self.stream("system-err", attempt.stderr.as_ref())
    }

    fn stream(&mut self, element: &str, capture: Option<&Capture>) -> io::Result<()> {
        let Some(capture) = capture.filter(|capture| capture.bytes > 0) else { return Ok(()) };
        write!(self.out, "      <{element}>")?;
        text(self.out, &capture.readable())?;
        writeln!(self.out, "</{element}>")
    }

    fn count(&mut self, name: &str, count: usize) -> io::Result<()> {
        write!(self.out, " {name}=\"{count}\"")
    }

    /// Seconds with three decimals: no exponent, no thousands separator, never empty.
    fn time(&mut self, millis: u64) -> io::Result<()> {
        write!(self.out, " time=\"{}.{:03}\"", millis / 1000, millis % 1000)
    }
}

fn is_failure(attempt: &AttemptRecord) -> bool {
    attempt.status == Status::Failed
}
