//! A unified diff as people read it: two columns of line numbers, and the words that differ marked
//! where colours may be used; or both sides in one line, or side by side. Blanks that matter were
//! drawn by whoever made the diff.

use super::style::{DiffLayout, Paint, TextStyle, padded};

/// Longer lines get no marks: nobody sees them, and they cost.
const LONGEST_MARKED: usize = 2000;

/// The lines of `unified`, each behind `indent` and ending in a newline.
pub(super) fn render(unified: &str, indent: &str, style: &TextStyle) -> String {
    let mut lines = unified.lines().peekable();
    let mut page = Page { out: String::new(), indent, style, old: None, new: None };
    while let Some(line) = lines.next() {
        if page.old.is_none() && (line == "--- expected" || line == "+++ actual") {
            continue;
        }
        if !line.starts_with('-') || page.old.is_none() {
            page.line(line);
            continue;
        }
        let mut change = vec![line];
        while let Some(line) = lines.next_if(|line| line.starts_with(['-', '+', '\\'])) {
            change.push(line);
        }
        page.change(&change);
    }
    page.out
}

struct Page<'a> {
    out: String,
    indent: &'a str,
    style: &'a TextStyle,
    /// Number of the next line of what was expected; `None` where lines have no numbers.
    old: Option<usize>,
    /// The same of what was found.
    new: Option<usize>,
}

