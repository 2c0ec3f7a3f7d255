//! The HTML page of a run and of a class, looked at in a real browser: it draws without a script
//! error, filters, and shows what a hostile program printed as text and nothing else.

#![expect(clippy::print_stderr, reason = "whoever runs the tests must know what was left out")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use capsule_run::report::html;
use serde_json::{Value, json};

#[path = "support/browser.rs"]
mod browser;
#[path = "support/place.rs"]
mod place;

use browser::Browser;
use place::Place;

/// What tries to become a part of the page, wherever a program or a suite can write.
const INJECTION: &str = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>";

/// A suite in which every text is hostile: ids, arguments, output, expectation.
const HOSTILE: &str = r##"
version: 1
name: "</title></script><script>window.pwned=3</script>"
groups:
  - name: first
    cases:
      - {id: fine, run: [echo, hello], expect: {stdout: {text: "hello\n"}}, points: 2}
      - {id: wrong, run: [printf, "a b\\r\\nsame\\n"], expect: {stdout: {text: "a  b\nsame\n", compare: exact}}, points: 3}
  - name: second
    cases:
      - {id: "<img src=x onerror=window.pwned=4>", run: [cat], stdin: {text: "INJECTION"}, expect: {stdout: {text: "x\n"}}}
      - {id: bytes, run: [printf, "\\033[31mred\\000\\377\\342\\200\\256]]>"], expect: {stdout: {text: "x\n"}}}
      - {id: slow, run: [sleep, "9"], limits: {timeout: 300ms}, expect: {stdout: any}}
      - {id: after, run: ["true"], needs: [first/wrong], expect: {stdout: any}}
      - {id: link, run: [echo, "javascript:window.pwned=5"], tags: ["<b>tag</b>"], expect: {stdout: {text: "\u202Ex\n"}}}
"##;

/// The page of the hostile suite, made from the report of a real run.
fn hostile_page(place: &Place) -> PathBuf {
    let suite = HOSTILE.replace("INJECTION", INJECTION);
    fs::write(place.work().join("hostile.yaml"), suite).expect("ours");
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args([
        "suite",
        "hostile.yaml",
        "-j",
        "2",
        "--quiet",
        "--output",
        "never",
        "--json",
        "report.json",
    ]);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(status.expect("the binary starts").code(), Some(1), "cases failed, and nothing else");
    page_of(&fs::read(place.work().join("report.json")).expect("the report"), &place.work().join("run.html"))
}

fn page_of(report: &[u8], page: &Path) -> PathBuf {
    let mut out = fs::File::create(page).expect("ours");
    html::write_run("a run", &mut |out| out.write_all(report), &mut out).expect("written");
    page.to_owned()
}

/// Says that a machine without a browser leaves these tests out; `make test` installs one.
fn left_out() -> bool {
    if !browser::is_there() {
        eprintln!("left out: /usr/bin/chromium or /usr/bin/chromedriver is missing");
    }
    !browser::is_there()
}

