//! Natural order: `case-2` before `case-10`.

use std::cmp::Ordering;

/// Compares two paths as people number files: folder by folder, runs of digits by their value.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    left.split('/')
        .zip(right.split('/'))
        .map(|(left, right)| part(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.split('/').count().cmp(&right.split('/').count()))
        .then_with(|| left.cmp(right))
}

fn part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() && !right.is_empty() {
        let (left_run, left_rest) = run(left);
        let (right_run, right_rest) = run(right);
        let order = match (is_number(left_run), is_number(right_run)) {
            (true, true) => number(left_run, right_run),
            _ => left_run.cmp(right_run),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len())
}

/// The first run of digits, or of anything else.
fn run(text: &str) -> (&str, &str) {
    let digits = is_number(text);
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// By value, whatever the length: the one with more digits after its zeros is greater.
fn number(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_sort_by_value_and_folders_stay_together() {
        let mut names = ["b/1", "a10", "a2", "a/10", "a/9", "a02", "a", "10", "9", "99999999999999999999999"];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(
            names,
            ["9", "10", "99999999999999999999999", "a", "a/9", "a/10", "a02", "a2", "a10", "b/1"]
        );
    }

    proptest! {
        #[test]
        fn natural_order_is_total(mut names in proptest::collection::vec("[a-b0-2/]{0,5}", 3)) {
            names.sort_by(|left, right| compare(left, right));
            prop_assert!(compare(&names[0], &names[1]).is_le());
            prop_assert!(compare(&names[1], &names[2]).is_le());
            prop_assert!(compare(&names[0], &names[2]).is_le());
            prop_assert_eq!(compare(&names[0], &names[1]), compare(&names[1], &names[0]).reverse());
        }
    }
}