impl Page<'_> {
    /// A line that is no part of a replacement.
    fn line(&mut self, line: &str) {
        if let Some((old, new)) = hunk(line) {
            if self.old.is_some() {
                self.push([None, None], self.style.mark("⋮", ":"));
            }
            (self.old, self.new) = (Some(old), Some(new));
            return;
        }
        let text = self.text(line);
        match line.as_bytes().first() {
            Some(b'+') => self.push_new(&self.style.paint(Paint::Added, &text)),
            Some(b' ') if self.old.is_some() => {
                let numbers = [take(&mut self.old), take(&mut self.new)];
                if self.style.diff == DiffLayout::Side {
                    let columns = self.side_columns();
                    let text = self.style.fit(&text[1..], columns);
                    self.push(numbers, &format!(" {}   {text}", padded(&text, columns)));
                } else {
                    self.push(numbers, &text);
                }
            }
            _ => self.push([None, None], &text),
        }
    }

    /// Lines taken away and lines put in their place, each pair with its differing words marked.
    fn change(&mut self, lines: &[&str]) {
        let of = |sign: char| lines.iter().filter(move |line| line.starts_with(sign));
        let removed: Vec<_> = of('-').map(|line| self.text(line)).collect();
        let added: Vec<_> = of('+').map(|line| self.text(line)).collect();
        match self.style.diff {
            DiffLayout::Inline => return self.inline(lines, &removed, &added),
            DiffLayout::Side => return self.side_by_side(lines, &removed, &added),
            DiffLayout::Unified => {}
        }
        let (mut minus, mut plus) = (0, 0);
        for line in lines {
            if line.starts_with('-') {
                let partner = added.get(minus).map(String::as_str);
                let text = self.marked(&removed[minus], partner, Paint::Removed, Paint::RemovedWord);
                let number = take(&mut self.old);
                self.push([number, None], &text);
                minus += 1;
            } else if line.starts_with('+') {
                let partner = removed.get(plus).map(String::as_str);
                let text = self.marked(&added[plus], partner, Paint::Added, Paint::AddedWord);
                self.push_new(&text);
                plus += 1;
            } else {
                self.line(line);
            }
        }
    }

    /// Each pair in one line: `total: [-6-]{+5+}`. Lines without a partner stay as they are.
    fn inline(&mut self, lines: &[&str], removed: &[String], added: &[String]) {
        for (old, new) in removed.iter().zip(added) {
            let (gone, come) = (changed_words(old, new), changed_words(new, old));
            let style = self.style;
            let text = format!(
                "~{}{}{}{}",
                &old[1..gone.start],
                style.paint(Paint::RemovedWord, &bracketed("[-", &old[gone.clone()], "-]")),
                style.paint(Paint::AddedWord, &bracketed("{+", &new[come], "+}")),
                &old[gone.end..]
            );
            let numbers = [take(&mut self.old), take(&mut self.new)];
            self.push(numbers, &text);
        }
        let both = removed.len().min(added.len());
        for line in &removed[both..] {
            let number = take(&mut self.old);
            self.push([number, None], &self.style.paint(Paint::Removed, line));
        }
        for line in &added[both..] {
            self.push_new(&self.style.paint(Paint::Added, line));
        }
        self.remarks(lines);
    }

    /// What was expected on the left, what was found on the right.
    fn side_by_side(&mut self, lines: &[&str], removed: &[String], added: &[String]) {
        let columns = self.side_columns();
        for at in 0..removed.len().max(added.len()) {
            let cell = |line: Option<&String>| {
                let text = line.map_or("", |line| &line[1..]);
                padded(&self.style.fit(text, columns), columns)
            };
            let left = self.style.paint(Paint::Removed, &cell(removed.get(at))).into_owned();
            let right = self.style.paint(Paint::Added, cell(added.get(at)).trim_end()).into_owned();
            let sign = match (removed.get(at), added.get(at)) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            let old = removed.get(at).and_then(|_| take(&mut self.old));
            let new = added.get(at).and_then(|_| take(&mut self.new));
            self.push([old, new], &format!(" {left} {sign} {right}"));
        }
        self.remarks(lines);
    }

    /// Columns of one side.
    fn side_columns(&self) -> usize {
        let gutter = self.indent.len() + 12 + 1 + 1 + 3;
        (self.style.width.saturating_sub(1 + gutter) / 2).max(10)
    }

    /// `\ no newline at end of actual`.
    fn remarks(&mut self, lines: &[&str]) {
        for line in lines.iter().filter(|line| line.starts_with('\\')) {
            self.line(line);
        }
    }

    /// A line as it is shown; in ASCII style the drawn blanks are escapes too.
    fn text(&self, line: &str) -> String {
        if !self.style.ascii {
            return self.style.safe_columns(line);
        }
        const DRAWN: [(&str, &str); 6] =
            [("·", "\\s"), ("→", "\\t"), ("␍", "\\r"), ("⏎", "\\n"), ("⍽", "\\xA0"), ("…", "...")];
        let line = DRAWN.iter().fold(line.to_owned(), |line, (drawn, plain)| line.replace(drawn, plain));
        self.style.safe_columns(&line)
    }

    /// `line` in its colour, and what is not in `partner` in a stronger one.
    fn marked(&self, line: &str, partner: Option<&str>, plain: Paint, strong: Paint) -> String {
        let changed = match partner {
            Some(partner) if self.style.color && line.len().max(partner.len()) <= LONGEST_MARKED => {
                changed_words(line, partner)
            }
            _ => line.len()..line.len(),
        };
        let paint = |paint, text| self.style.paint(paint, text);
        format!(
            "{}{}{}",
            paint(plain, &line[..changed.start]),
            paint(strong, &line[changed.clone()]),
            paint(plain, &line[changed.end..])
        )
    }

    fn push_new(&mut self, text: &str) {
        let number = take(&mut self.new);
        self.push([None, number], text);
    }

    fn push(&mut self, numbers: [Option<usize>; 2], text: &str) {
        let [old, new] = numbers.map(|number| number.map_or_else(String::new, |number| number.to_string()));
        let bar = self.style.mark("│", "|");
        let gutter = if self.old.is_some() { format!("{old:>5} {new:>5} {bar}") } else { bar.to_owned() };
        let line = format!("{}{}{text}", self.indent, self.style.paint(Paint::Dim, &gutter));
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }
}

/// Empty where there is nothing in it.
fn bracketed(open: &str, text: &str, close: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{open}{text}{close}") }
}

/// The number, and counts on.
fn take(number: &mut Option<usize>) -> Option<usize> {
    let taken = *number;
    *number = taken.map(|number| number + 1);
    taken
}

/// First line numbers of `@@ -2,5 +2,6 @@`.
fn hunk(line: &str) -> Option<(usize, usize)> {
    let (old, new) = line.strip_prefix("@@ -")?.strip_suffix(" @@")?.split_once(" +")?;
    let first = |side: &str| side.split(',').next()?.parse().ok();
    Some((first(old)?, first(new)?))
}

