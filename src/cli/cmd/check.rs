//! `capsule-run check`: everything that is wrong with suites, and what looks wrong. Nothing is run
//! but the tiny programs that try the sandbox.

use serde_json::json;

use crate::cli::args::{CheckArgs, MessageFormat};
use crate::cli::engine;
use crate::cli::failure::Failure;
use crate::cli::files::RealFiles;
use crate::cli::history::History;
use crate::cli::load::{self, Places};
use crate::cli::look::{self, Seen, Warning};
use crate::cli::select::{Choice, choose};
use crate::cli::{exit, overrides, terminal, variables};
use crate::policy::Config;
use crate::sandbox::probe::{self, Layer, State};
use crate::units::visible_line;

/// Checks suites.
pub(in crate::cli) fn run(args: &CheckArgs, places: &Places) -> u8 {
    match check(args, places) {
        Ok(status) => status,
        Err(failure) => {
            failure.tell(args.source.color, args.source.message_format, exit::USAGE);
            exit::USAGE
        }
    }
}

fn check(args: &CheckArgs, places: &Places) -> Result<u8, Failure> {
    let source = &args.source;
    let options = overrides::of_suite(&source.operator, &source.set)?;
    let mut operator = load::operator(places, source.operator.config.as_deref(), options)?;
    variables::give(&source.language, &mut operator)?;
    let paths = load::find_suites(places, &source.suites)?;
    let seen = Seen::new(RealFiles);
    let mut suites = load::suites_through(&paths, &operator, source.submission.as_deref(), &seen)?;
    let mut warnings = look::unused_files(&paths, &suites, &seen, &operator.cwd);
    let (cases, _) = load::all_cases(&mut suites);
    warnings.extend(look::at_cases(&cases));
    let all = cases.len();
    let history = History::new(places.runs.clone(), places.cwd.clone());
    let Choice { cases, chosen } = choose(cases, &suites, &args.select, &history)?;
    for note in &chosen.notes {
        match note.strip_prefix("warning: ") {
            Some(warning) => warnings.push(Warning::of_no_place(warning)),
            None => terminal::say(&format!("note: {note}")),
        }
    }
    warnings.iter().for_each(|warning| tell(warning, source.message_format));
    let selected = if cases.len() < all { format!("{} of {all}", cases.len()) } else { all.to_string() };
    let plural = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let files = plural(suites.len(), "suite");
    let found =
        if warnings.is_empty() { "no warnings".to_owned() } else { plural(warnings.len(), "warning") };
    let missing = if args.no_probe { Vec::new() } else { missing(places, &operator.config) };
    if source.message_format == MessageFormat::Human {
        terminal::say(&format!("{files}, {selected} cases and build steps: no errors, {found}"));
    }
    if !missing.is_empty() {
        let missing = visible_line(missing.join(", ").as_bytes());
        terminal::say(&format!(
            "error: this host cannot run them strictly; what they need and lack: {missing}\n  help: capsule-run doctor"
        ));
        return Ok(exit::NOT_JUDGED);
    }
    if cases.is_empty() {
        return Ok(chosen.nothing(args.select.no_cases));
    }
    Ok(if args.deny_warnings && !warnings.is_empty() { exit::FAILED } else { exit::OK })
}

fn tell(warning: &Warning, format: MessageFormat) {
    match format {
        MessageFormat::Human => terminal::say(&format!("warning: {warning}")),
        MessageFormat::Json => terminal::say(
            &json!({
                "level": "warning",
                "message": warning.message,
                "place": warning.place.as_ref().map(|(file, line)| json!({"file": file, "line": line})),
            })
            .to_string(),
        ),
    }
}

/// What this host lacks.
fn missing(places: &Places, config: &Config) -> Vec<String> {
    let diagnosis = probe::examine(engine::options(config), &places.cwd);
    let needed = |layer: &&Layer| layer.needed && layer.state == State::Missing;
    diagnosis.layers.iter().filter(needed).map(|layer| layer.title.to_string()).collect()
}
