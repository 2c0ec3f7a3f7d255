//! `capsule-run -- CMD` and `capsule-run --json`: a run of one case, and one JSON object.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::cli::args::{ColorWhen, MessageFormat, SingleArgs};
use crate::cli::engine::engine;
use crate::cli::failure::{Failure, plain};
use crate::cli::journal::{self, Journal};
use crate::cli::load::{self, Places};
use crate::cli::{account, binds, exit, files, ids, overrides, signals, terminal};
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::policy::{self, Request, WorkspaceChoice};
use crate::report::{self, ResultObject};
use crate::resolve::{self, Operator, ResolvedCase};
use crate::runner::{self, RunPlan};
use crate::sandbox::Fresh;
use crate::sandbox::cancel::Cancel;
use crate::units::NoNul;

use super::create_config;

/// A single command, decided.
struct Job {
    request: Request,
    operator: Operator,
    case: ResolvedCase,
}

/// Runs a single command.
pub(in crate::cli) fn run(args: SingleArgs, places: &Places) -> u8 {
    if let Some(path) = &args.create_config {
        return create_config::run(path);
    }
    if args.argv.is_empty() && !args.json {
        terminal::say(
            "error: nothing to run\n  help: capsule-run [OPTIONS] -- CMD [ARG]...\n        capsule-run [OPTIONS] --json < request.json\n        capsule-run suite [SUITE]...\n        capsule-run help",
        );
        return exit::USAGE;
    }
    let mut id = args.execution_id.clone().filter(|id| policy::is_execution_id(id));
    let done = prepare(&args, places).map_err(Failure::from).and_then(|job| {
        id = id.take().or_else(|| job.request.execution_id.clone());
        if args.dry_run {
            plan(&job)
        } else {
            execute(job, &args, id.get_or_insert_with(ids::execution), places)
        }
    });
    done.unwrap_or_else(|failure| refuse(&failure, &args, id.unwrap_or_else(ids::execution)))
}

fn prepare(args: &SingleArgs, places: &Places) -> Result<Job, Vec<Diagnostic>> {
    if args.execution_id.as_deref().is_some_and(|id| !policy::is_execution_id(id)) {
        let reason = "--execution-id: an execution id has 1 to 128 characters, none of them invisible";
        return Err(vec![plain(Code::OutOfRange, reason.to_owned(), "")]);
    }
    let options = overrides::of_single(args)?;
    let operator = load::operator(places, args.operator.config.as_deref(), options)?;
    let request = if args.json { read_request(args)? } else { typed_request(args)? };
    let case = resolve::command(&request, &operator)?;
    binds::check([&case])?;
    Ok(Job { request, operator, case })
}

fn typed_request(args: &SingleArgs) -> Result<Request, Vec<Diagnostic>> {
    let argv: Result<_, _> = args.argv.iter().map(|word| NoNul::new(word.as_bytes())).collect();
    let argv = argv.map_err(|error| vec![plain(Code::InvalidCommand, error.to_string(), "")])?;
    Ok(Request { argv, workspace: workspace(args.isolation.workspace.as_deref()), ..Request::default() })
}

fn read_request(args: &SingleArgs) -> Result<Request, Vec<Diagnostic>> {
    let text = files::read_text_from(io::stdin().lock()).map_err(|error| {
        vec![plain(Code::InvalidInput, format!("the request on standard input cannot be read: {error}"), "")]
    })?;
    let mut request = policy::parse_request(&Source { name: "<stdin>".to_owned(), text: Arc::from(text) })?;
    if args.isolation.workspace.is_some() {
        request.workspace = workspace(args.isolation.workspace.as_deref());
    }
    Ok(request)
}

fn workspace(option: Option<&Path>) -> WorkspaceChoice {
    match option {
        None => WorkspaceChoice::Auto,
        Some(none) if none == Path::new("none") => WorkspaceChoice::Empty,
        Some(folder) => WorkspaceChoice::Folder(folder.to_owned()),
    }
}

