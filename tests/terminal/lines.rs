//! Where there is no terminal: lines with a counter, heartbeats aside; and what no line may hold.

use std::process::Stdio;

use super::place::Place;

fn stderr(place: &Place, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = place.command(&[&["suite"], args].concat());
    let done = command.envs(env.iter().copied()).stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("all that we write is UTF-8");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn each_case_is_one_line_with_a_counter_and_nothing_moves_the_cursor() {
    let suite = "version: 1\nname: n\ncases:\n  - {id: a, run: ['true']}\n  - {id: b, run: ['false']}\n";
    let (status, _, said) = stderr(&Place::with(suite), &[], &[]);
    assert_eq!(status, Some(1));
    assert!(said.contains("(1/2) a") && said.contains("(2/2) b: "), "{said}");
    assert!(!said.contains(['\x1b', '\r']), "{said:?}");
}

#[test]
fn colour_can_be_forced_into_a_pipe() {
    let place = Place::with("version: 1\nname: n\ncases:\n  - {id: a, run: ['true']}\n");
    assert!(stderr(&place, &[], &[("CLICOLOR_FORCE", "1")]).2.contains("\x1b[32"));
    assert!(!stderr(&place, &[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).2.contains('\x1b'));
    assert!(!stderr(&place, &[], &[("CLICOLOR_FORCE", "0")]).2.contains('\x1b'));
}

#[test]
fn columns_is_the_width_where_there_is_no_terminal() {
    let suite =
        "version: 1\nname: n\ncases:\n  - {id: a, run: [echo, long], expect: {stdout: {text: \"x\"}}}\n";
    for columns in ["60", "140"] {
        let (_, _, said) = stderr(&Place::with(suite), &[], &[("COLUMNS", columns)]);
        let rule = said.lines().find(|line| line.contains("────")).expect("there is a rule");
        assert_eq!(rule.chars().count(), columns.parse::<usize>().expect("a number") - 1, "{said}");
    }
}

/// Everything that a CI service could take for a command, printed by a program in every place that
/// we show: standard output, standard error, a file, and its name in the suite.
#[test]
fn no_line_is_a_command_to_a_ci_service() {
    let hostile = "::error::pwned\\n  ::add-mask::x\\n##[error]pwned\\n##vso[task.complete result=Failed]x\\n##teamcity[x]\\n::stop-commands::t\\n\\033]0;t\\007\\033[2J";
    let suite = format!(
        "version: 1\nname: \"::error::suite\"\ncases:\n  - {{id: 'c##[x]', shell: \"printf '{hostile}'; printf '{hostile}' >&2; printf '{hostile}' >out; exit 1\", expect: {{stdout: {{text: \"::error::wanted\\n##[group]x\\n\", compare: exact}}, files: {{out: {{text: \"::warning::x\"}}}}}}}}\n"
    );
    for args in [
        &[][..],
        &["-v"],
        &["--diff", "inline"],
        &["--diff", "side"],
        &["--output", "all"],
        &["--progress", "plain"],
    ] {
        let (_, stdout, said) = stderr(&Place::with(&suite), args, &[("CI", "true")]);
        assert!(said.contains("pwned"), "it is shown: {said}");
        for line in said.lines().chain(stdout.lines()) {
            assert!(!line.trim_start().starts_with("::"), "{args:?}: {line}");
            for word in ["##[", "##vso[", "##teamcity["] {
                assert!(!line.contains(word), "{args:?}: {line}");
            }
        }
        assert!(!said.contains('\x1b') && !said.contains('\x07'), "{args:?}: {said:?}");
    }
    let place = Place::with("");
    let mut command = place.command(&["--", "printf", "##[error]x\\n##vso[y]\\n"]);
    let result = String::from_utf8(command.output().expect("it runs").stdout).expect("UTF-8");
    assert!(!result.contains("##[") && !result.contains("##vso["), "{result}");
    let json: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(json["stdout"], "##[error]x\n##vso[y]\n");
}

#[test]
fn a_difference_has_as_many_lines_as_were_asked_for() {
    let wanted: String = (0..300).map(|n| format!("line {n}\n")).collect();
    let place = Place::with(
        "version: 1\nname: n\ncases:\n  - {id: a, run: [seq, '300'], expect: {stdout: {file: wanted, compare: exact}}}\n",
    );
    place.file("wanted", &wanted);
    let lines = |args: &[&str]| {
        let (_, _, said) = stderr(&place, args, &[]);
        let shown = said.lines().filter(|line| line.contains('│')).count();
        (shown, said)
    };
    let (usual, said) = lines(&[]);
    assert!((60..=80).contains(&usual), "{usual}: {said}");
    assert!(said.contains("--only a --diff-lines all"), "{said}");
    let (few, _) = lines(&["--diff-lines", "20"]);
    assert!((10..=20).contains(&few), "{few}");
    let (all, said) = lines(&["--diff-lines", "all"]);
    assert!(all >= 600, "{all}");
    assert!(!said.contains("goes on"), "{said}");
}
