//! The nearest name: what "did you mean" offers.

/// The candidate nearest to `name`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_nothing() {
        let keys = ["timeout", "memory", "max_pids"];
        assert_eq!(nearest("timeuot", keys), Some("timeout"));
        assert_eq!(nearest("Max-Pids", keys), Some("max_pids"));
        assert_eq!(nearest("colour", keys), None);
    }
}
