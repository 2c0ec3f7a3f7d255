//! The live area: the bar, what runs, widths, sizes, colours.

use super::place::Place;
use super::pty::Pty;

/// One case that passes, one that fails, and one that spins with memory until it is ended.
const SUITE: &str = "\
version: 1
name: live
cases:
  - {id: quick, run: [echo, ok], expect: {stdout: {text: \"ok\\n\"}}, points: 5}
  - {id: wrong, run: [echo, no], expect: {stdout: {text: \"ok\\n\"}}, points: 5}
  - {id: spin, shell: 'x=$(head -c 20000000 /dev/zero | tr \"\\0\" a); while :; do :; done', limits: {timeout: 300s, cpu_time: 300s, memory: 256M}}
";

fn start(args: &[&str], columns: u16, rows: u16) -> (Place, Pty) {
    start_with(args, columns, rows, &[])
}

fn start_with(args: &[&str], columns: u16, rows: u16, env: &[(&str, &str)]) -> (Place, Pty) {
    let place = Place::with(SUITE);
    let mut command = place.command(&[&["suite"], args].concat());
    command.envs(env.iter().copied());
    let pty = Pty::start(command, columns, rows);
    (place, pty)
}

#[test]
fn the_bar_stands_below_the_lines_of_cases_and_what_runs_below_the_bar() {
    let (_place, mut pty) = start(&[], 100, 24);
    let screen = pty.until("lists what runs", |screen| screen.contains("spin  ") && screen.contains("cpu "));
    let lines: Vec<_> = screen.lines().collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text)).expect(text);
    assert!(at("capsule-run ") < at("PASS") && at("PASS") < at("FAIL") && at("FAIL") < at("2/3"), "{screen}");
    assert_eq!(at("2/3") + 1, at("cpu "), "{screen}");
    assert!(lines[at("2/3")].contains("1 ok  1 failed"), "{screen}");
    assert!(lines[at("quick")].ends_with("5/5") && lines[at("wrong")].ends_with("0/5"), "{screen}");
    pty.press("q");
    pty.ends();
}

#[test]
fn cpu_and_memory_of_what_runs_are_live() {
    let (_place, mut pty) = start(&[], 100, 24);
    let number = |screen: &str, word: &str| -> f64 {
        let line = screen.lines().find(|line| line.contains("cpu ")).unwrap_or_default();
        let after = line.split(word).nth(1).unwrap_or_default().trim_start();
        after
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect::<String>()
            .parse()
            .unwrap_or(0.0)
    };
    pty.until("has the memory of the shell's text", |screen| number(screen, "mem ") >= 19.0);
    let first = number(&pty.screen(), "cpu ");
    pty.until("uses more CPU time", |screen| number(screen, "cpu ") > first + 0.2);
    assert!(pty.screen().contains("/256 MiB"));
    pty.press("q");
    pty.ends();
}

#[test]
fn no_line_of_the_area_reaches_the_last_column_whatever_the_size() {
    for (columns, rows, bar, list) in [
        (120, 30, true, true),
        (60, 24, true, true),
        (49, 24, true, false),
        (80, 9, true, false),
        (19, 24, false, false),
    ] {
        let (_place, mut pty) = start(&[], columns, rows);
        if !bar {
            pty.until("has both results", |screen| screen.contains("FAIL"));
            std::thread::sleep(std::time::Duration::from_millis(400));
        }
        let screen = if bar { pty.shows("2/3") } else { pty.screen() };
        let screen = if list { pty.shows("cpu ") } else { screen };
        assert_eq!(screen.contains("2/3"), bar, "{columns}x{rows}:\n{screen}");
        assert_eq!(screen.contains("cpu "), list, "{columns}x{rows}:\n{screen}");
        let area = screen.lines().skip_while(|line| !line.contains("2/3"));
        for line in area {
            assert!(line.chars().count() < usize::from(columns), "{columns}x{rows}:\n{screen}");
        }
        pty.press("q");
        pty.ends();
    }
}

#[test]
fn a_terminal_that_changes_its_size_has_one_area_and_not_the_remains_of_another() {
    let (_place, mut pty) = start(&[], 110, 24);
    pty.shows("cpu ");
    for (columns, rows) in [(70, 24), (40, 12), (120, 30)] {
        pty.resize(columns, rows);
        let is_new = |screen: &str| {
            screen.lines().any(|line| line.contains("2/3") && line.chars().count() < usize::from(columns))
        };
        pty.until("is drawn for the new size", is_new);
        std::thread::sleep(std::time::Duration::from_millis(500));
        let screen = pty.screen();
        assert_eq!(screen.matches("2/3").count(), 1, "{columns}:\n{screen}");
        assert!(screen.matches("cpu ").count() <= 1, "{columns}:\n{screen}");
    }
    pty.press("q");
    pty.ends();
}

#[test]
fn at_the_end_the_area_is_gone_and_the_summary_is_there() {
    let (_place, mut pty) = start(&["--filter", "quick", "--filter", "wrong", "--durations", "1"], 90, 40);
    assert_eq!(pty.ends(), 1);
    let screen = pty.screen();
    assert!(
        !screen.contains('━') && screen.contains("Summary") && screen.contains("1 passed, 1 failed"),
        "{screen}"
    );
    let slowest = screen.lines().find(|line| line.contains("Slowest")).expect("one is named");
    assert!(!slowest.contains('·'), "one only: {slowest}");
    assert!(screen.contains("2 cases of 3 (1 filtered out)"), "{screen}");
    assert!(pty.is_as_before());
}

#[test]
fn colour_follows_the_usual_variables_and_ascii_is_ascii() {
    let coloured = |env: &[(&str, &str)], args: &[&str]| {
        let (_place, mut pty) = start_with(&[&["--only", "wrong"], args].concat(), 90, 40, env);
        pty.ends();
        (pty.sent().contains("\x1b[31"), pty.sent())
    };
    assert!(coloured(&[], &[]).0);
    assert!(!coloured(&[("NO_COLOR", "1")], &[]).0);
    assert!(!coloured(&[("CLICOLOR", "0")], &[]).0);
    assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]).0);
    let (_, sent) = coloured(&[], &["--ascii", "--color", "never"]);
    assert!(sent.is_ascii(), "{sent}");
}

#[test]
fn there_is_no_bar_in_ci_and_none_on_a_dumb_terminal() {
    for env in [("CI", "true"), ("GITLAB_CI", "1")] {
        let (_place, mut pty) = start_with(&["--only", "quick"], 90, 40, &[env]);
        assert_eq!(pty.ends(), 0);
        assert!(pty.screen().contains("(1/1) quick") && !pty.sent().contains("\x1b[J"), "{}", pty.sent());
    }
}

#[test]
fn the_tab_of_a_terminal_that_can_shows_progress_and_is_cleared() {
    for signal in [None, Some(nix::sys::signal::Signal::SIGINT)] {
        let args: &[&str] = if signal.is_some() { &[] } else { &["--filter", "quick", "--filter", "wrong"] };
        let (_place, mut pty) = start_with(args, 90, 40, &[("TERM_PROGRAM", "WezTerm")]);
        if let Some(signal) = signal {
            pty.shows("cpu ");
            pty.send(signal);
        }
        pty.ends();
        let sent = pty.sent();
        let last = sent.rfind("\x1b]9;4;").expect("it was set");
        assert!(sent[last..].starts_with("\x1b]9;4;0"), "{:?}", &sent[last..]);
        assert!(sent.contains("\x1b]9;4;1;") || sent.contains("\x1b]9;4;2;"), "{sent:?}");
    }
    let (_place, mut pty) = start(&["--only", "quick"], 90, 40);
    pty.ends();
    assert!(!pty.sent().contains("\x1b]9"), "others may take it for a message");
}
