//! `capsule-run review`: one pending expectation after the other, or by options where there is no
//! terminal.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use serde_json::json;

use crate::cli::args::{ColorWhen, MessageFormat, OperatorArgs, UpdateArgs};
use crate::cli::failure::Failure;
use crate::cli::load::{self, Places};
use crate::cli::review::{self, Change, Refused};
use crate::cli::{exit, overrides, terminal};
use crate::judge::Status;
use crate::judge::compare::diff_of;
use crate::report;
use crate::report::RunReport;
use crate::report::text::{TextStyle, change as change_text};
use crate::units::visible_line;

/// `capsule-run review`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReviewArgs {
    /// Suite files, or folders that hold one [default: ./capsule.yaml, ./grade.yaml,
    /// ./*.capsule.yaml]
    #[arg(value_name = "SUITE")]
    suites: Vec<PathBuf>,
    /// Only the case with exactly this id; may be given again
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Show what is pending for this case; decide nothing
    #[arg(long, value_name = "ID", conflicts_with_all = ["accept", "reject", "json"])]
    show: Option<String>,
    /// Print what is pending as one JSON object; decide nothing
    #[arg(long, conflicts_with_all = ["accept", "reject"])]
    json: bool,
    /// Accept what is pending for these cases
    #[arg(long, value_name = "ID", num_args = 1..)]
    accept: Vec<String>,
    /// Reject what is pending for these cases
    #[arg(long, value_name = "ID", num_args = 1..)]
    reject: Vec<String>,
    #[command(flatten)]
    operator: OperatorArgs,
    /// Whether to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorWhen,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
}

/// Reviews what is pending.
pub(in crate::cli) fn run(args: &ReviewArgs, places: &Places) -> u8 {
    decide(args, places).unwrap_or_else(|failure| {
        failure.tell(args.color, MessageFormat::Human, exit::USAGE);
        exit::USAGE
    })
}

fn decide(args: &ReviewArgs, places: &Places) -> Result<u8, Failure> {
    let pending = pending(args, places)?;
    let style = style(args);
    if let Some(id) = &args.show {
        of_cases(&pending, std::slice::from_ref(id))?
            .iter()
            .for_each(|change| show(change, &style, usize::MAX));
        return Ok(exit::OK);
    }
    if args.json {
        return Ok(print_json(&pending));
    }
    if !args.accept.is_empty() || !args.reject.is_empty() {
        let accepted = of_cases(&pending, &args.accept)?;
        let rejected = of_cases(&pending, &args.reject)?;
        return settle(&accepted, &rejected);
    }
    if pending.is_empty() {
        terminal::say("nothing is pending");
        return Ok(exit::OK);
    }
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return walk(&pending, &style);
    }
    for change in &pending {
        terminal::say(&title(change));
    }
    terminal::say("  help: capsule-run review --show ID, --accept ID..., --reject ID..., or on a terminal");
    Ok(exit::OK)
}

fn pending(args: &ReviewArgs, places: &Places) -> Result<Vec<Change>, Failure> {
    let options = overrides::of_suite(&args.operator, &[])?;
    let operator = load::operator(places, args.operator.config.as_deref(), options)?;
    let paths = load::find_suites(places, &args.suites)?;
    let suites = load::suites(&paths, &operator, None)?;
    let cases: Vec<_> = suites.into_iter().flat_map(|suite| suite.cases).collect();
    for id in &args.only {
        if !cases.iter().any(|case| *case.id.0 == **id) {
            return Err(Failure::Usage(format!(
                "--only: no case has the id `{}`",
                visible_line(id.as_bytes())
            )));
        }
    }
    let wanted =
        |change: &Change| args.only.is_empty() || args.only.iter().any(|id| **id == *change.case.id.0);
    let pending = review::load(&cases).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(pending.into_iter().filter(wanted).collect())
}

fn of_cases<'a>(pending: &'a [Change], ids: &[String]) -> Result<Vec<&'a Change>, Failure> {
    for id in ids {
        if !pending.iter().any(|change| *change.case.id.0 == **id) {
            return Err(Failure::Usage(format!("nothing is pending for `{}`", visible_line(id.as_bytes()))));
        }
    }
    Ok(pending.iter().filter(|change| ids.iter().any(|id| **id == *change.case.id.0)).collect())
}

fn settle(accepted: &[&Change], rejected: &[&Change]) -> Result<u8, Failure> {
    let (done, refused) = review::accept(accepted);
    let made: Vec<_> = accepted
        .iter()
        .copied()
        .filter(|change| !refused.iter().any(|refused| *refused.id == *change.case.id.0))
        .chain(rejected.iter().copied())
        .collect();
    review::forget(&made)?;
    terminal::say(&format!("{done} accepted, {} rejected", rejected.len()));
    Ok(tell(&refused))
}

/// What could not be done; the status that says so.
pub(in crate::cli) fn tell(refused: &[Refused]) -> u8 {
    for refused in refused {
        let (id, why) = (visible_line(refused.id.as_bytes()), visible_line(refused.why.as_bytes()));
        terminal::say(&format!("error: {id} is not accepted: {why}"));
    }
    if refused.is_empty() { exit::OK } else { exit::FAILED }
}

