//! `language`: the presets build and run programs of every language that is installed here, within
//! 256 MiB, as the author of the suite said nothing but the language.

use std::fs;
use std::path::Path;

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
use run::Done;

const SUITE: &str = "
version: 1
submission: {path: nothing}
language: auto
defaults: {limits: {memory: 256M, cpu_time: 20s}}
cases:
  - {id: sum, points: 2, stdin: {text: \"3\\n4 5\\n\"}, expect: {stdout: \"12\\n\", stderr: \"\"}}
  - {id: none, points: 1, stdin: {text: \"\"}, expect: {stdout: \"0\\n\"}}
";

/// A file's name, what it says, and the program that must be there for it.
const PROGRAMS: &[(&str, &str, &str, &str)] = &[
    (
        "c",
        "sum.c",
        "/usr/bin/gcc",
        "#include <stdio.h>\nint main(void){long n,s=0;while(scanf(\"%ld\",&n)==1)s+=n;printf(\"%ld\\n\",s);}",
    ),
    (
        "cpp",
        "sum.cpp",
        "/usr/bin/g++",
        "#include <iostream>\nint main(){long n,s=0;while(std::cin>>n)s+=n;std::cout<<s<<\"\\n\";}",
    ),
    (
        "java",
        "Sum.java",
        "/usr/bin/javac",
        "package hw;\nimport java.util.*;\npublic class Sum { record Box(long v) {}\n public static void main(String[] a) { Scanner in = new Scanner(System.in); long s = 0; List<byte[]> garbage = new ArrayList<>();\n for (int i = 0; i < 2000; i++) { garbage.add(new byte[1 << 20]); if (garbage.size() > 8) garbage.clear(); }\n while (in.hasNextLong()) s = new Box(s + in.nextLong()).v(); System.out.println(s); } }",
    ),
    ("python", "sum.py", "/usr/bin/python3", "import sys\nprint(sum(map(int, sys.stdin.read().split())))"),
    (
        "javascript",
        "sum.js",
        "/usr/bin/node",
        "const t = require('fs').readFileSync(0, 'utf8');\nconsole.log(t.split(/\\s+/).filter(x => x).reduce((a, b) => a + Number(b), 0));",
    ),
    ("perl", "sum.pl", "/usr/bin/perl", "my $s = 0; while (<STDIN>) { $s += $_ for split } print \"$s\\n\";"),
    (
        "shell",
        "sum.sh",
        "/bin/bash",
        "s=0; while read -r line; do for n in $line; do s=$((s + n)); done; done; echo $s",
    ),
    (
        "go",
        "sum.go",
        "/usr/bin/go",
        "package main\nimport \"fmt\"\nfunc main() { var n, s int64; var keep [][]byte\n for i := 0; i < 2000; i++ { keep = append(keep, make([]byte, 1<<20)); if len(keep) > 8 { keep = nil } }\n for { if _, e := fmt.Scan(&n); e != nil { break }; s += n }; fmt.Println(s) }",
    ),
    (
        "rust",
        "sum.rs",
        "/usr/bin/rustc",
        "use std::io::Read; fn main() { let mut t = String::new(); std::io::stdin().read_to_string(&mut t).unwrap(); println!(\"{}\", t.split_whitespace().map(|w| w.parse::<i64>().unwrap()).sum::<i64>()); }",
    ),
    ("ruby", "sum.rb", "/usr/bin/ruby", "puts STDIN.read.split.map(&:to_i).sum"),
    (
        "lua",
        "sum.lua",
        "/usr/bin/lua",
        "local s = 0; for n in io.read('a'):gmatch('%-?%d+') do s = s + tonumber(n) end; print(math.tointeger(s) or s)",
    ),
    (
        "php",
        "sum.php",
        "/usr/bin/php",
        "<?php echo array_sum(preg_split('/\\s+/', stream_get_contents(STDIN), -1, PREG_SPLIT_NO_EMPTY)), \"\\n\";",
    ),
];

fn class(place: &Place) {
    fs::create_dir_all(place.work().join("suite/nothing")).expect("writable");
    fs::write(place.work().join("suite/grade.yaml"), SUITE).expect("writable");
}

fn hand_in(place: &Place, name: &str, file: &str, text: &str) {
    let folder = place.work().join("class").join(name);
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join(file), text).expect("writable");
}

fn grade(place: &Place) -> (Done, Value) {
    let done = place.capsule(&["grade", "suite", "--submissions", "class/*", "--out", "out", "-j", "2"]);
    assert_eq!((done.code(), done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let book = fs::read_to_string(place.work().join("out/gradebook.json")).expect("a gradebook");
    (done, serde_json::from_str(&book).expect("JSON"))
}

#[test]
fn programs_of_every_language_here_run_within_256_mib_and_the_author_says_nothing_but_auto() {
    let place = Place::new();
    class(&place);
    let here: Vec<_> = PROGRAMS.iter().filter(|(_, _, program, _)| Path::new(program).exists()).collect();
    for needed in ["c", "python", "perl", "shell"] {
        assert!(here.iter().any(|(name, ..)| *name == needed), "{needed} is everywhere");
    }
    for (name, file, _, text) in &here {
        hand_in(&place, name, file, text);
    }
    let (_, book) = grade(&place);
    let rows = book["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), here.len());
    let wrong: Vec<_> = rows
        .iter()
        .filter(|row| row["score"] != 3.0)
        .map(|row| {
            let report =
                place.work().join(format!("out/reports/{}.json", row["report"].as_str().unwrap_or_default()));
            format!("{row}\n{}", fs::read_to_string(report).unwrap_or_default())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{}", here.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", "));
}

#[test]
fn what_is_of_no_language_or_does_not_compile_has_its_row_with_the_reason() {
    let place = Place::new();
    class(&place);
    hand_in(&place, "words", "essay.txt", "x");
    hand_in(&place, "both", "a.c", "x");
    hand_in(&place, "both", "b.py", "x");
    hand_in(&place, "broken", "a.c", "int main(");
    hand_in(&place, "option", "-o evil.c", "int main(void){}");
    let (_, book) = grade(&place);
    let of = |name: &str| {
        let rows = book["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["submission"] == name).expect("nobody is lost");
        (
            row["status"].as_str().unwrap_or_default().to_owned(),
            row["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(of("words"), ("unusable".into(), "there is no file of a known language".into()));
    assert_eq!(of("both"), ("unusable".into(), "there are as many files of c as of python".into()));
    assert_eq!(of("broken").0, "build_failed");
    assert_eq!(of("option").0, "graded", "a name is no option");
}

#[test]
fn a_single_submission_and_a_misspelt_language() {
    let place = Place::new();
    class(&place);
    hand_in(&place, "ada", "sum.c", PROGRAMS[0].3);
    let done = place.capsule(&["suite", "suite/grade.yaml", "--submission", "class/ada"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    hand_in(&place, "eve", "essay.txt", "x");
    let done = place.capsule(&["suite", "suite/grade.yaml", "--submission", "class/eve"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("no file of a known language"), "{}", done.stderr);
    fs::write(place.work().join("suite/grade.yaml"), SUITE.replace("auto", "pyhton")).expect("writable");
    let done = place.capsule(&["suite", "suite/grade.yaml", "--submission", "class/ada"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("did you mean `python`?"), "{}", done.stderr);
}

#[test]
fn a_factor_makes_every_limit_of_time_longer_and_the_origin_says_so() {
    let place = Place::new();
    fs::write(
        place.work().join("s.yaml"),
        "version: 1\ncases: [{id: a, run: [sh, -c, 'while :; do :; done'], limits: {cpu_time: 50ms, timeout: 30s}}]\n",
    )
    .expect("writable");
    let plan = |more: &[&str]| -> Value {
        let done = place.capsule(&[&["suite", "s.yaml", "--dry-run"][..], more].concat());
        assert_eq!(done.code(), 0, "{}", done.stderr);
        serde_json::from_str(&done.stdout).expect("JSON")
    };
    let text = plan(&["--time-factor", "2.5"]).to_string();
    assert!(text.contains("--time-factor 2.5"), "{text}");
    let done = place.capsule(&["suite", "s.yaml", "--time-factor", "4", "--json", "r.json"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let report = fs::read_to_string(place.work().join("r.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["cases"][0]["details"]["limit_value"], 200);
    for wrong in ["0", "x", "1e9", "-1"] {
        assert_eq!(
            place.capsule(&["suite", "s.yaml", &format!("--time-factor={wrong}")]).code(),
            2,
            "{wrong}"
        );
    }
}