fn rows(browser: &Browser) -> Vec<String> {
    let ids = browser.ask("return [...document.querySelectorAll('.row .id')].map(e => e.textContent)");
    ids.as_array().expect("a list").iter().map(|id| id.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn a_hostile_run_is_drawn_as_text_filters_and_runs_no_script_but_its_own() {
    if left_out() {
        return;
    }
    let place = Place::new();
    let page = hostile_page(&place);
    let browser = Browser::open(1280, 860, false);
    browser.show(&page);

    assert_eq!(rows(&browser).len(), 7);
    assert!(rows(&browser).contains(&"second/<img src=x onerror=window.pwned=4>".to_owned()));
    browser.keep_picture("run-light.png");

    // Every case is looked at, so that everything hostile has been on the page.
    for at in 0..7 {
        browser.ask(&format!("document.querySelectorAll('.row')[{at}].click()"));
        assert_eq!(browser.ask("return document.querySelectorAll('#detail article').length"), 1);
    }
    browser
        .ask("[...document.querySelectorAll('.row')].find(e => e.textContent.includes('onerror')).click()");
    let shown = browser.ask("return document.getElementById('detail').textContent");
    assert!(shown.as_str().is_some_and(|text| text.contains("</script><script>window.pwned=1</script>")));
    assert_eq!(browser.ask("return document.querySelectorAll('img, iframe, object, embed').length"), 0);
    assert_eq!(browser.ask("return document.scripts.length"), 2);
    // A right-to-left override and control bytes are drawn, not obeyed.
    browser.ask("[...document.querySelectorAll('.row')].find(e => e.textContent.includes('bytes')).click()");
    let raw = browser.ask("return /[\\u0000\\u001b\\u202e]/.test(document.body.innerText)");
    assert_eq!(raw, false);

    browser.type_into("#search", "e3001");
    assert_eq!(rows(&browser), ["second/slow"]);
    assert_eq!(browser.ask("return document.getElementById('live').textContent"), "1 case shown");
    browser.ask(
        "const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input'))",
    );
    browser.click("[data-word='PASS']");
    assert_eq!(rows(&browser), ["first/fine"]);
    browser.click("[data-word='PASS']");
    assert_eq!(rows(&browser).len(), 7);

    assert_eq!(browser.ask("return window.pwned === undefined"), true);
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn a_script_that_got_into_the_page_all_the_same_would_not_run() {
    if left_out() {
        return;
    }
    let place = Place::new();
    let page = hostile_page(&place);
    let text = fs::read_to_string(&page).expect("UTF-8");
    fs::write(&page, text.replace("<header>", &format!("<header>{INJECTION}"))).expect("ours");
    let browser = Browser::open(1280, 860, false);
    browser.show(&page);
    assert_eq!(browser.ask("return window.pwned === undefined"), true);
    assert!(browser.complaints().iter().any(|complaint| complaint.contains("Content Security Policy")));
}

#[test]
fn the_difference_shows_blanks_and_line_ends_where_they_are_the_difference() {
    if left_out() {
        return;
    }
    let place = Place::new();
    let page = hostile_page(&place);
    let browser = Browser::open(1280, 860, true);
    browser.show(&page);
    browser.type_into("#search", "first/wrong");
    browser.ask("document.querySelector('.row').click()");
    browser.keep_picture("case-dark.png");
    let lines = browser.ask("return [...document.querySelectorAll('table.diff tr')].map(r => r.className + '|' + r.lastChild.textContent)");
    let lines: Vec<_> =
        lines.as_array().expect("rows").iter().map(|line| line.as_str().unwrap_or_default()).collect();
    assert!(lines.iter().any(|line| line.starts_with("del|-a") && line.contains('\u{b7}')), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("add|+a") && line.contains("\u{240d}")), "{lines:?}");
    assert_eq!(browser.ask("return document.documentElement.dataset.theme"), "dark");
}

#[test]
fn the_keyboard_is_enough_and_a_phone_shows_one_thing_at_a_time() {
    if left_out() {
        return;
    }
    let place = Place::new();
    let page = hostile_page(&place);
    let browser = Browser::open(500, 900, false);
    browser.show(&page);
    let visible =
        |id: &str| browser.ask(&format!("return document.getElementById('{id}').checkVisibility()"));
    assert_eq!(visible("detail"), false);
    browser.keep_picture("phone-list.png");
    browser.type_into("#list", "n");
    browser.type_into("#list", "\u{e007}");
    assert_eq!(visible("detail"), true);
    browser.keep_picture("phone-case.png");
    let wide = browser.ask("return document.documentElement.scrollWidth <= window.innerWidth");
    assert_eq!(wide, true);
    browser.type_into("#detail", "\u{e00c}");
    assert_eq!(visible("detail"), false);
    browser.type_into("#list", "2");
    assert_eq!(visible("timeline"), true);
    browser.keep_picture("timeline.png");
    browser.type_into("body", "3");
    assert_eq!(browser.ask("return document.querySelectorAll('#scores tbody tr').length"), 2);
    assert!(browser.complaints().is_empty());
}

#[test]
fn ten_thousand_cases_are_a_page_of_which_only_what_is_seen_is_drawn() {
    if left_out() {
        return;
    }
    let place = Place::new();
    hostile_page(&place);
    let report = fs::read(place.work().join("report.json")).expect("the report");
    let mut report: Value = serde_json::from_slice(&report).expect("JSON");
    let few = report["cases"].as_array().expect("a list").clone();
    let many: Vec<_> = (0..10_000)
        .map(|n| {
            let mut one = few[n % few.len()].clone();
            one["id"] = json!(format!("many/{n}"));
            one
        })
        .collect();
    report["cases"] = json!(many);
    let page = page_of(report.to_string().as_bytes(), &place.work().join("many.html"));
    let browser = Browser::open(1280, 860, false);
    browser.show(&page);
    assert!(rows(&browser).len() < 60);
    browser.type_into("#search", "many/9999");
    assert_eq!(rows(&browser), ["many/9999"]);
    browser.ask(
        "const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input'))",
    );
    browser.ask("document.getElementById('list').scrollTop = 1e9; draw()");
    assert_eq!(rows(&browser).last().map(String::as_str), Some("many/9999"));
    let elements = browser.ask("return document.querySelectorAll('*').length");
    assert!(elements.as_u64().is_some_and(|n| n < 2_000), "{elements}");
    assert!(browser.complaints().is_empty());
}

#[test]
fn a_class_is_a_table_that_sorts_and_links_only_to_pages_beside_it() {
    if left_out() {
        return;
    }
    let place = Place::new();
    let row = |name: &str, status: &str, score: Value, groups: Value, reason: &str, report: &str| {
        json!({"submission": name, "student_id": name, "student_name": "", "late": false, "status": status, "score": score,
            "passed": 1, "failed": 1, "errors": 0, "not_run": 0, "groups": groups, "codes": [], "reason": reason, "sha256": "", "report": report})
    };
    let mut rows: Vec<_> = (0..40)
        .map(|n| row(&format!("s{n}"), "graded", json!(n % 20), json!([n % 10, n % 7]), "", &format!("s{n}")))
        .collect();
    rows.push(row(INJECTION, "unusable", Value::Null, json!([]), "<b>no file</b>", ""));
    rows.push(row("Up", "graded", json!(20), json!([10, 10]), "", "../../etc/passwd"));
    let class = json!({"schema": "capsule-run/gradebook/1", "suite": "<i>Homework</i>", "suite_sha256": "", "max_score": 20,
        "groups": ["a", "b"], "rows": rows});
    let page = place.work().join("class.html");
    let mut out = fs::File::create(&page).expect("ours");
    html::write_class("class", &mut |out| out.write_all(class.to_string().as_bytes()), &mut out)
        .expect("written");
    let browser = Browser::open(1280, 860, false);
    browser.show(&page);
    assert_eq!(browser.ask("return document.querySelectorAll('tbody tr').length"), 42);
    let links =
        browser.ask("return [...document.querySelectorAll('tbody a')].map(a => a.getAttribute('href'))");
    let links: Vec<_> = links.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(links.len(), 40);
    assert!(links.contains(&"./reports/s0.html"));
    browser.ask("[...document.querySelectorAll('th button')][2].click()");
    assert_eq!(browser.ask("return document.querySelector('tbody tr').textContent.startsWith('Up')"), true);
    browser.keep_picture("class-light.png");
    browser.type_into("#search", "no file");
    assert_eq!(browser.ask("return document.querySelectorAll('tbody tr').length"), 1);
    assert_eq!(browser.ask("return window.pwned === undefined && document.querySelectorAll('img, i:not(.histogram i):not(.meter i)').length === 0"), true);
    assert!(browser.complaints().is_empty());
}

/// Makes the pictures in `docs/` anew: `cargo test --test html -- --ignored pictures`. Somebody must then
/// look at them.
#[test]
#[ignore = "writes into docs/"]
fn pictures_for_the_docs() {
    if left_out() {
        return;
    }
    let place = Place::new();
    // Copied, so that no path of whoever makes them is in the pictures.
    let homework = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/homework/.");
    let copied = Command::new("cp").args(["-r", homework]).arg(place.work()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let ours = |args: &[&str]| {
        let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().expect("the binary starts");
        assert!(matches!(status.code(), Some(0 | 1)), "{args:?}: {status}");
    };
    let wrong = "submissions/wrong-answer";
    ours(&["suite", "grade.yaml", "--submission", wrong, "-j", "2", "--html", "run.html"]);
    ours(&["grade", "grade.yaml", "--submissions", "submissions/*", "--out", "class", "-j", "2"]);

    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let keep =
        |browser: &Browser, name: &str| fs::write(docs.join(name), browser.picture()).expect("writable");
    let choose = "[...document.querySelectorAll('.row')].find(e => e.textContent.includes('FAIL')).click()";
    for (name, width, height, dark) in [
        ("page-run.png", 1280, 1000, false),
        ("page-run-dark.png", 1280, 1000, true),
        ("page-phone.png", 390, 1000, false),
    ] {
        let browser = Browser::open(width, height, dark);
        browser.show(&place.work().join("run.html"));
        browser.ask(choose);
        keep(&browser, name);
        assert!(browser.complaints().is_empty());
    }
    for (name, dark) in [("page-class.png", false), ("page-class-dark.png", true)] {
        let browser = Browser::open(1280, 1000, dark);
        browser.show(&place.work().join("class/index.html"));
        keep(&browser, name);
    }
}
