//! `capsule-run doctor`.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;

use crate::cli::args::{ColorWhen, DoctorArgs, MessageFormat};
use crate::cli::engine::options;
use crate::cli::failure::Failure;
use crate::cli::load::{self, Places};
use crate::cli::{exit, terminal};
use crate::policy::Overrides;
use crate::sandbox::probe::{self, Diagnosis, Layer, State};
use crate::units::visible_line;

/// Tries everything and prints what came of it.
pub(in crate::cli) fn run(args: &DoctorArgs, places: &Places) -> u8 {
    // Where cases are to have their cgroups is the configuration's to say.
    let operator = match load::operator(places, None, Overrides::default()) {
        Ok(operator) => operator,
        Err(wrong) => {
            Failure::from(wrong).tell(ColorWhen::Auto, MessageFormat::Human, exit::USAGE);
            return exit::USAGE;
        }
    };
    let diagnosis = probe::examine(options(&operator.config), &places.cwd);
    let text = if args.json {
        format!("{}\n", serde_json::to_string(&diagnosis).expect("plain data is JSON"))
    } else {
        table(&diagnosis, terminal::width().clamp(60, 120))
    };
    match terminal::print(text.as_bytes()) {
        Err(_) => exit::REPORT_LOST,
        Ok(()) if diagnosis.strict => exit::OK,
        Ok(()) => exit::FAILED,
    }
}

/// The schema of what `--json` prints, indented, with a final newline.
pub(in crate::cli) fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    format!("{:#}\n", generator.into_root_schema_for::<Diagnosis>().as_value())
}

fn table(diagnosis: &Diagnosis, width: usize) -> String {
    let shown = |text: &str| visible_line(text.as_bytes());
    let mut out = format!(
        " capsule-run {} on Linux {} {}, {}{}\n\n",
        env!("CARGO_PKG_VERSION"),
        shown(&diagnosis.kernel),
        shown(&diagnosis.arch),
        if diagnosis.root { "as root" } else { "as an ordinary user" },
        diagnosis
            .container
            .as_ref()
            .map_or(String::new(), |kind| format!(", in a container ({})", shown(kind))),
    );
    for layer in &diagnosis.layers {
        row(&mut out, layer, width);
    }
    let needed = |layer: &&Layer| layer.needed && layer.state == State::Missing;
    let missing: Vec<_> = diagnosis.layers.iter().filter(needed).map(|layer| layer.title.as_str()).collect();
    out.push_str(&if missing.is_empty() {
        "\n Suites can run strictly on this host.\n".to_owned()
    } else {
        format!(
            "\n Suites cannot run strictly on this host; what they need and lack: {}.\n",
            missing.join(", ")
        )
    });
    out
}

/// ` missing  cgroups    why`, and below it what helps and what is done meanwhile.
fn row(out: &mut String, layer: &Layer, width: usize) {
    let word = match layer.state {
        State::Ok => "ok",
        State::Weaker => "weaker",
        State::Missing => "missing",
    };
    let head = format!(" {word:<8} {:<27} ", layer.title);
    wrapped(out, &head, &layer.found, width);
    for remedy in &layer.remedies {
        wrapped(out, "          to have it: ", remedy, width);
    }
    if !layer.meanwhile.is_empty() {
        wrapped(out, "          meanwhile:  ", &layer.meanwhile, width);
    }
}

/// `text` behind `head`, broken at blanks, each further line below the first.
fn wrapped(out: &mut String, head: &str, text: &str, width: usize) {
    let indent = " ".repeat(head.chars().count());
    let text = visible_line(text.as_bytes());
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            let _ = writeln!(out, "{}", line.trim_end());
            line.clone_from(&indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks_and_stay_below_each_other() {
        let mut out = String::new();
        wrapped(&mut out, " ok  ", "one two three", 12);
        assert_eq!(out, " ok  one two\n     three\n");
    }
}
