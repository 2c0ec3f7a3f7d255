//! The language of suites, resolved: files, variables, templates, matrices, groups, hooks.

use super::tests::{case, good, ids, load_with, messages};
use crate::judge::{Code, Compare, ExitExpectation, StreamExpectation};
use crate::resolve::{Blame, CaseKind, GroupScore, Operator};
use crate::suite::Variables;

fn argv(suite: &crate::resolve::ResolvedSuite, id: &str) -> Vec<String> {
    case(suite, id).argv.iter().map(ToString::to_string).collect()
}

#[test]
fn a_matrix_makes_the_cross_product_without_what_it_excludes() {
    let text = "version: 1\ncases:\n- id: sum\n  matrix: {n: [1, 2, 3], mode: [fast, safe], exclude: [{n: 3, mode: safe}]}\n  run: [prog, \"${n}\", \"--${mode}\"]\n  limits: {memory: \"${n}M\"}\n- {id: \"mul/${k}\", matrix: {k: {from: 2, to: 6, step: 2}}, run: [x]}\n";
    let suite = good(text, &[]);
    assert_eq!(
        ids(&suite),
        [
            "sum[n=1,mode=fast]",
            "sum[n=1,mode=safe]",
            "sum[n=2,mode=fast]",
            "sum[n=2,mode=safe]",
            "sum[n=3,mode=fast]",
            "mul/2",
            "mul/4",
            "mul/6",
        ]
    );
    assert_eq!(argv(&suite, "sum[n=2,mode=safe]"), ["prog", "2", "--safe"]);
    assert_eq!(case(&suite, "sum[n=3,mode=fast]").limits.memory.value.0, 3 << 20);
    assert_eq!(case(&suite, "sum[n=1,mode=safe]").params["mode"], "safe");
    assert_eq!(case(&suite, "mul/4").line, 7);
}

#[test]
fn variables_are_put_in_and_a_whole_value_keeps_its_kind() {
    let text = "version: 1\nvars: {py: python3, worth: 7, sizes: [1, 2], dir: data, in: \"${dir}/in\"}\ncases:\n- {id: a, run: [\"${py}\", \"$${py}\", \"${x%.c}\", \"${in}\"], points: \"${worth}\"}\n- {id: b, matrix: {n: \"${sizes}\"}, shell: \"echo ${n}\"}\n";
    let suite = good(text, &[]);
    assert_eq!(argv(&suite, "a"), ["python3", "${py}", "${x%.c}", "data/in"]);
    assert!((case(&suite, "a").points - 7.0).abs() < 1e-9);
    assert_eq!(argv(&suite, "b[n=2]")[2], "echo 2");
}

#[test]
fn the_operators_variables_go_before_the_suites() {
    let text = "version: 1\nvars: {n: 1, seed: null}\ncases:\n- {id: a, run: [x, \"${n}\", \"${seed}\"]}\n";
    assert_eq!(messages(text, &[]), ["the variable `seed` has no value"]);
    let mut vars = Variables::default();
    vars.add("n=5").expect("a variable");
    vars.add("seed=ab").expect("a variable");
    assert!(vars.add("n").is_err() && vars.add("a b=1").is_err());
    let operator = Operator { vars, ..Operator::default() };
    let suite = load_with(text, &[], &operator).expect("resolves");
    assert_eq!(argv(&suite, "a"), ["x", "5", "ab"]);
    assert_eq!(suite.vars["n"], "5");
}

#[test]
fn templates_are_put_together_key_by_key_and_a_command_as_a_whole() {
    let text = "version: 1\ntemplates:\n  base: {env: {A: base, B: base}, tags: [t], limits: {memory: 8M}, run: [base], args: [x]}\n  more: {extends: base, env: {B: more}, expect: {exit: 3, stdout: hi}}\ncases:\n- {id: a, extends: more, env: {C: own}, tags: [own], expect: {exit: 4}}\n- {id: b, extends: [base, more], run: [other]}\n";
    let suite = good(text, &[]);
    let a = case(&suite, "a");
    let env: Vec<_> = a.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for wanted in ["A=base", "B=more", "C=own"] {
        assert!(env.contains(&wanted.to_owned()), "{env:?}");
    }
    assert_eq!(*a.tags, ["t".to_owned(), "own".to_owned()]);
    assert_eq!(a.expectation.exit, ExitExpectation::OneOf(vec![4]));
    assert!(matches!(&a.expectation.stdout, StreamExpectation::Like(like) if *like.bytes == *b"hi"));
    assert_eq!(argv(&suite, "a"), ["base", "x"]);
    assert_eq!(argv(&suite, "b"), ["other"], "the arguments were those of the other command");
}