fn print_json(pending: &[Change]) -> u8 {
    let all = pending.iter().map(|change| {
        let diff = diff_of(change.compare, &change.old, &change.new, 80).map(|(text, _)| text);
        json!({
            "id": &*change.case.id.0,
            "suite": &*change.case.file,
            "line": change.case.line,
            "target": change.target.name(),
            "file": change.file,
            "diff": diff,
        })
    });
    let json = json!({"schema": "capsule-run/review/1", "pending": all.collect::<Vec<_>>()});
    let written = terminal::print_all(&|out| report::write_json(&json, out));
    if written.is_ok() { exit::OK } else { exit::REPORT_LOST }
}

/// ` basic/sum[n=3] stdout (grade.yaml:41, expected/3.out)`.
fn title(change: &Change) -> String {
    let shown = |text: &str| visible_line(text.as_bytes());
    let file = change.file.as_ref().map(|file| format!(", {}", shown(&file.display().to_string())));
    format!(
        " {}  {} ({}:{}{})",
        shown(&change.case.id.0),
        shown(change.target.name()),
        shown(&change.case.file),
        change.case.line,
        file.unwrap_or_default()
    )
}

fn show(change: &Change, style: &TextStyle, most: usize) {
    let diff = diff_of(change.compare, &change.old, &change.new, most);
    let (text, more) = diff.unwrap_or_else(|| ("(the same to this comparison)\n".to_owned(), false));
    terminal::say(&title(change));
    terminal::say_text(&change_text(&text, more, style));
}

fn style(args: &ReviewArgs) -> TextStyle {
    TextStyle {
        color: terminal::colour(args.color),
        ascii: args.ascii,
        width: terminal::width(),
        ..TextStyle::default()
    }
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Accept,
    Reject,
    Skip,
    /// This and all that follow stay pending.
    Leave,
}

/// Asks for each change on the terminal.
fn walk(pending: &[Change], style: &TextStyle) -> Result<u8, Failure> {
    let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
    for (at, change) in pending.iter().enumerate() {
        terminal::say("");
        show(change, style, style.diff_lines);
        terminal::say_text(&format!(
            " {}/{}  a accept   r reject   s skip   q or Esc leave the rest pending ",
            at + 1,
            pending.len()
        ));
        let decision = ask()?;
        terminal::say(match decision {
            Decision::Accept => ": accept",
            Decision::Reject => ": reject",
            Decision::Skip => ": skip",
            Decision::Leave => ": leave",
        });
        match decision {
            Decision::Accept => accepted.push(change),
            Decision::Reject => rejected.push(change),
            Decision::Skip => {}
            Decision::Leave => break,
        }
    }
    settle(&accepted, &rejected)
}

/// One key. The end of the input leaves everything as it is.
fn ask() -> io::Result<Decision> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut settings = before.clone();
    settings.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
    terminal::remember(before);
    tcsetattr(&stdin, SetArg::TCSADRAIN, &settings)?;
    let decision = loop {
        let mut key = [0; 16];
        let count = stdin.lock().read(&mut key)?;
        if let Some(decision) = meaning(&key[..count]) {
            break decision;
        }
    };
    terminal::restore();
    Ok(decision)
}

/// What the keys mean that were pressed at once. Nothing is the end of the input.
fn meaning(keys: &[u8]) -> Option<Decision> {
    match keys {
        [] | [b'q' | b'Q' | 0x1b | 0x04] => Some(Decision::Leave),
        [b'a' | b'A' | b'y', ..] => Some(Decision::Accept),
        [b'r' | b'R', ..] => Some(Decision::Reject),
        [b's' | b'S' | b'n', ..] => Some(Decision::Skip),
        // An arrow key is an Esc with more behind it, up to a letter.
        [0x1b, b'[' | b'O', rest @ ..] => {
            let end = rest.iter().position(|byte| (0x40..0x7f).contains(byte))?;
            let rest = &rest[end + 1..];
            if rest.is_empty() { None } else { meaning(rest) }
        }
        [_, rest @ ..] if !rest.is_empty() => meaning(rest),
        _ => None,
    }
}

/// `--accept` and `--pending`. An interrupted run has not seen all who expect the same.
pub(super) fn update(run: &RunReport, args: &UpdateArgs) {
    let wanted = args.accept || args.pending;
    if !wanted || run.is_unfinished() {
        return;
    }
    if !args.accept && terminal::in_ci() {
        return terminal::say("note: this is a CI job: --pending writes nothing here");
    }
    let changes = review::of_run(&run.cases);
    let passed = run.cases.iter().filter(|report| report.verdict.status == Status::Passed);
    let passed: Vec<_> = passed.map(|report| Arc::clone(&report.case)).collect();
    if args.accept {
        let (done, refused) = review::accept(&changes.iter().collect::<Vec<_>>());
        tell(&refused);
        let plural = if done == 1 { "" } else { "s" };
        return terminal::say(&format!("  Accepted {done} change{plural}; run again to see them pass"));
    }
    let (kept, refused) = review::keep(&changes, &passed);
    tell(&refused);
    if kept > 0 {
        let suites: Vec<_> = run.suites.iter().map(|suite| visible_line(suite.file.as_bytes())).collect();
        terminal::say(&format!("  Pending {kept}: capsule-run review {}", suites.join(" ")));
    }
}
