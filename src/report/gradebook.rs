//! [`Gradebook`]: one row a student, as CSV for spreadsheets and as JSON. Nothing in it depends on
//! the machine, the moment or the number of jobs: the same class gives the same bytes.

use serde::{Deserialize, Serialize, Serializer};

use crate::units::visible_line;

/// The format of the JSON; the number is raised when a reader could take a new one for an old one.
const SCHEMA: &str = "capsule-run/gradebook/1";

/// Every student of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gradebook {
    /// The suite.
    pub suite: String,
    /// SHA-256 of the suite file, in hex.
    pub suite_sha256: String,
    /// Points that could be reached.
    #[serde(serialize_with = "as_points")]
    pub max_score: f64,
    /// The suite's groups, in its order.
    pub groups: Vec<String>,
    /// One a submission, in the order of the class.
    pub rows: Vec<Row>,
}

/// One student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The submission's name: unique in the class.
    pub submission: String,
    /// The number that the learning platform gave, or the submission's name.
    pub student_id: String,
    /// The student's name, where the platform says it.
    pub student_name: String,
    /// Whether the platform says that it came late.
    pub late: bool,
    /// What became of it.
    pub status: RowStatus,
    /// Points reached; `None` as long as that is not known: never a zero for a fault of ours.
    #[serde(serialize_with = "as_score")]
    pub score: Option<f64>,
    /// Cases that passed; build steps are not counted.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that could not be judged.
    pub errors: usize,
    /// Cases that were not run.
    pub not_run: usize,
    /// Points reached in each group of the suite, in its order.
    #[serde(serialize_with = "as_scores")]
    pub groups: Vec<f64>,
    /// Codes of what did not pass and how often: `E6002 x 9`.
    pub codes: Vec<(String, usize)>,
    /// Why it was not run, and what was left out of it.
    pub reason: String,
    /// SHA-256 over every path, mode and byte that was handed in; empty when it could not be read.
    pub sha256: String,
    /// The name of its reports, without extension.
    pub report: String,
}

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// Every case has its verdict.
    Graded,
    /// It does not build.
    BuildFailed,
    /// What was handed in cannot be graded: a file is missing, an archive is broken.
    Unusable,
    /// At least one case could not be judged: a fault of ours, not the student's.
    NotJudged,
    /// The run ended before it was its turn.
    NotFinished,
}

impl RowStatus {
    /// The word in the gradebook.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::BuildFailed => "build_failed",
            Self::Unusable => "unusable",
            Self::NotJudged => "not_judged",
            Self::NotFinished => "not_finished",
        }
    }
}

impl Gradebook {
    /// As CSV (RFC 4180, UTF-8): every text is one line, and none is a formula to a spreadsheet.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        let fixed = [
            "student_id",
            "student_name",
            "submission",
            "late",
            "status",
            "score",
            "max_score",
            "passed",
            "failed",
            "errors",
            "not_run",
            "codes",
            "reason",
            "sha256",
            "report",
        ];
        let groups = self.groups.iter().map(|group| text(&format!("group {group}")));
        line(&mut out, fixed.iter().map(|name| (*name).to_owned()).chain(groups));
        for row in &self.rows {
            let codes: Vec<_> = row.codes.iter().map(|(code, count)| format!("{code} x {count}")).collect();
            let cells = [
                text(&row.student_id),
                text(&row.student_name),
                text(&row.submission),
                if row.late { "late".to_owned() } else { String::new() },
                row.status.word().to_owned(),
                row.score.map_or_else(String::new, points_text),
                points_text(self.max_score),
                row.passed.to_string(),
                row.failed.to_string(),
                row.errors.to_string(),
                row.not_run.to_string(),
                text(&codes.join("; ")),
                text(&row.reason),
                row.sha256.clone(),
                text(&row.report),
            ];
            let shown = |points: &f64| if row.score.is_some() { points_text(*points) } else { String::new() };
            let points = (0..self.groups.len()).map(|at| row.groups.get(at).map_or_else(String::new, shown));
            line(&mut out, cells.into_iter().chain(points));
        }
        out
    }

    /// As JSON, indented, with a final newline. Texts are as they were handed in.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            tool: &'static str,
            #[serde(flatten)]
            book: &'a Gradebook,
        }
        let document = Document { schema: SCHEMA, tool: env!("CARGO_PKG_VERSION"), book: self };
        let json = serde_json::to_string_pretty(&document).expect("plain values become JSON");
        format!("{json}\n")
    }
}

