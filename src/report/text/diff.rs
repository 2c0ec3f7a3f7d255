//! A unified diff as people read it: two columns of line numbers, the differing words marked,
//! blanks drawn where they are part of the difference.
