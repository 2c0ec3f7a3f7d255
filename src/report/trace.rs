//! Chrome's trace events, for `chrome://tracing` and Perfetto: one bar for each attempt, in lanes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::record::{AttemptRecord, CaseRecord, Moment};
use super::run_records::RunRecords;
use super::stream::JsonStream;
use super::words;

/// Writes the run as trace events.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut json = JsonStream::object(&mut out)?;
    json.field("displayTimeUnit", "ms")?;
    json.open_list("traceEvents")?;
    json.item(&named("process_name", 0, "capsule-run"))?;
    let (lanes, count) = lanes(run);
    for lane in 1..=count {
        json.item(&named("thread_name", lane, &format!("job {lane}")))?;
    }
    for (at, case) in run.cases().enumerate() {
        let case = case?;
        for attempt in &case.attempts {
            json.item(&bar(run.header().started_at, &case, attempt, lanes[at]))?;
        }
    }
    json.close_list()?;
    json.end()?;
    out.flush()
}

fn named(what: &str, lane: usize, name: &str) -> Value {
    json!({"name": what, "ph": "M", "pid": 1, "tid": lane, "args": {"name": name}})
}

/// The lane of each case, from 1, and how many there are: two cases in one lane do not overlap.
fn lanes(run: &RunRecords<'_>) -> (Vec<usize>, usize) {
    let briefs = run.tally().briefs();
    let mut ran: Vec<_> = (0..briefs.len()).filter_map(|at| Some((briefs[at].span?, at))).collect();
    ran.sort_unstable();
    let mut lanes = vec![0; briefs.len()];
    let (mut busy, mut free, mut count) = (BinaryHeap::new(), BinaryHeap::new(), 0);
    for ((start, end), at) in ran {
        while let Some(Reverse((until, lane))) = busy.peek().copied()
            && until <= start
        {
            busy.pop();
            free.push(Reverse(lane));
        }
        let lane = free.pop().map_or_else(
            || {
                count += 1;
                count
            },
            |Reverse(lane)| lane,
        );
        lanes[at] = lane;
        busy.push(Reverse((end, lane)));
    }
    (lanes, count)
}

fn bar(start: Moment, case: &CaseRecord, attempt: &AttemptRecord, lane: usize) -> Value {
    let since = attempt.started_at.millis().saturating_sub(start.millis());
    let used = attempt.resources.as_ref();
    json!({
        "name": case.id,
        "cat": case.suite,
        "ph": "X",
        "ts": since * 1000,
        "dur": attempt.duration_ms * 1000,
        "pid": 1,
        "tid": lane,
        "args": {
            "status": words::status(attempt.status),
            "code": attempt.code,
            "attempt": attempt.n,
            "wall_time_ms": used.map(|used| used.wall_time_ms),
            "cpu_time_ms": used.map(|used| used.cpu_time_ms),
            "max_memory_bytes": used.map(|used| used.max_memory_bytes),
        },
    })
}
