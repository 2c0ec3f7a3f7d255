//! `--shard`: a part of the cases for one of several machines. Every case is in exactly one of the
//! shards, whoever computes them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// Most machines.
const MOST: usize = 10_000;

/// A part of the cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    how: How,
    /// From 0.
    index: usize,
    total: usize,
    /// The variables that said so, for `auto`.
    pub(super) from: Option<&'static str>,
    /// What Bazel wants to be touched by a test that knows about shards.
    pub(super) touch: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Slice,
    Hash,
    Time,
}

/// A CI's variables: index, total, whether it counts from 0.
const CI: [(&str, &str, usize); 4] = [
    ("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", 0),
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
];

impl Shard {
    /// Reads `--shard`. `None` for `auto` where no CI says anything.
    ///
    /// # Errors
    /// What is wrong with it, or with the variables.
    pub(super) fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        if text == "auto" {
            return Self::of_ci(env);
        }
        let help = "write slice:1/4, hash:1/4, time:1/4 or auto";
        let (how, part) = text.split_once(':').ok_or_else(|| format!("--shard: {help}"))?;
        let how = match how {
            "slice" => How::Slice,
            "hash" => How::Hash,
            "time" => How::Time,
            _ => return Err(format!("--shard: {help}")),
        };
        let (index, total) = part.split_once('/').ok_or_else(|| format!("--shard: {help}"))?;
        let (index, total) = (number(index), number(total));
        let (Some(index), Some(total)) = (index, total) else { return Err(format!("--shard: {help}")) };
        Self::checked(how, index, total, 1).map(Some).map_err(|reason| format!("--shard: {reason}"))
    }

    fn of_ci(env: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        for (index_name, total_name, first) in CI {
            let (index, total) = (env(index_name), env(total_name));
            let (Some(index), Some(total)) = (&index, &total) else {
                // GitLab sets the index of jobs that are not parallel to nothing; half is a mistake.
                if index.is_some() != total.is_some() && total.is_some_and(|total| total != "1") {
                    return Err(format!("--shard auto: {total_name} is set, and {index_name} is not"));
                }
                continue;
            };
            let numbers = number(index).zip(number(total));
            let (index, total) = numbers
                .ok_or_else(|| format!("--shard auto: {index_name} and {total_name} are no numbers"))?;
            let shard = Self::checked(How::Slice, index, total, first)
                .map_err(|reason| format!("--shard auto: {index_name}, {total_name}: {reason}"))?;
            let bazel = index_name == "TEST_SHARD_INDEX";
            let touch = if bazel { env("TEST_SHARD_STATUS_FILE").map(PathBuf::from) } else { None };
            return Ok(Some(Self { from: Some(index_name), touch, ..shard }));
        }
        Ok(None)
    }

    fn checked(how: How, index: usize, total: usize, first: usize) -> Result<Self, String> {
        if total == 0 || total > MOST {
            return Err(format!("there can be 1 to {MOST} shards"));
        }
        match index.checked_sub(first).filter(|index| *index < total) {
            Some(index) => Ok(Self { how, index, total, from: None, touch: None }),
            None => Err(format!("there is no shard {index} of {total}; the first is {first}")),
        }
    }

    /// Whether it divides by the time that cases took.
    pub(super) fn is_by_time(&self) -> bool {
        self.how == How::Time
    }

    /// For people: `shard 1/4 (slice, from CI_NODE_INDEX)`.
    pub(super) fn shown(&self) -> String {
        let how = match self.how {
            How::Slice => "slice",
            How::Hash => "hash",
            How::Time => "time",
        };
        let from = self.from.map_or(String::new(), |from| format!(", from {from}"));
        format!("shard {}/{} ({how}{from})", self.index + 1, self.total)
    }

    /// Those of `cases` that are in this shard. `key` is the case for every machine alike; `time` is
    /// what it took, in milliseconds, where that is known.
    pub(super) fn take(
        &self,
        cases: &[usize],
        key: impl Fn(usize) -> String,
        time: impl Fn(usize) -> Option<u64>,
    ) -> Vec<usize> {
        let shards = match self.how {
            How::Slice => (0..cases.len()).map(|at| at % self.total).collect(),
            How::Hash => cases.iter().map(|&case| self.of_hash(&key(case))).collect(),
            How::Time => self.of_times(&cases.iter().map(|&case| time(case)).collect::<Vec<_>>()),
        };
        cases.iter().zip(shards).filter(|(_, shard)| *shard == self.index).map(|(&case, _)| case).collect()
    }

    /// The same on every machine and in every version: SHA-256 of suite and id.
    fn of_hash(&self, key: &str) -> usize {
        let hash = Sha256::digest(key.as_bytes());
        let first = hash.iter().take(8).fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(first % self.total as u64).unwrap_or(0)
    }

    /// The longest first, each into the shard that has least; unknown ones take the median.
    fn of_times(&self, times: &[Option<u64>]) -> Vec<usize> {
        let mut known: Vec<u64> = times.iter().copied().flatten().collect();
        known.sort_unstable();
        let median = known.get(known.len() / 2).copied().unwrap_or(1).max(1);
        let mut order: Vec<(u64, usize)> =
            times.iter().enumerate().map(|(at, time)| (time.unwrap_or(median).max(1), at)).collect();
        order.sort_unstable_by_key(|&(time, at)| (Reverse(time), at));
        let mut least: BinaryHeap<Reverse<(u64, usize)>> =
            (0..self.total).map(|shard| Reverse((0, shard))).collect();
        let mut shards = vec![0; times.len()];
        for (time, at) in order {
            let Some(Reverse((sum, shard))) = least.pop() else { continue };
            shards[at] = shard;
            least.push(Reverse((sum.saturating_add(time), shard)));
        }
        shards
    }
}

