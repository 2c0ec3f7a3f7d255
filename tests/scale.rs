//! What grows with the square of the cases is found by counting: bytes that are asked for from the
//! allocator, and what stays. Time would be a matter of the machine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use capsule_run::diagnostic::Source;
use capsule_run::resolve::{FileContent, FileKind, Files, Operator, ResolvedSuite, SuiteInputs, load_suite};
use capsule_run::suite::SuiteFormat;

/// Counts what goes through it.
struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; the counters are only added to.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size(), Relaxed);
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `at` came from `alloc` above with this layout.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Files in a map that count how often they are looked at.
#[derive(Default)]
struct Map {
    files: HashMap<PathBuf, Vec<u8>>,
    looks: AtomicUsize,
}

impl Map {
    fn look(&self) {
        self.looks.fetch_add(1, Relaxed);
    }
}

impl Files for Map {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        self.look();
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileContent { bytes: bytes.as_slice().into(), executable: false })
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        self.look();
        Ok(self.files.keys().filter_map(|path| path.strip_prefix(base).ok()).map(Path::to_owned).collect())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        self.look();
        self.files.contains_key(path).then_some(FileKind::File)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.look();
        Ok(path.to_owned())
    }
}

/// What one suite cost, for each of its cases.
#[derive(Debug)]
struct Cost {
    /// Bytes asked for altogether.
    asked: usize,
    /// Bytes held at the worst moment.
    most: usize,
    /// Bytes that the resolved suite holds.
    kept: usize,
    /// Looks at files.
    looks: usize,
}

fn cost(kind: &str, cases: usize) -> Cost {
    let (name, text, files) = written(kind, cases);
    let source = Source { name: name.to_owned(), text: text.into() };
    let (asked, before) = (ASKED.load(Relaxed), HELD.load(Relaxed));
    MOST.store(before, Relaxed);
    let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 0 };
    let suite: ResolvedSuite =
        load_suite(&source, SuiteFormat::of(name), &Operator::default(), &inputs, &files)
            .expect("no mistakes");
    assert_eq!(suite.cases.len(), cases, "{kind}");
    let each = |count: usize| count / cases;
    Cost {
        asked: each(ASKED.load(Relaxed) - asked),
        most: each(MOST.load(Relaxed) - before),
        kept: each(HELD.load(Relaxed) - before),
        looks: files.looks.load(Relaxed).div_ceil(cases),
    }
}

/// A suite with so many cases, and the files beside it.
fn written(kind: &str, cases: usize) -> (&'static str, String, Map) {
    let mut text = String::new();
    let mut files = Map::default();
    let name = match kind {
        "toml" => "suite.toml",
        "json" => "suite.json",
        _ => "suite.yaml",
    };
    match kind {
        "glob" => {
            text = "version: 1\ngroups: [{name: g, run: [cat], cases_from: {stdin: 'data/*.in', expect_stdout: '{dir}/{stem}.ans'}}]\n".to_owned();
            for number in 0..cases {
                for end in ["in", "ans"] {
                    let path = PathBuf::from(format!("/s/data/{number}.{end}"));
                    files.files.insert(path, number.to_string().into_bytes());
                }
            }
        }
        "matrix" => {
            let numbers: Vec<_> = (0..cases).map(|number| number.to_string()).collect();
            let numbers = numbers.join(", ");
            text = format!(
                "version: 1\ncases: [{{id: m, run: [echo, '${{n}}'], matrix: {{n: [{numbers}]}}}}]\n"
            );
        }
        "json" => {
            text.push_str("{\"version\": 1, \"cases\": [");
            for number in 0..cases {
                let comma = if number == 0 { "" } else { "," };
                let _ = write!(
                    text,
                    "{comma}\n{{\"id\": \"case-{number}\", \"run\": [\"echo\", \"{number}\"], \"expect\": {{\"stdout\": \"{number}\"}}}}"
                );
            }
            text.push_str("]}\n");
        }
        "own limits" => {
            text.push_str("version: 1\ndefaults: {run: [x]}\ncases:\n");
            for number in 0..cases {
                let _ =
                    writeln!(text, "  - {{id: case-{number}, limits: {{timeout: 1{number}s, memory: 9M}}}}");
            }
        }
        "toml" => {
            text.push_str("version = 1\n");
            for number in 0..cases {
                let _ = writeln!(
                    text,
                    "[[cases]]\nid = 'case-{number}'\nrun = ['echo', '{number}']\nexpect = {{stdout = '{number}'}}"
                );
            }
        }
        "groups that need" => {
            text.push_str("version: 1\ndefaults: {run: [x]}\ngroups:\n");
            for (group, needs) in [("a", ""), ("b", ", needs: [a]")] {
                let _ = writeln!(text, "  - name: {group}{}\n    cases:", needs.replace(", ", "\n    "));
                for number in 0..cases / 2 {
                    let _ = writeln!(text, "      - {{id: c{number}}}");
                }
            }
        }
        _ => {
            text.push_str("version: 1\ncases:\n");
            for number in 0..cases {
                let _ = writeln!(
                    text,
                    "  - {{id: case-{number}, run: [echo, \"{number}\"], expect: {{stdout: \"{number}\"}}}}"
                );
            }
        }
    }
    (name, text, files)
}

#[test]
fn a_case_costs_the_same_however_many_there_are() {
    let mut wrong = Vec::new();
    for kind in ["yaml", "toml", "json", "glob", "matrix", "own limits", "groups that need"] {
        let (few, many) = (cost(kind, 500), cost(kind, 8_000));
        let grows = |few: usize, many: usize| many > few + few / 2 + 64;
        // A hundred thousand of them must fit into 240 MB while they are read, and into 140 MB then, so that
        // a whole run stays below 300. The tree of TOML's own parser takes twice as much.
        let most = if kind == "toml" { 4_600 } else { 2_400 };
        let fits = many.most < most && many.kept < 1_400 && many.looks <= 4;
        if grows(few.asked, many.asked) || grows(few.most, many.most) || grows(few.kept, many.kept) || !fits {
            wrong.push(format!("{kind}: 500 cases cost {few:?} each, 8,000 {many:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
