//! The pages of a run and of a class.

use std::io::{self, BufWriter, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::embed::Embedded;

const STYLE: &str = include_str!("assets/style.css");
const RUN_PAGE: &str = include_str!("assets/run.html");
const RUN_SCRIPT: &str = concat!(
    include_str!("assets/dom.js"),
    include_str!("assets/diff.js"),
    include_str!("assets/case.js"),
    include_str!("assets/timeline.js"),
    include_str!("assets/run.js"),
);
const CLASS_PAGE: &str = include_str!("assets/class.html");
const CLASS_SCRIPT: &str = concat!(include_str!("assets/dom.js"), include_str!("assets/class.js"));

/// Writes the data of a page: JSON, into whatever it is given.
pub type WriteData<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Writes the page of a run: `report` writes the JSON report that it shows, in the form of
/// `schemas/report.schema.json`.
///
/// # Errors
/// Those of `out` and of `report`.
pub fn write_run(title: &str, report: WriteData<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(RUN_PAGE, RUN_SCRIPT, title, report, out)
}

/// Writes the page of a class: `gradebook` writes the JSON of a
/// [`Gradebook`](crate::report::Gradebook). A submission's own page is `reports/NAME.html` beside
/// this one.
///
/// # Errors
/// Those of `out` and of `gradebook`.
pub fn write_class(title: &str, gradebook: WriteData<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(CLASS_PAGE, CLASS_SCRIPT, title, gradebook, out)
}

fn write(page: &str, script: &str, title: &str, data: WriteData<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("%%") {
        let (name, after) = after.split_once("%%").unwrap_or((after, ""));
        out.write_all(before.as_bytes())?;
        match name {
            "POLICY" => out.write_all(policy(script).as_bytes())?,
            "TITLE" => out.write_all(escaped(title).as_bytes())?,
            "STYLE" => out.write_all(STYLE.as_bytes())?,
            "SCRIPT" => out.write_all(script.as_bytes())?,
            "DATA" => data(&mut Embedded(&mut out))?,
            _ => unreachable!("the pages are ours: no place is called {name}"),
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())?;
    out.flush()
}

/// What the page may do: run its one script, wear its one style, and nothing else.
fn policy(script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(script),
        hash(STYLE)
    )
}

/// Text as it may stand in an element: no markup, no control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str, data: &str) -> String {
        let mut out = Vec::new();
        write_run(title, &mut |out| out.write_all(data.as_bytes()), &mut out)
            .expect("a vector takes every byte");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_title_and_the_data_cannot_become_markup() {
        let page = page("</title><script>", r#"{"a":"</script><img src=x onerror=y>"}"#);
        assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
        assert!(page.contains(r#"{"a":"\u003c/script>\u003cimg src=x onerror=y>"}"#));
        assert_eq!(page.matches("<script").count(), 2);
    }

    #[test]
    fn no_part_of_the_page_can_end_an_element_early_or_is_left_unfilled() {
        for script in [RUN_SCRIPT, CLASS_SCRIPT] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
        assert!(!page("x", "{}").contains("%%"));
        // What makes markup of text is used nowhere.
        for forbidden in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!RUN_SCRIPT.contains(forbidden) && !CLASS_SCRIPT.contains(forbidden), "{forbidden}");
        }
    }
}