#[test]
fn included_files_are_read_once_and_their_paths_are_their_own() {
    let text = "version: 1\ninclude: [common/*.yaml]\nvars: {who: me}\ncases:\n- {id: own, run: [x]}\n";
    let files = [
        (
            "common/a.yaml",
            "include: sub/b.toml\nvars: {who: you, what: it}\ncases:\n- {id: inc, run: [x, \"${who}\", \"${what}\"], stdin: {file: in.txt}}\n",
        ),
        ("common/in.txt", "hello"),
        (
            "common/sub/b.toml",
            "[[cases]]\nid = \"deep\"\nrun = [\"x\"]\n[cases.expect.stdout]\nfile = \"deep.out\"\n",
        ),
        ("common/sub/deep.out", "deep"),
    ];
    let suite = good(text, &files);
    assert_eq!(ids(&suite), ["own", "inc", "deep"]);
    assert_eq!(argv(&suite, "inc"), ["x", "me", "it"]);
    assert_eq!((&*case(&suite, "inc").file, case(&suite, "inc").line), ("common/a.yaml", 4));
    assert_eq!(&*case(&suite, "deep").file, "common/sub/b.toml");
    let twice = "version: 1\ninclude: [common/a.yaml, common/*.yaml]\ncases: [{id: own, run: [x]}]\n";
    assert!(messages(twice, &files).iter().any(|message| message.ends_with("is included twice")));
}

#[test]
fn an_include_leads_neither_out_nor_round_nor_into_the_submission() {
    let own = "version: 1\ninclude: [a.yaml]\ncases: [{id: own, run: [x]}]\n";
    let round = [("a.yaml", "include: b.yaml\n"), ("b.yaml", "include: a.yaml\n")];
    assert_eq!(messages(own, &round), ["`a.yaml` is included by a file that it includes itself"]);
    let out = "version: 1\ninclude: [../secret.yaml]\ncases: [{id: own, run: [x]}]\n";
    let beside = [("../secret.yaml", "cases: []")];
    assert_eq!(messages(out, &beside), ["`../secret.yaml` is outside of the suite's folder"]);
    let handed_in =
        "version: 1\nsubmission: {path: sub}\ninclude: [sub/*.yaml]\ncases: [{id: own, run: [x]}]\n";
    let submitted = [("sub/mine.yaml", "cases: [{id: easy, run: [\"true\"]}]\n")];
    assert_eq!(messages(handed_in, &submitted), ["an included file is part of the submission"]);
    assert_eq!(
        messages(own, &[("a.yaml", "name: x\ncolour: red\n")]),
        ["`name` cannot stand in an included file", "unknown key `colour` in an included file"]
    );
}

#[test]
fn bombs_are_refused_with_a_clear_error() {
    let digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let text = format!(
        "version: 1\ncases:\n- {{id: a, run: [x], matrix: {{a: {digits}, b: {digits}, c: {digits}, d: {digits}, e: {digits}, f: {digits}}}}}\n"
    );
    assert_eq!(messages(&text, &[]), ["the matrices of this suite make more than 200000 cases"]);
    let mut vars = "version: 1\nvars:\n  v0: aaaaaaaaaa\n".to_owned();
    for n in 1..20 {
        vars.push_str(&format!("  v{n}: \"{}\"\n", format!("${{v{}}}", n - 1).repeat(10)));
    }
    vars.push_str("cases: [{id: a, run: [\"${v19}\"]}]\n");
    let said = messages(&vars, &[]);
    assert!(said.iter().any(|message| message.contains("longer than 16 MiB")), "{said:?}");
    let templates =
        "version: 1\ntemplates: {a: {extends: b}, b: {extends: a}}\ncases: [{id: a, extends: a, run: [x]}]\n";
    let said = messages(templates, &[]);
    assert!(said[0].starts_with("templates extend each other in a circle"), "{said:?}");
}

#[test]
fn points_are_shared_by_weight_and_extra_credit_is_not_shared() {
    let text = "version: 1\ngroups:\n- name: g\n  points: 60\n  score: {threshold: 70%}\n  run: [x]\n  cases:\n  - {id: a, weight: 3}\n  - {id: b}\n  - {id: bonus, points: 5, extra_credit: true}\n- {name: m, score: min, run: [x], cases: [{id: a, points: 2}, {id: b, points: 3, penalty: 1}]}\n";
    let suite = good(text, &[]);
    let points = |id: &str| case(&suite, id).points;
    assert_eq!((points("g/a"), points("g/b"), points("g/bonus")), (45.0, 15.0, 5.0));
    assert!(case(&suite, "g/bonus").terms.extra_credit);
    assert_eq!(case(&suite, "g/a").group_score, Some(GroupScore::Threshold { points: 60.0, share: 0.7 }));
    assert_eq!(case(&suite, "m/b").group_score, Some(GroupScore::Min { points: 5.0 }));
    assert!((case(&suite, "m/b").terms.penalty - 1.0).abs() < 1e-9);
}