fn number(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn all_of(how: &str, total: usize, times: &[Option<u64>]) -> Vec<usize> {
        let cases: Vec<usize> = (0..times.len()).collect();
        let mut all: Vec<usize> = (1..=total)
            .flat_map(|index| {
                let shard = Shard::parse(&format!("{how}:{index}/{total}"), none);
                let shard = shard.expect("valid").expect("a shard");
                shard.take(&cases, |case| format!("suite/{case}"), |case| times[case])
            })
            .collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn the_shards_together_are_every_case_exactly_once(
            total in 1usize..9,
            times in proptest::collection::vec(proptest::option::of(0u64..5000), 0..60),
        ) {
            let everything: Vec<usize> = (0..times.len()).collect();
            for how in ["slice", "hash", "time"] {
                prop_assert_eq!(&all_of(how, total, &times), &everything, "{}", how);
            }
        }
    }

    #[test]
    fn shards_by_time_take_about_equally_long() {
        let times = [Some(900), Some(100), Some(100), Some(100), Some(300), Some(300), None];
        let of = |index: usize| -> u64 {
            let shard = Shard::parse(&format!("time:{index}/2"), none).expect("valid").expect("a shard");
            let cases: Vec<usize> = (0..times.len()).collect();
            let taken = shard.take(&cases, |case| case.to_string(), |case| times[case]);
            taken.iter().map(|&case| times[case].unwrap_or(300)).sum()
        };
        assert_eq!((of(1) + of(2), of(1).abs_diff(of(2)) <= 300), (2100, true));
    }

    #[test]
    fn what_makes_no_shard_is_refused() {
        for text in [
            "slice",
            "slice:1",
            "slice:0/4",
            "slice:5/4",
            "hash:1/0",
            "thirds:1/3",
            "time:a/b",
            "slice:1/99999",
        ] {
            assert!(Shard::parse(text, none).is_err(), "{text}");
        }
    }

    #[test]
    fn auto_reads_what_each_ci_says_and_counts_as_it_does() {
        for (vars, shown) in [
            (&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")][..], "shard 2/4 (slice, from CI_NODE_INDEX)"),
            (
                &[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "3")],
                "shard 1/3 (slice, from CIRCLE_NODE_INDEX)",
            ),
            (
                &[("BUILDKITE_PARALLEL_JOB", "1"), ("BUILDKITE_PARALLEL_JOB_COUNT", "2")],
                "shard 2/2 (slice, from BUILDKITE_PARALLEL_JOB)",
            ),
            (
                &[
                    ("TEST_SHARD_INDEX", "0"),
                    ("TEST_TOTAL_SHARDS", "2"),
                    ("CI_NODE_INDEX", "2"),
                    ("CI_NODE_TOTAL", "4"),
                ],
                "shard 1/2 (slice, from TEST_SHARD_INDEX)",
            ),
        ] {
            let env = |name: &str| vars.iter().find(|var| var.0 == name).map(|var| var.1.to_owned());
            let shard = Shard::parse("auto", env).expect("valid").expect("a shard");
            assert_eq!(shard.shown(), shown);
        }
        assert_eq!(Shard::parse("auto", none), Ok(None));
        // GitLab gives every job a total, also one that is not parallel.
        let alone = |name: &str| (name == "CI_NODE_TOTAL").then(|| "1".to_owned());
        assert_eq!(Shard::parse("auto", alone), Ok(None));
        let half = |name: &str| (name == "CI_NODE_TOTAL").then(|| "4".to_owned());
        assert!(Shard::parse("auto", half).is_err(), "a quarter of the cases, or all of them?");
    }
}
