//! [`Screen`]: the live area at the bottom of a terminal, below the lines that stay. Pure: it makes
//! the bytes, and `terminal` alone writes them.
//!
//! The cursor is left at the start of the area's first line. So the area is erased without knowing
//! how many rows it takes, also after the terminal was made narrower and has folded its lines.

use std::fmt::Write as _;

/// The live area at the bottom of a terminal.
#[derive(Debug, Default)]
pub(super) struct Screen {
    lines: Vec<String>,
    /// Whether the tab shows progress (OSC 9;4).
    tab: bool,
    /// Nothing is drawn until somebody says that it may be again.
    hidden: bool,
}

/// To the start of the line; everything from here on away.
const ERASE: &str = "\r\x1b[J";

impl Screen {
    /// The bytes that put `text`, which ends its own lines, above the area.
    pub(super) fn above(&self, text: &str) -> String {
        if !self.is_drawn() {
            return text.to_owned();
        }
        let mut out = format!("{ERASE}{text}");
        if !text.is_empty() && !text.ends_with('\n') {
            out.push('\n');
        }
        self.paint(&mut out);
        out
    }

    /// The bytes that show `lines` instead of what the area has. Each is shorter than the terminal
    /// is wide.
    pub(super) fn draw(&mut self, lines: Vec<String>) -> String {
        let was_drawn = self.is_drawn();
        self.lines = lines;
        let mut out = String::new();
        if self.is_drawn() {
            self.paint(&mut out);
        } else if was_drawn {
            out.push_str(ERASE);
        }
        out
    }

    /// The bytes that show the share that is done in the terminal's tab; `None` takes it away.
    pub(super) fn tab(&mut self, done: Option<TabProgress>) -> String {
        match done {
            Some(TabProgress { percent, failed }) if !self.hidden => {
                self.tab = true;
                format!("\x1b]9;4;{};{percent}\x1b\\", if failed { 2 } else { 1 })
            }
            _ if std::mem::take(&mut self.tab) => "\x1b]9;4;0;0\x1b\\".to_owned(),
            _ => String::new(),
        }
    }

    /// The bytes that take the area away until [`Self::show`].
    pub(super) fn hide(&mut self) -> String {
        let mut out = if self.is_drawn() { ERASE.to_owned() } else { String::new() };
        out.push_str(&self.tab(None));
        self.hidden = true;
        out
    }

    /// The bytes that bring the area back.
    pub(super) fn show(&mut self) -> String {
        self.hidden = false;
        let mut out = String::new();
        if self.is_drawn() {
            self.paint(&mut out);
        }
        out
    }

    fn is_drawn(&self) -> bool {
        !self.hidden && !self.lines.is_empty()
    }

    /// Over what is there, line by line, so that nothing flickers.
    fn paint(&self, out: &mut String) {
        out.push('\r');
        out.push_str(&self.lines.join("\x1b[K\n"));
        out.push_str("\x1b[J\r");
        if let more @ 1.. = self.lines.len() - 1 {
            let _ = write!(out, "\x1b[{more}A");
        }
    }
}

/// What a terminal's tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TabProgress {
    pub(super) percent: usize,
    pub(super) failed: bool,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn size(n: u16) -> NonZeroU16 {
        NonZeroU16::new(n).expect("a terminal has a size")
    }

    fn seen(columns: u16, bytes: &[String]) -> String {
        let mut terminal = vt100::Parser::new(size(6), size(columns), 0);
        // As the line discipline does.
        bytes.iter().for_each(|part| terminal.process(part.replace('\n', "\r\n").as_bytes()));
        terminal.screen().contents()
    }

    #[test]
    fn lines_stay_above_the_area_and_the_area_goes_without_a_trace() {
        let mut screen = Screen::default();
        let mut all = vec![screen.above("first\n"), screen.draw(vec![" bar".into(), " a case".into()])];
        all.push(screen.above("second\n"));
        assert_eq!(seen(20, &all), "first\nsecond\n bar\n a case");
        all.push(screen.draw(vec![" b".into()]));
        assert_eq!(seen(20, &all), "first\nsecond\n b");
        all.push(screen.hide());
        all.push(screen.above("third\n"));
        assert_eq!(seen(20, &all), "first\nsecond\nthird");
        all.push(screen.show());
        assert_eq!(seen(20, &all), "first\nsecond\nthird\n b");
        all.push(screen.draw(Vec::new()));
        assert_eq!(seen(20, &all), "first\nsecond\nthird");
    }

    #[test]
    fn an_area_at_the_bottom_scrolls_what_is_above() {
        let mut screen = Screen::default();
        let mut all = vec![screen.draw(vec![" bar".into(), " case".into()])];
        all.extend((0..9).map(|n| screen.above(&format!("line {n}\n"))));
        assert_eq!(seen(20, &all), "line 5\nline 6\nline 7\nline 8\n bar\n case");
    }

    #[test]
    fn the_tab_is_cleared_once_and_only_if_it_was_set() {
        let mut screen = Screen::default();
        assert_eq!(screen.tab(None), "");
        assert_eq!(screen.tab(Some(TabProgress { percent: 40, failed: false })), "\x1b]9;4;1;40\x1b\\");
        assert_eq!(screen.hide(), "\x1b]9;4;0;0\x1b\\");
        assert_eq!(screen.hide(), "");
    }
}
