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
}
