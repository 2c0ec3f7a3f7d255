//! [`unified`]: the diff itself.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use similar::{Algorithm, DiffOp, TextDiff};

use crate::judge::Compare;
use crate::judge::compare::Mismatch;
use crate::judge::diff::line::{Blanks, draw, paired, unpaired};
use crate::judge::diff::region::{CONTEXT, key, lines, newlines, region, same_line};
use crate::judge::diff::{hex, window};

/// Above this many lines or bytes a side, head and tail put aside, no diff is made.
const MAX_LINES: usize = 20_000;
const MAX_BYTES: usize = 1 << 20;
/// How long the search for a short diff may take; after that it is a diff, but a longer one.
const PATIENCE: Duration = Duration::from_millis(500);
/// Lines of a diff that are shown where nobody asks for more or fewer.
pub(in crate::judge) const USUAL_LINES: usize = 80;

/// A diff as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::judge) struct DiffText {
    /// The text, each line with its newline.
    pub text: String,
    /// Whether there is more than it shows.
    pub truncated: bool,
}

/// The diff of two byte strings that `compare` found different at `at`.
/// At most `most` lines of it.
pub(in crate::judge) fn unified(
    compare: Compare,
    expected: &[u8],
    actual: &[u8],
    at: Mismatch,
    most: usize,
) -> DiffText {
    if hex::is_binary(expected, actual, at.actual) {
        let text = hex::dump(expected, actual, at.expected, at.actual);
        return DiffText { text, truncated: !(hex::shows_all(expected) && hex::shows_all(actual)) };
    }
    let region = region(compare, expected, actual);
    let (left, right) = (&expected[region.expected.clone()], &actual[region.actual.clone()]);
    if too_long(left) || too_long(right) {
        return DiffText { text: window::window(compare, expected, actual, at), truncated: true };
    }
    let (left, right) = (lines(left).collect(), lines(right).collect());
    Sides { compare, expected: left, actual: right, head: region.head, most: most.max(LEAST) }.draw()
}

/// What was expected and came out otherwise, as `actual` has it; what `compare` calls the same, as
/// `expected` has it: so that what somebody wrote with care stays where it still holds.
pub(in crate::judge) fn kept(compare: Compare, expected: &[u8], actual: &[u8]) -> Vec<u8> {
    let region = region(compare, expected, actual);
    let (left, right) = (&expected[region.expected.clone()], &actual[region.actual.clone()]);
    if compare == Compare::Exact || too_long(left) || too_long(right) {
        return actual.to_vec();
    }
    let (left, right) = (lines(left).collect(), lines(right).collect());
    let sides = Sides { compare, expected: left, actual: right, head: 0, most: USUAL_LINES };
    let mut text = expected[..region.expected.start].to_vec();
    for op in sides.ops() {
        let same = matches!(op, DiffOp::Equal { .. });
        let lines = if same { &sides.expected[op.old_range()] } else { &sides.actual[op.new_range()] };
        for line in lines {
            if text.last().is_some_and(|&last| last != b'\n') {
                text.push(b'\n');
            }
            text.extend_from_slice(line);
        }
    }
    text.extend_from_slice(&expected[region.expected.end..]);
    text
}

fn too_long(bytes: &[u8]) -> bool {
    bytes.len() > MAX_BYTES || newlines(bytes) > MAX_LINES
}

/// What is around the lines of one change: the header, that of the hunk, what is left out of either
/// side, and the remark that there is more.
const AROUND: usize = 6;
/// The fewest lines of which one is on either side.
const LEAST: usize = AROUND + 2;

/// Lines as a comparison sees them.
type Keys<'a> = Vec<Cow<'a, [u8]>>;

/// The lines to be compared.
struct Sides<'a> {
    compare: Compare,
    expected: Vec<&'a [u8]>,
    actual: Vec<&'a [u8]>,
    /// Lines before them on both sides.
    head: usize,
    /// Lines that are shown.
    most: usize,
}

