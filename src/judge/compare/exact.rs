//! Every byte counts.

use crate::judge::compare::Mismatch;

pub(super) fn mismatch(expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let offset = common_prefix(expected, actual);
    let same = offset == expected.len() && offset == actual.len();
    (!same).then_some(Mismatch { expected: offset, actual: offset })
}

/// How many bytes are the same from the start.
pub(super) fn common_prefix(left: &[u8], right: &[u8]) -> usize {
    // Whole blocks by memcmp first: a hundred times faster than byte by byte.
    const BLOCK: usize = 4096;
    let blocks = left.chunks(BLOCK).zip(right.chunks(BLOCK)).take_while(|(a, b)| a == b);
    let start = blocks.map(|(block, _)| block.len()).sum::<usize>();
    let rest = left[start..].iter().zip(&right[start..]).take_while(|(a, b)| a == b).count();
    start + rest
}

/// How many bytes of whole lines are the same from the start. No comparison needs to look at them
/// again: a line's end is the end of a token, too.
pub(in crate::judge) fn common_lines(left: &[u8], right: &[u8]) -> usize {
    let same = common_prefix(left, right);
    left[..same].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_prefix_is_exact_at_block_borders() {
        for length in [0, 1, 4095, 4096, 4097, 8192] {
            let left = vec![7; 9000];
            let mut right = left.clone();
            right[length] = 8;
            assert_eq!(common_prefix(&left, &right), length);
            assert_eq!(common_prefix(&left, &left[..length]), length);
        }
    }

    #[test]
    fn common_lines_end_with_a_newline() {
        assert_eq!(common_lines(b"a\nb\nc", b"a\nb\nd"), 4);
        assert_eq!(common_lines(b"a\nb", b"a\nb"), 2);
        assert_eq!(common_lines(b"ab", b"ac"), 0);
    }
}