/// The bytes of `line` that differ from `partner`, widened to whole words; the sign is not
/// compared. Empty where nothing is left to tell them apart.
fn changed_words(line: &str, partner: &str) -> std::ops::Range<usize> {
    let (a, b) = (line.get(1..).unwrap_or(""), partner.get(1..).unwrap_or(""));
    let head: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let tail: usize = a[head..]
        .chars()
        .rev()
        .zip(b[head..].chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let is_word = |c: &char| c.is_alphanumeric();
    let left: usize = a[..head].chars().rev().take_while(is_word).map(char::len_utf8).sum();
    let right: usize = a[a.len() - tail..].chars().take_while(is_word).map(char::len_utf8).sum();
    1 + head - left..1 + a.len() - tail + right
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    const DIFF: &str = "--- expected\n+++ actual\n@@ -1,3 +1,3 @@\n reading 3 numbers\n-total: 6\n+total: 5\n done\n\\ no newline at end of actual\n";

    #[test]
    fn both_sides_have_their_line_numbers() {
        let text = render(DIFF, "  ", &TextStyle::default());
        assert_eq!(
            text,
            "      1     1 │ reading 3 numbers\n      2       │-total: 6\n            2 │+total: 5\n      3     3 │ done\n              │\\ no newline at end of actual\n"
        );
    }

    fn with(diff: DiffLayout) -> String {
        render(DIFF, "", &TextStyle { width: 60, diff, ..TextStyle::default() })
    }

    #[test]
    fn inline_shows_both_in_one_line() {
        assert_eq!(
            with(DiffLayout::Inline),
            "    1     1 │ reading 3 numbers\n    2     2 │~total: [-6-]{+5+}\n    3     3 │ done\n            │\\ no newline at end of actual\n"
        );
    }

    #[test]
    fn side_by_side_has_the_expected_on_the_left_and_fits_the_terminal() {
        let text = with(DiffLayout::Side);
        assert!(text.lines().all(|line| line.width() < 60), "{text}");
        assert!(text.contains("    1     1 │ reading 3 numbers       reading 3 numbers\n"), "{text}");
        assert!(text.contains("    2     2 │ total: 6              | total: 5\n"), "{text}");
    }

    #[test]
    fn ascii_style_writes_drawn_blanks_as_escapes() {
        let diff = "--- expected\n+++ actual\n@@ -1,1 +1,1 @@\n-a··b⏎\n+a→b␍⏎\n";
        let text = render(diff, "", &TextStyle { ascii: true, ..TextStyle::default() });
        assert_eq!(text, "    1       |-a\\s\\sb\\n\n          1 |+a\\tb\\r\\n\n");
    }

    #[test]
    fn only_the_word_that_differs_is_marked() {
        assert_eq!(&"-total: 16 eur"[changed_words("-total: 16 eur", "+total: 15 eur")], "16");
        assert_eq!(&"-a"[changed_words("-a", "+a")], "a");
        let text = render(DIFF, "", &TextStyle { color: true, ..TextStyle::default() });
        assert!(text.contains("\x1b[31;4;48;5;224m6\x1b[0m"), "{text:?}");
    }

    #[test]
    fn a_hostile_diff_moves_no_terminal_and_breaks_no_column() {
        let hostile =
            "--- expected\n+++ actual\n@@ -1,1 +1,1 @@\n-\x1b[2J\n+é\u{202e}\u{9b}x\n@@ bogus\n-\n+\n";
        let text = render(hostile, "", &TextStyle::default());
        assert!(!text.contains(['\x1b', '\u{202e}', '\u{9b}']), "{text:?}");
        assert!(text.contains("\\x1B[2J"));
    }

    #[test]
    fn content_that_looks_like_a_header_is_shown() {
        let text = render(
            "--- expected\n+++ actual\n@@ -1,1 +1,1 @@\n--- expected\n+++ actual\n",
            "",
            &TextStyle::default(),
        );
        assert_eq!(text, "    1       │--- expected\n          1 │+++ actual\n");
    }

    #[test]
    fn text_without_hunks_is_shown_as_it_is() {
        assert_eq!(render("00000000  61 62\n", "", &TextStyle::default()), "│00000000  61 62\n");
    }
}