impl Sides<'_> {
    fn draw(&self) -> DiffText {
        let text = "--- expected\n+++ actual\n".to_owned();
        let mut page = Page { text, lines: 2, left_out: 0, most: self.most };
        for hunk in similar::group_diff_ops(self.ops(), CONTEXT) {
            page.line(&self.header(&hunk));
            for op in hunk {
                self.draw_op(op, &mut page);
            }
        }
        page.finish()
    }

    fn ops(&self) -> Vec<DiffOp> {
        let (left, right) = self.keys();
        let left: Vec<&[u8]> = left.iter().map(AsRef::as_ref).collect();
        let right: Vec<&[u8]> = right.iter().map(AsRef::as_ref).collect();
        let mut config = TextDiff::configure();
        config.algorithm(Algorithm::Patience).timeout(PATIENCE);
        config.diff_slices::<[u8]>(&left, &right).ops().to_vec()
    }

    /// The lines as `compare` sees them. Numbers within a tolerance are no equivalence, so a line
    /// that is close enough to its neighbour across takes that one's key.
    fn keys(&self) -> (Keys<'_>, Keys<'_>) {
        let left: Vec<_> = self.expected.iter().map(|line| key(self.compare, line)).collect();
        let mut right: Vec<_> = self.actual.iter().map(|line| key(self.compare, line)).collect();
        if matches!(self.compare, Compare::Float(_) | Compare::Kattis(_)) {
            for ((expected, actual), (from, to)) in
                self.expected.iter().zip(&self.actual).zip(left.iter().zip(&mut right))
            {
                if same_line(self.compare, expected, actual) {
                    to.clone_from(from);
                }
            }
        }
        (left, right)
    }

    fn header(&self, hunk: &[DiffOp]) -> String {
        let side = |ranges: &mut dyn Iterator<Item = std::ops::Range<usize>>| {
            let ranges: Vec<_> = ranges.collect();
            let start = ranges.first().map_or(0, |range| range.start);
            let length = ranges.last().map_or(0, |range| range.end) - start;
            format!("{},{length}", self.head + start + usize::from(length > 0))
        };
        let old = side(&mut hunk.iter().map(DiffOp::old_range));
        let new = side(&mut hunk.iter().map(DiffOp::new_range));
        format!("@@ -{old} +{new} @@")
    }

    fn draw_op(&self, op: DiffOp, page: &mut Page) {
        if let DiffOp::Equal { new_index, len, .. } = op {
            for line in &self.actual[new_index..new_index + len] {
                page.line(&format!(" {}", draw(line, Blanks::Plain, 0)));
            }
            return;
        }
        let (old, new) = (&self.expected[op.old_range()], &self.actual[op.new_range()]);
        // Of one change both sides are to be seen.
        let whole = self.most.saturating_sub(AROUND);
        let half = (whole / 2).max(1);
        let most = if old.len().saturating_add(new.len()) > whole { half } else { whole };
        self.draw_side(Side { sign: '-', name: "expected", lines: old, partners: new, most }, page);
        self.draw_side(Side { sign: '+', name: "actual", lines: new, partners: old, most }, page);
    }

    fn draw_side(&self, side: Side<'_>, page: &mut Page) {
        for (index, line) in side.lines.iter().take(side.most).enumerate() {
            let (blanks, focus) = match side.partners.get(index) {
                Some(partner) => {
                    let same = line.iter().zip(*partner).take_while(|(a, b)| a == b).count();
                    (paired(self.compare, line, partner), same)
                }
                None => (unpaired(self.compare, line), 0),
            };
            page.line(&format!("{}{}", side.sign, draw(line, blanks, focus)));
            if !line.ends_with(b"\n") && self.compare == Compare::Exact {
                page.line(&format!("\\ no newline at end of {}", side.name));
            }
        }
        if let more @ 1.. = side.lines.len().saturating_sub(side.most) {
            page.line(&format!("{} … {more} more lines of {}", side.sign, side.name));
            page.left_out += more;
        }
    }
}

/// One side of a change.
struct Side<'a> {
    sign: char,
    name: &'static str,
    lines: &'a [&'a [u8]],
    partners: &'a [&'a [u8]],
    most: usize,
}

/// Text that grows to a bearable length.
struct Page {
    text: String,
    lines: usize,
    left_out: usize,
    most: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        // One line is kept for the remark that there is more.
        if self.lines + 1 < self.most {
            self.lines += 1;
            let _ = writeln!(self.text, "{line}");
        } else {
            self.lines += 1;
        }
    }

    fn finish(mut self) -> DiffText {
        if let hidden @ 1.. = (self.lines + 1).saturating_sub(self.most) {
            let _ = writeln!(self.text, "… {hidden} more lines");
            self.left_out += hidden;
        }
        DiffText { text: self.text, truncated: self.left_out > 0 }
    }
}