/// `--dry-run`.
fn plan(job: &Job) -> Result<u8, Failure> {
    let explanation = resolve::explain_command(&job.request, &job.operator)?;
    let written = terminal::print_all(&|out| report::write_json(&explanation, out));
    Ok(if written.is_ok() { exit::OK } else { exit::REPORT_LOST })
}

fn execute(job: Job, args: &SingleArgs, id: &str, places: &Places) -> Result<u8, Failure> {
    let cancel = Cancel::new()?;
    // There is nothing to wind down but the command itself: the first signal kills it.
    let (interrupted, unwatched) = signals::watch_when_needed(&cancel)?;
    // What is written meanwhile may have to wait for whoever reads it.
    let is_quiet = !args.verbose
        && !job.operator.config.monitoring.log_executions
        && log::max_level() < log::LevelFilter::Info;
    if !is_quiet {
        cancel.answer();
    }
    let journal = Journal::open(&job.operator.config.monitoring)?;
    if args.verbose {
        let explanation = resolve::explain_command(&job.request, &job.operator)?;
        terminal::say_text(&explanation.to_text());
        let (_, why_empty) = resolve::workspace(&job.request.workspace, &job.operator);
        why_empty.iter().for_each(|why| terminal::say(why));
    }
    let engine = engine(&job.operator, Fresh::ALL);
    if let Some(live) = engine.inner().live() {
        interrupted.reaches(live);
    }
    let plan = RunPlan::single(job.case, places.scratch.clone());
    let mut reports = runner::run(&plan, &engine, &cancel, &|_| {});
    // A signal that nobody has looked at yet came before the end.
    let _ = cancel.level();
    let monitoring = &job.operator.config.monitoring;
    if !monitoring.enable_io_statistics {
        journal::forget_io(&mut reports);
    }
    let report = reports.first().expect("a plan of one case has one report");
    journal.log(id, report);
    if args.verbose {
        terminal::say_text(&account::after(report));
    }
    let status = exit::of_single(report, interrupted.signal());
    let tracked = monitoring.enable_resource_tracking;
    let result = ResultObject::new(report, id);
    let result = if tracked { result } else { result.untracked() };
    // What is written at once cannot be interrupted; else somebody watches from here on.
    let text = short(&result, args.pretty).filter(|text| terminal::takes_at_once(text.len()));
    if text.is_some() {
        unwatched.end();
    } else {
        drop(unwatched);
    }
    let write = |out: &mut dyn Write| match &text {
        Some(text) => out.write_all(text),
        None => result.write(args.pretty, out),
    };
    Ok(print(&write, status))
}

/// The result as it is to be written, if the program has said little.
fn short(result: &ResultObject<'_>, pretty: bool) -> Option<Vec<u8>> {
    const LITTLE: usize = 1 << 10;
    let mut text = Vec::new();
    (result.said() <= LITTLE).then(|| result.write(pretty, &mut text)).and_then(Result::ok).map(|()| text)
}

/// Prints the result; `status`, unless it is lost.
fn print(result: &dyn Fn(&mut dyn Write) -> io::Result<()>, status: u8) -> u8 {
    match terminal::print_all(result) {
        Ok(()) => status,
        Err(error) => {
            terminal::say(&format!("error: cannot write the result: {error}"));
            exit::REPORT_LOST
        }
    }
}

/// Nothing was run. `-- CMD` must not be confused with the command's own statuses; a request and
/// a dry run have none of their own.
fn refuse(failure: &Failure, args: &SingleArgs, id: String) -> u8 {
    let status = if args.json || args.dry_run { exit::USAGE } else { exit::HARNESS };
    failure.tell(ColorWhen::Auto, MessageFormat::Human, status);
    match failure.code_and_message() {
        Some((code, message)) if !args.dry_run => {
            let result = ResultObject::refused(&id, code, &message);
            print(&|out| result.write(args.pretty, out), status)
        }
        _ => status,
    }
}
