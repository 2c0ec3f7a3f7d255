//! The live area as lines: the bar, and what runs. Widths are in columns; the last column of the
//! terminal is never used.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::state::{Counts, Running, State};
use crate::report::text::{TextStyle, memory_of, padded};
use crate::sandbox::live::Usage;

/// Below this width there is one line only, and below [`NONE`] none at all.
const ONE_LINE: usize = 50;
const NONE: usize = 20;
/// Below this height there is no list.
const NO_LIST: usize = 10;
/// The shortest bar that says anything.
const SHORTEST: usize = 8;

/// The size of the terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Size {
    /// How many of the running cases can be listed.
    pub(super) fn listed(self, wanted: usize) -> usize {
        if self.columns < ONE_LINE || self.rows < NO_LIST { 0 } else { wanted.min(self.rows / 2) }
    }
}

/// The bar's line; `None` where there is no room for it.
pub(super) fn bar(state: &State, size: Size, style: &TextStyle) -> Option<String> {
    let room = size.columns.checked_sub(1)?;
    if size.columns < NONE {
        return None;
    }
    let counted = format!("{}/{}", state.counts.done, state.total);
    if let Some(cause) = state.stopping {
        let again = "Ctrl-C again to kill";
        let text =
            format!(" stopping ({}): {} running, {again}  {counted}", cause.name(), state.running.len());
        return Some(style.fit(&text, room));
    }
    if size.columns < ONE_LINE {
        let text = format!(" {counted}  {}  {}", counts(state.counts, true), short(state.started.elapsed()));
        return Some(style.fit(&text, room));
    }
    let mut after = format!("  {counted}   {}", counts(state.counts, false));
    after = format!("{}   {}", after.trim_end(), short(state.started.elapsed()));
    if let Some(left) = state.time_left() {
        after = format!("{after}, about {} left", short(left));
    }
    let length = room.saturating_sub(1 + after.width());
    if length < SHORTEST {
        return Some(style.fit(&format!(" {}", after.trim_start()), room));
    }
    Some(format!(" {}{after}", drawn(state.counts.done, state.total, length, style)))
}

/// `━━━━╸━━━`: the done part in colour, or with other characters where there is none.
fn drawn(done: usize, total: usize, length: usize, style: &TextStyle) -> String {
    let halves = (2 * length * done.min(total)).checked_div(total).unwrap_or(0);
    let (full, half) = (halves / 2, halves % 2);
    let (line, end, rest) = if style.ascii { ("=", ">", "-") } else { ("━", "╸", "─") };
    let done = format!("{}{}", line.repeat(full), end.repeat(half));
    let left = rest.repeat(length - full - half);
    format!("{}{}", style.good(&done), style.dim(&left))
}

/// `24 ok  5 failed  1 flaky`.
fn counts(counts: Counts, short: bool) -> String {
    let all = [
        (counts.ok, "ok"),
        (counts.failed, "failed"),
        (counts.errors, if counts.errors == 1 { "error" } else { "errors" }),
        (counts.flaky, "flaky"),
        (counts.other, "not run"),
    ];
    let wanted = all.into_iter().filter(|(count, word)| *count > 0 && (!short || *word != "ok"));
    wanted.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join("  ")
}

/// `   1.8s  matrix/mul[n=512]          cpu 1.7s   mem 61/256 MiB`.
pub(super) fn running(running: &Running, usage: Option<Usage>, columns: usize, style: &TextStyle) -> String {
    let room = columns.saturating_sub(1);
    let lead = format!("{:>7}  ", short(running.since.elapsed()));
    let id = style.safe(&running.id);
    let used = usage.map(|usage| {
        let memory = memory_of(usage.memory, running.memory_limit);
        format!("cpu {:<6} mem {memory}", short(usage.cpu))
    });
    let used = used.unwrap_or_default();
    let id_columns = room.saturating_sub(lead.width() + used.width() + 2).min(40);
    if id_columns < 12 {
        return style.fit(&format!("{lead}{id}"), room);
    }
    let line = format!("{lead}{}  {used}", padded(&style.fit(&id, id_columns), id_columns));
    style.fit(line.trim_end(), room)
}

/// `6.1s`, `2m05s`, `1h02m`.
pub(super) fn short(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{}.{}s", time.as_secs(), time.subsec_millis() / 100),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::cli::signals::Cause;
    use crate::units::Bytes;

    fn state() -> State {
        let mut state = State::new();
        state.total = 42;
        state.counts = Counts { done: 31, ok: 24, failed: 5, errors: 1, flaky: 1, other: 1 };
        state
    }

    fn at(columns: usize, state: &State) -> Option<String> {
        bar(state, Size { columns, rows: 24 }, &TextStyle::default())
    }

    #[test]
    fn the_bar_never_uses_the_last_column_whatever_the_width() {
        for columns in 0..200 {
            let Some(line) = at(columns, &state()) else {
                assert!(columns < 20, "{columns}");
                continue;
            };
            assert!(columns >= 20 && line.width() < columns, "{columns}: {line}");
            assert_eq!(line.contains('━'), columns > 70, "{columns}: {line}");
        }
    }

    #[test]
    fn the_bar_says_how_many_came_out_how() {
        let line = at(100, &state()).expect("room for it");
        assert!(line.contains("31/42   24 ok  5 failed  1 error  1 flaky  1 not run   0.0s"), "{line}");
        assert_eq!(line.matches(['━', '╸', '─']).count(), 99 - 1 - 61, "{line}");
        let narrow = at(40, &state()).expect("room for it");
        assert_eq!(narrow, " 31/42  5 failed  1 error  1 flaky  1 …");
    }

    #[test]
    fn a_run_that_is_stopped_says_how_to_kill_it() {
        let mut state = state();
        state.stopping = Some(Cause::Signal(2));
        let line = at(80, &state).expect("room for it");
        assert_eq!(line, " stopping (SIGINT): 0 running, Ctrl-C again to kill  31/42");
    }

    #[test]
    fn a_case_that_runs_is_one_line_with_what_it_uses() {
        let case = Running {
            thread: std::thread::current().id(),
            id: "matrix/mul[n=512]\x1b[2J漢字".to_owned(),
            since: Instant::now(),
            memory_limit: Bytes::mib(256),
            named: false,
        };
        let used = Usage { cpu: Duration::from_millis(1_760), memory: Bytes::mib(61) };
        for columns in 20..120 {
            let line = running(&case, Some(used), columns, &TextStyle::default());
            assert!(line.width() < columns && !line.contains('\x1b'), "{columns}: {line}");
        }
        let line = running(&case, Some(used), 100, &TextStyle::default());
        assert!(line.starts_with("   0.0s  matrix/mul[n=512]\\x1B[2J漢字  "), "{line}");
        assert!(line.ends_with("cpu 1.7s   mem 61/256 MiB"), "{line}");
    }

    #[test]
    fn small_terminals_have_no_list() {
        let listed = |columns, rows| Size { columns, rows }.listed(4);
        assert_eq!([listed(80, 24), listed(49, 24), listed(80, 9), listed(80, 10)], [4, 0, 0, 4]);
    }
}