#[test]
fn hooks_come_before_and_after_and_are_needed() {
    let text = "version: 1\nhooks: {setup: [{shell: make, outputs: [data]}], teardown: [{run: [x]}]}\ngroups:\n- name: g\n  run: [x]\n  max: 2\n  hooks: {setup: [{name: db, run: [x], blame: submission}]}\n  cases: [{id: a}]\ncases: [{id: b, run: [x]}]\n";
    let suite = good(text, &[]);
    assert_eq!(ids(&suite), ["setup/1", "g/setup/db", "g/a", "b", "teardown/1"]);
    let needs = |id: &str| case(&suite, id).needs.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(needs("g/a"), ["setup/1", "g/setup/db"]);
    assert_eq!(needs("b"), ["setup/1"]);
    assert_eq!(needs("g/setup/db"), ["setup/1"]);
    assert_eq!(case(&suite, "g/setup/db").terms.blame, Blame::Submission);
    assert_eq!(case(&suite, "teardown/1").kind, CaseKind::Teardown);
    assert_eq!(case(&suite, "g/a").terms.most_at_once.map(std::num::NonZero::get), Some(2));
}

#[test]
fn conditions_decide_what_is_left_out_and_what_is_known_to_fail() {
    let text = "version: 1\nvars: {os: linux, slow: false}\ndefaults: {run: [x]}\ncases:\n- {id: a, skip: {reason: only mac, unless: \"${os} == mac\"}}\n- {id: b, skip: {reason: only mac, if: \"${os} == mac\"}}\n- {id: c, skip: {reason: slow, unless: \"${slow}\"}}\n- {id: d, xfail: {reason: bug, code: E6002, if: [\"${os} != mac\", true]}}\n- {id: e, xfail: known, retries: 2}\n";
    let suite = good(text, &[]);
    let skip = |id: &str| case(&suite, id).terms.skip.clone();
    assert_eq!(
        (skip("a").as_deref(), skip("b"), skip("c").as_deref()),
        (Some("only mac"), None, Some("slow"))
    );
    let xfail = case(&suite, "d").terms.xfail.clone().expect("known");
    assert_eq!((xfail.reason.as_str(), xfail.code, xfail.strict), ("bug", Some(Code::StdoutDiffers), true));
    assert_eq!(case(&suite, "e").terms.retries, 2);
}

#[test]
fn every_comparison_can_be_said() {
    let text = "version: 1\ndefaults: {run: [x]}\ncases:\n- {id: a, compare: lines, expect: {stdout: x, stderr: [{contains: [a, b]}, {lacks: c}]}}\n- {id: b, expect: {stdout: {json: {k: [1, null]}}, files: {gone: absent, h: {sha256: \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}}}\n- {id: c, expect: {exit: \"!3\", stdout: {text: \"a+\", compare: regex}, resources: {cpu: \"<1s\"}, redact: [{re: \"0x[0-9a-f]+\"}]}, limits: {cpu_time: 2s}}\n";
    let suite = good(text, &[]);
    let a = &case(&suite, "a").expectation;
    assert!(matches!(&a.stdout, StreamExpectation::Like(like) if like.compare == Compare::Lines));
    assert!(matches!(&a.stderr, StreamExpectation::Every(all) if all.len() == 3));
    let b = &case(&suite, "b").expectation;
    assert!(matches!(&b.stdout, StreamExpectation::Like(like) if *like.bytes == *b"{\"k\":[1,null]}"));
    assert!(b.files[0].absent);
    let c = &case(&suite, "c").expectation;
    assert_eq!(c.exit, ExitExpectation::Not(3));
    assert_eq!((c.resources.len(), c.redact.len()), (1, 1));
}

#[test]
fn what_can_never_fail_or_never_hold_is_refused() {
    let of = |expect: &str| {
        let text = format!(
            "version: 1\ncases:\n- {{id: a, run: [x], limits: {{cpu_time: 1s}}, expect: {expect}}}\n"
        );
        messages(&text, &[]).remove(0)
    };
    for (expect, said) in [
        ("{stdout: {contains: \"\"}}", "the empty text is in everything"),
        ("{stdout: {lacks: \"\"}}", "the empty text is in everything: this always fails"),
        (
            "{stdout: {json: \"{\"}}",
            "what is expected is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("{stdout: {sha256: abc}}", "this is no SHA-256: 64 hex digits"),
        ("{resources: {cpu: \"<5s\"}}", "this expectation can never fail: the limit is 1000 ms"),
        ("{resources: {cpu: \"5s\"}}", "`5s` does not begin with `<`, `<=`, `>` or `>=`"),
        ("{redact: [{re: \"x*\"}]}", "`re` `x*` matches everything"),
        ("{exit: \"!x\"}", "`!x` names no exit status: 0 to 255"),
    ] {
        assert_eq!(of(expect), said, "{expect}");
    }
    assert!(of("{stdout: {regex: \"a(\"}}").starts_with("line 1, `a(`, is no pattern"));
}
