//! Checkers and interactors: what their answers mean, that a broken one passes nobody, and that a
//! submission has no way to them but its output.

use std::fs;

use serde_json::Value;

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;

/// The report of a suite, by case.
struct Judged {
    exit: i32,
    stderr: String,
    report: Value,
}

impl Judged {
    fn case(&self, id: &str) -> &Value {
        let cases = self.report["cases"].as_array().expect("a report has cases");
        cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no case {id}: {}", self.stderr))
    }

    /// `failed E6002`.
    fn verdict(&self, id: &str) -> String {
        let case = self.case(id);
        let code = case["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
        format!("{}{code}", case["status"].as_str().unwrap_or_default())
    }

    fn said(&self, id: &str) -> &Value {
        &self.case(id)["details"]["judged"]
    }
}

fn judge(place: &Place, files: &[(&str, &str)], options: &[&str]) -> Judged {
    for (name, text) in files {
        let path = place.work().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    let mut arguments = vec!["suite", "suite.yaml", "--json", "report.json", "-q", "-j", "2"];
    arguments.extend(options);
    let done = place.capsule(&arguments);
    assert!(done.stdout.is_empty(), "standard output belongs to reports: {}", done.stdout);
    let text = fs::read_to_string(place.work().join("report.json"))
        .unwrap_or_else(|error| panic!("no report: {error}\n{}", done.stderr));
    let report = serde_json::from_str(&text).expect("a report is JSON");
    Judged { exit: done.code(), stderr: done.stderr, report }
}

/// Does what its answer file says, in Python.
const OBEYS: &str =
    "import os, sys, time\nfeedback = sys.argv[3]\nanswer = sys.argv[2]\nexec(open(answer).read())\n";

#[test]
fn kattis_answers_are_read_as_the_format_says_and_anything_else_judges_nobody() {
    let place = Place::new();
    let suite = r#"
version: 1
profiles: {quick: {inherits: python, cpu_time: 1s, timeout: 5s, memory: 64M, max_output: 64K}}
defaults:
  run: [echo, hello]
  profile: python
  points: 4
  checker: {run: [python3, check.py], protocol: kattis, profile: quick, files: {check.py: {file: check.py}}}
cases:
  - {id: accepts, expect: {stdout: "sys.exit(42 if sys.stdin.read() == 'hello\\n' else 1)"}}
  - {id: rejects, expect: {stdout: "open(feedback + 'judgemessage.txt', 'w').write('for judges'); open(feedback + 'teammessage.txt', 'w').write('for the team'); sys.exit(43)"}}
  - {id: score, expect: {stdout: "open(feedback + 'score.txt', 'w').write('1.5'); sys.exit(42)"}}
  - {id: multiplier, expect: {stdout: "open(feedback + 'score_multiplier.txt', 'w').write('0.25'); sys.exit(42)"}}
  - {id: nothing, expect: {stdout: "open(feedback + 'score.txt', 'w').write('0'); sys.exit(42)"}}
  - {id: too-much, expect: {stdout: "open(feedback + 'score.txt', 'w').write('400'); sys.exit(42)"}}
  - {id: zero, expect: {stdout: "sys.exit(0)"}}
  - {id: one, expect: {stdout: "sys.exit(1)"}}
  - {id: crash, expect: {stdout: "os.kill(os.getpid(), 11)"}}
  - {id: endless, expect: {stdout: "while True: pass"}}
  - {id: hungry, expect: {stdout: "x = 'x' * (1 << 28); sys.exit(42)"}}
  - {id: flood, expect: {stdout: "print('x' * (1 << 20)); sys.exit(42)"}}
  - {id: no-number, expect: {stdout: "open(feedback + 'score.txt', 'w').write('nan'); sys.exit(42)"}}
  - {id: both, expect: {stdout: "open(feedback + 'score.txt', 'w').write('1'); open(feedback + 'score_multiplier.txt', 'w').write('1'); sys.exit(42)"}}
  - {id: link, expect: {stdout: "os.symlink('/etc/hostname', feedback + 'score.txt'); sys.exit(42)"}}
  - {id: not-there, checker: {run: [./no-such-program], protocol: kattis}, expect: {stdout: ""}}
  - {id: own-failure, run: ["false"], expect: {stdout: "sys.exit(42)"}}
  - {id: plain, checker: none, expect: {stdout: "hello"}}
"#;
    let judged = judge(&place, &[("suite.yaml", suite), ("check.py", OBEYS)], &[]);
    assert_eq!(judged.exit, 4, "{}", judged.stderr);
    for passed in ["accepts", "score", "multiplier", "too-much", "plain"] {
        assert_eq!(judged.verdict(passed), "passed", "{passed}: {}", judged.case(passed));
    }
    for failed in ["rejects", "nothing"] {
        assert_eq!(judged.verdict(failed), "failed E6002", "{failed}");
    }
    for broken in
        ["zero", "one", "crash", "endless", "hungry", "flood", "no-number", "both", "link", "not-there"]
    {
        assert_eq!(judged.verdict(broken), "error E6006", "{broken}: {}", judged.case(broken));
        assert_eq!(judged.case(broken)["score"].as_f64(), Some(0.0), "{broken}");
    }
    assert_eq!(judged.verdict("own-failure"), "failed E6001");
    let points = |id: &str| judged.case(id)["score"].as_f64();
    assert_eq!([points("accepts"), points("score"), points("multiplier")], [Some(4.0), Some(1.5), Some(1.0)]);
    assert_eq!([points("too-much"), points("rejects"), points("nothing")], [Some(4.0), Some(0.0), Some(0.0)]);
    let said = judged.said("rejects");
    assert_eq!(
        (&said["judge_message"], &said["team_message"]),
        (&"for judges".into(), &"for the team".into())
    );
}

#[test]
fn testlib_answers_are_read_as_testlib_means_them() {
    let place = Place::new();
    let suite = r#"
version: 1
defaults:
  run: [echo, hello]
  profile: python
  points: 4
  checker: {run: [python3, check.py], protocol: testlib, args: [more], files: {check.py: {file: check.py}}}
cases:
  - {id: ok, expect: {stdout: "sys.stderr.write('ok right'); sys.exit(0 if open(sys.argv[2]).read() == 'hello\\n' and sys.argv[4] == 'more' else 3)"}}
  - {id: wrong, expect: {stdout: "sys.stderr.write('wrong answer because'); sys.exit(1)"}}
  - {id: format, expect: {stdout: "sys.exit(2)"}}
  - {id: dirt, expect: {stdout: "sys.exit(4)"}}
  - {id: end, expect: {stdout: "sys.exit(8)"}}
  - {id: fail, expect: {stdout: "sys.stderr.write('FAIL the answer is wrong'); sys.exit(3)"}}
  - {id: points, expect: {stdout: "sys.stderr.write('points 3 good'); sys.exit(7)"}}
  - {id: no-points, expect: {stdout: "sys.stderr.write('good'); sys.exit(7)"}}
  - {id: partly, expect: {stdout: "sys.stderr.write('partially correct (50) half'); sys.exit(50)"}}
  - {id: base, expect: {stdout: "sys.exit(75)"}}
  - {id: other, expect: {stdout: "sys.exit(42)"}}
"#;
    let check = "import sys\nexec(open(sys.argv[3]).read())\n";
    let judged = judge(&place, &[("suite.yaml", suite), ("check.py", check)], &[]);
    for passed in ["ok", "points", "base"] {
        assert_eq!(judged.verdict(passed), "passed", "{passed}: {}", judged.case(passed));
    }
    for failed in ["wrong", "format", "dirt", "end"] {
        assert_eq!(judged.verdict(failed), "failed E6002", "{failed}");
    }
    for broken in ["fail", "no-points", "other"] {
        assert_eq!(judged.verdict(broken), "error E6006", "{broken}: {}", judged.case(broken));
    }
    assert_eq!(judged.case("points")["score"].as_f64(), Some(3.0));
    assert_eq!(judged.case("base")["score"].as_f64(), Some(1.0));
    assert_eq!(judged.said("wrong")["judge_message"], "wrong answer because");
}

#[test]
fn a_submission_reaches_neither_the_checker_nor_what_it_is_given() {
    let place = Place::new();
    let suite = r#"
version: 1
submission: {path: hand-in}
build:
  - name: checker
    judge: true
    profile: compile
    files: {check.c: {file: judge/check.c}}
    run: [gcc, -o, check, check.c]
    outputs: [check]
cases:
  - id: spies
    run: [sh, -c, "ls -a . .judge; find / -name 'check*' -not -path '/proc/*' -not -path '/usr/*' -not -path '/sys/*' 2>/dev/null; cat .judge/answer"]
    stdin: {text: "the question\n"}
    expect: {exit: any, stdout: "the answer\n"}
    checker: {run: [./check], protocol: kattis}
  - id: forges
    run: [sh, -c, "mkdir -p .judge/feedback; echo 42 > .judge/feedback/score.txt; echo the answer > .judge/answer; cp forged.sh check; echo 42; kill -9 -1"]
    expect: {exit: any, stdout: "the answer\n"}
    checker: {run: [./check], protocol: kattis}
  - id: honest
    run: [echo, the answer]
    expect: {stdout: "the answer\n"}
    checker: {run: [./check], protocol: kattis}
"#;
    let check = r#"
#include "config.h"
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    char answer[100] = "", output[100] = "";
    FILE *file = fopen(argv[2], "r");
    if (argc != 4 || !file || !fgets(answer, 100, file)) return 1;
    if (!fgets(output, 100, stdin)) return 43;
    return strcmp(answer, output) ? 43 : 42;
}
"#;
    let files = [
        ("suite.yaml", suite),
        ("judge/check.c", check),
        ("hand-in/config.h", "#define main(...) main(void) { return 42; } int unused(__VA_ARGS__)\n"),
        ("hand-in/forged.sh", "#!/bin/sh\nexit 42\n"),
    ];
    // Without its own config.h the checker does not compile: the submission's must not help it.
    let broken = judge(&place, &files, &[]);
    assert_eq!(broken.verdict("build/checker"), "error E6006", "{}", broken.stderr);
    assert_eq!((broken.exit, broken.verdict("honest").as_str()), (4, "not_run E6007"));
    let check = check.replace("#include \"config.h\"\n", "");
    let judged = judge(&place, &[("judge/check.c", &check)], &[]);
    assert_eq!(judged.verdict("honest"), "passed", "{}", judged.stderr);
    assert_eq!(judged.verdict("forges").split(' ').next(), Some("failed"), "{}", judged.case("forges"));
    assert_eq!(judged.verdict("spies"), "failed E6002");
    let seen = judged.case("spies")["attempts"][0]["stdout"]["head"]["text"].to_string();
    assert!(seen.contains("forged.sh"), "{seen}");
    assert!(!seen.contains("check") && !seen.contains("answer\\n"), "the submission saw {seen}");
}

/// Answers ten guesses.
const INTERACTOR: &str = "import sys
number = int(open(sys.argv[1]).read())
for turn in range(10):
    line = sys.stdin.readline()
    if not line:
        sys.exit(43)
    if int(line) == number:
        print('correct', flush=True)
        sys.exit(42)
    print('lower' if number < int(line) else 'higher', flush=True)
sys.exit(43)
";

#[test]
fn a_conversation_is_judged_by_whoever_left_first_and_kept() {
    let place = Place::new();
    let suite = r#"
version: 1
profiles: {talks: {inherits: python, cpu_time: 2s, timeout: 3s, max_output: 64K}}
defaults:
  profile: talks
  stdin: {text: "4\n"}
  interactor: {run: [python3, talk.py], protocol: kattis, files: {talk.py: {file: talk.py}}}
cases:
  - {id: right, run: [python3, -c, "print(8, flush=True)\ninput()\nprint(4, flush=True)\nprint(input(), file=__import__('sys').stderr)"]}
  - {id: gives-up, run: [python3, -c, "print(8, flush=True)\ninput()\nexit(3)"]}
  - {id: leaves, run: [python3, -c, "print(8, flush=True)\ninput()"]}
  - {id: never-right, run: [python3, -c, "while True: print(8, flush=True); input()"]}
  - {id: waits, run: [python3, -c, "input()"], limits: {timeout: 1s}}
  - {id: deaf, run: [python3, -c, "import time\nprint(8, flush=True)\ntime.sleep(60)"], limits: {timeout: 1s}}
  - {id: floods, run: [python3, -c, "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_IGN)\nwhile True:\n  try: print('8' * 1000)\n  except OSError: pass"], interactor: {run: [sh, -c, cat], protocol: kattis}, limits: {timeout: 1s}}
  - {id: closes, run: [sh, -c, "exec >&-; sleep 60"], limits: {timeout: 1s}}
  - {id: peeks, run: [sh, -c, "cat .judge/* /proc/1/root/workspace/.judge/* 2>/dev/null; ls -a"]}
  - {id: broken, run: [echo, "4"], interactor: {run: [./nothing-here], protocol: kattis}}
  - {id: hangs, run: ["true"], interactor: {run: [sleep, "60"], protocol: kattis, limits: {timeout: 1s}}}
"#;
    let files = [("suite.yaml", suite), ("talk.py", INTERACTOR)];
    let judged = judge(&place, &files, &[]);
    assert_eq!(judged.verdict("right"), "passed", "{}", judged.case("right"));
    assert_eq!(judged.said("right")["transcript"], "> 8\n< lower\n> 4\n< correct\n");
    assert_eq!(
        (judged.verdict("gives-up").as_str(), &judged.said("gives-up")["first"]),
        ("failed E6001", &"submission".into())
    );
    assert_eq!(judged.verdict("leaves"), "failed E6002");
    assert_eq!(
        (judged.verdict("never-right").as_str(), &judged.said("never-right")["first"]),
        ("failed E6002", &"interactor".into())
    );
    for late in ["waits", "deaf", "closes"] {
        assert_eq!(judged.verdict(late), "failed E3001", "{late}: {}", judged.case(late));
    }
    assert_eq!(judged.verdict("peeks"), "error E6006", "{}", judged.case("peeks"));
    let seen = judged.case("peeks")["attempts"][0]["stdout"]["head"]["text"].to_string();
    assert!(!seen.contains("talk.py") && !seen.contains('4'), "the submission saw {seen}");
    assert_eq!(judged.verdict("floods"), "failed E4004", "{}", judged.case("floods"));
    for broken in ["broken", "hangs"] {
        assert_eq!(judged.verdict(broken), "error E6006", "{broken}: {}", judged.case(broken));
    }
}

#[test]
fn two_that_talk_take_one_turn() {
    let place = Place::new();
    let suite = "version: 1\ncases:\n  - id: talks\n    run: [echo, \"4\"]\n    profile: python\n    stdin: {text: \"4\\n\"}\n    interactor: {run: [python3, talk.py], protocol: kattis, files: {talk.py: {file: talk.py}}}\n";
    let config = "[security]\nmax_concurrent_executions = 1\n";
    let files = [("suite.yaml", suite), ("talk.py", INTERACTOR), ("config.toml", config)];
    let judged = judge(&place, &files, &["--config", "config.toml"]);
    assert_eq!(judged.verdict("talks"), "passed", "{}", judged.stderr);
}

#[test]
fn a_testlib_interactor_hands_its_output_to_the_checker() {
    let place = Place::new();
    let suite = r#"
version: 1
defaults:
  profile: python
  interactor: {run: [python3, talk.py], protocol: testlib, files: {talk.py: {file: talk.py}}}
  checker: {run: [python3, check.py], protocol: testlib, files: {check.py: {file: check.py}}}
cases:
  - {id: even, run: [echo, "4"], stdin: {text: "x"}, expect: {stdout: "4"}}
  - {id: other, run: [echo, "6"], stdin: {text: "x"}, expect: {stdout: "4"}}
  - {id: odd, run: [echo, "5"], stdin: {text: "x"}, expect: {stdout: "4"}}
"#;
    let talk = "import sys\nn = int(input())\nopen(sys.argv[2], 'w').write(str(n))\nsys.exit(n % 2)\n";
    let check = "import sys\nsys.exit(open(sys.argv[2]).read() != open(sys.argv[3]).read())\n";
    let files = [("suite.yaml", suite), ("talk.py", talk), ("check.py", check)];
    let judged = judge(&place, &files, &[]);
    assert_eq!(judged.verdict("even"), "passed", "{}", judged.case("even"));
    assert_eq!(judged.said("other")["by"], "checker");
    assert_eq!(judged.said("odd")["by"], "interactor");
    assert_eq!(
        (judged.verdict("other"), judged.verdict("odd")),
        ("failed E6002".into(), "failed E6002".into())
    );
}

#[test]
fn mistakes_in_a_checker_are_said_with_their_places() {
    let place = Place::new();
    let suite = "version: 1\ncases:\n  - id: a\n    run: [echo]\n    checker: {run: [./check], protocol: testlob}\n  - id: b\n    run: [echo]\n    checker: {protocol: kattis}\n  - id: c\n    run: [echo]\n    interactor: {run: [x], transcript: 1T, protocol: kattis}\n  - id: d\n    run: [echo]\n    checker: ./check\n";
    fs::write(place.work().join("suite.yaml"), suite).expect("writable");
    let done = place.capsule(&["suite", "suite.yaml"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    for said in ["suite.yaml:5", "`testlib`?", "names no program", "at most 4 MiB", "`checker` must be a map"]
    {
        assert!(done.stderr.contains(said), "{said} is missing: {}", done.stderr);
    }
}