/// Points without the noise of sums: nobody gives billionths of one. Also the same after they
/// have been written and read again.
fn rounded(points: f64) -> f64 {
    let rounded = (points * 1e9).round() / 1e9;
    if rounded.is_finite() { rounded } else { points }
}

fn points_text(points: f64) -> String {
    rounded(points).to_string()
}

fn as_points<S: Serializer>(points: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*points))
}

fn as_score<S: Serializer>(points: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    points.map(rounded).serialize(serializer)
}

fn as_scores<S: Serializer>(points: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(points.iter().copied().map(rounded))
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.map(|cell| quoted(&cell)).collect();
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A text from outside as a cell: one line without control characters, and nothing that a
/// spreadsheet takes for a formula, behind blanks neither.
fn text(raw: &str) -> String {
    let shown = visible_line(raw.as_bytes());
    let first = shown.trim_start().chars().next();
    let formula = matches!(first, Some('=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠'));
    if formula || shown.starts_with('\t') { format!("'{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Row {
        Row {
            submission: name.to_owned(),
            student_id: name.to_owned(),
            student_name: String::new(),
            late: false,
            status: RowStatus::Graded,
            score: Some(47.5),
            passed: 22,
            failed: 5,
            errors: 0,
            not_run: 0,
            groups: vec![0.0, 47.5],
            codes: vec![("E3001".to_owned(), 5)],
            reason: String::new(),
            sha256: "00".to_owned(),
            report: "x".to_owned(),
        }
    }

    fn book(rows: Vec<Row>) -> Gradebook {
        Gradebook {
            suite: "hw".to_owned(),
            suite_sha256: "ab".to_owned(),
            max_score: 60.0,
            groups: vec!["sample".to_owned(), "secret".to_owned()],
            rows,
        }
    }

    /// A reader of CSV, for the attacks: rows of cells.
    fn parse(csv: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = csv.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, inside) {
                ('"', true) if chars.peek() == Some(&'"') => {
                    cell.push('"');
                    chars.next();
                }
                ('"', _) => inside = !inside,
                (',', false) => row.push(std::mem::take(&mut cell)),
                ('\r', false) => {}
                ('\n', false) => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                (c, _) => cell.push(c),
            }
        }
        rows
    }

    #[test]
    fn a_row_has_every_column_and_numbers_without_noise() {
        let rows = parse(&book(vec![row("ada")]).to_csv());
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].len(), rows[1].len());
        let cell = |name: &str| {
            let at = rows[0].iter().position(|column| column == name).expect("a column");
            rows[1][at].as_str()
        };
        assert_eq!((cell("score"), cell("max_score"), cell("group secret")), ("47.5", "60", "47.5"));
        assert_eq!((cell("codes"), cell("late"), cell("status")), ("E3001 x 5", "", "graded"));
    }

    #[test]
    fn no_name_makes_a_formula_a_line_or_a_column_of_its_own() {
        let attacks = [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "\r=1",
            "\n=1",
            "a\nb,100,100",
            "a\",\"graded\",\"100",
            "\u{feff}=1",
            "\u{202e}=1",
            "a\0b",
            "\x1b]0;x\x07",
            "＝1",
            "|x",
            "%0A=1",
        ];
        for attack in attacks {
            let rows = parse(&book(vec![row(attack)]).to_csv());
            assert_eq!(rows.len(), 2, "{attack:?}");
            assert_eq!(rows[1].len(), rows[0].len(), "{attack:?}");
            for cell in &rows[1][..3] {
                let first = cell.trim_start().chars().next();
                assert!(!matches!(first, Some('=' | '+' | '-' | '@' | '\u{feff}')), "{attack:?}: {cell:?}");
                assert!(!cell.chars().any(char::is_control), "{attack:?}: {cell:?}");
            }
            let json: serde_json::Value =
                serde_json::from_str(&book(vec![row(attack)]).to_json()).expect("JSON");
            assert_eq!(json["rows"][0]["student_id"], attack);
        }
    }

    #[test]
    fn what_could_not_be_judged_has_no_score_and_never_a_zero() {
        let lost = Row { status: RowStatus::NotJudged, score: None, ..row("ada") };
        let rows = parse(&book(vec![lost]).to_csv());
        assert_eq!(&rows[1][5], "");
        assert_eq!(rows[1].last().map(String::as_str), Some(""));
    }
}
