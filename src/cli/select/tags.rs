//! `--tag a,!b` and `--skip-tag c`.

use crate::resolve::ResolvedCase;

/// What `--tag` and `--skip-tag` say.
#[derive(Debug)]
pub(super) struct Tags {
    /// One of these must hold: all the wanted ones, none of the others.
    any: Vec<Vec<Wanted>>,
    skip: Vec<String>,
}

#[derive(Debug)]
struct Wanted {
    tag: String,
    there: bool,
}

impl Tags {
    /// # Errors
    /// A tag without a name.
    pub(super) fn parse(tag: &[String], skip: &[String]) -> Result<Self, String> {
        let wanted = |word: &str| {
            let word = word.trim();
            let (tag, there) = word.strip_prefix('!').map_or((word, true), |tag| (tag.trim(), false));
            if tag.is_empty() {
                return Err("--tag: a tag is missing; write `a,!b` for a and not b".to_owned());
            }
            Ok(Wanted { tag: tag.to_owned(), there })
        };
        let any = tag.iter().map(|list| list.split(',').map(wanted).collect()).collect::<Result<_, _>>()?;
        Ok(Self { any, skip: skip.to_vec() })
    }

    pub(super) fn take(&self, case: &ResolvedCase) -> bool {
        let has = |tag: &String| case.tags.contains(tag);
        let all = |list: &Vec<Wanted>| list.iter().all(|wanted| has(&wanted.tag) == wanted.there);
        (self.any.is_empty() || self.any.iter().any(all)) && !self.skip.iter().any(has)
    }

    /// Every tag that is named, with its option.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let wanted = self.any.iter().flatten().map(|wanted| ("--tag", wanted.tag.as_str()));
        wanted.chain(self.skip.iter().map(|tag| ("--skip-tag", tag.as_str())))
    }
}
