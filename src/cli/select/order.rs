//! `--order`: in which order cases are started. Reports are in the order of the suite all the same.

use std::cmp::Reverse;
use std::sync::Arc;

use super::previous::{Before, Previous};
use crate::resolve::ResolvedCase;

/// In which order cases are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Order {
    /// That of the suite.
    File,
    /// What has not passed last time and what is new, then what takes longest.
    Smart,
    /// Shuffled; the same seed gives the same order.
    Random(Option<u64>),
}

impl std::str::FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').map_or((text, None), |(how, seed)| (how, Some(seed))) {
            ("file", None) => Ok(Self::File),
            ("smart", None) => Ok(Self::Smart),
            ("random", None) => Ok(Self::Random(None)),
            ("random", Some(seed)) => {
                seed.parse().map(|seed| Self::Random(Some(seed))).map_err(|_| format!("`{seed}` is no seed"))
            }
            _ => Err("write file, smart, random or random:SEED".to_owned()),
        }
    }
}

impl Order {
    /// The numbers of `cases` in their order; none where it is the suite's. `seed` is taken where
    /// none was given.
    pub(in crate::cli) fn of(
        self,
        cases: &[Arc<ResolvedCase>],
        previous: &Previous,
        seed: u64,
    ) -> Vec<usize> {
        let mut order: Vec<usize> = (0..cases.len()).collect();
        match self {
            Self::File => Vec::new(),
            Self::Smart if previous.is_empty() => Vec::new(),
            Self::Smart => {
                let before = |at: usize| previous.of(cases[at].suite, &cases[at].id.0);
                let mut known: Vec<u64> = (0..cases.len()).filter_map(|at| before(at)?.duration_ms).collect();
                known.sort_unstable();
                let median = known.get(known.len() / 2).copied().unwrap_or(0);
                order.sort_by_cached_key(|&at| {
                    let before = before(at);
                    let settled = before.is_some_and(Before::is_settled);
                    (settled, Reverse(before.and_then(|before| before.duration_ms).unwrap_or(median)))
                });
                order
            }
            Self::Random(given) => {
                shuffle(&mut order, given.unwrap_or(seed));
                order
            }
        }
    }

    /// For people, where there is something to know.
    pub(in crate::cli) fn note(self, seed: u64) -> Option<String> {
        match self {
            Self::Random(given) => Some(format!("order random:{}", given.unwrap_or(seed))),
            Self::File | Self::Smart => None,
        }
    }
}

/// Fisher and Yates' shuffle with `SplitMix64`: the same on every machine and in every version.
fn shuffle(order: &mut [usize], seed: u64) {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    for last in (1..order.len()).rev() {
        let other = usize::try_from(random() % (last as u64 + 1)).unwrap_or(0);
        order.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Request;
    use crate::resolve::{CaseId, Operator, command};
    use crate::units::NoNul;

    fn cases(ids: &[&str]) -> Vec<Arc<ResolvedCase>> {
        let argv = vec![NoNul::new("true").expect("no NUL")];
        let request = Request { argv, ..Request::default() };
        let case = command(&request, &Operator::default()).expect("resolves");
        ids.iter().map(|id| Arc::new(ResolvedCase { id: CaseId((*id).into()), ..case.clone() })).collect()
    }

    #[test]
    fn smart_begins_with_what_failed_or_is_new_and_then_takes_the_longest_first() {
        let mut previous = Previous::default();
        for (id, status, duration) in [
            ("quick", "passed", 1),
            ("slow", "passed", 900),
            ("failed", "failed", 5),
            ("medium", "passed", 30),
        ] {
            previous.add(0, id.into(), Before { status: status.into(), duration_ms: Some(duration) });
        }
        let cases = cases(&["quick", "new", "medium", "failed", "slow"]);
        let order = Order::Smart.of(&cases, &previous, 0);
        let ids: Vec<_> = order.iter().map(|&at| cases[at].id.to_string()).collect();
        assert_eq!(ids, ["new", "failed", "slow", "medium", "quick"]);
        assert_eq!(Order::Smart.of(&cases, &Previous::default(), 0), Vec::<usize>::new());
    }

    #[test]
    fn a_seed_gives_one_order_and_every_case_is_in_it() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let cases = cases(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let of = |order: &str| order.parse::<Order>().expect("valid").of(&cases, &Previous::default(), 9);
        assert_eq!(of("random:7"), of("random:7"));
        assert_ne!(of("random:7"), of("random:8"));
        assert_eq!(of("random"), of("random:9"));
        let mut all = of("random:7");
        assert_eq!(&all[..3], [14, 62, 24], "the same in every version");
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!("sorted".parse::<Order>().is_err() && "random:x".parse::<Order>().is_err());
    }
}
