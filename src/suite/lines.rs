//! [`Lines`]: from a byte offset to a line, for many offsets of one text.

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of the byte at `offset`, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&newline| newline < offset) + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one_and_a_newline_belongs_to_its_line() {
        let lines = Lines::new("ab\ncd\n\nx");
        let of = [0, 2, 3, 5, 6, 7].map(|offset| lines.line(offset));
        assert_eq!(of, [1, 1, 2, 2, 3, 4]);
    }
}
