//! [`PlaceWords`]: how origins call a part of the suite: `case sum`, `profile std`, `defaults`.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use super::reader::shown;

/// How origins call a part of the suite. Made when the first limit needs it, and then shared: most
/// of a hundred thousand cases have none of their own.
pub(super) struct PlaceWords<'a> {
    kind: &'a str,
    name: Cow<'a, str>,
    words: OnceCell<Arc<str>>,
}

impl<'a> PlaceWords<'a> {
    pub(super) fn new(kind: &'a str, name: impl Into<Cow<'a, str>>) -> Self {
        Self { kind, name: name.into(), words: OnceCell::new() }
    }

    pub(super) fn get(&self) -> Arc<str> {
        let made = || if self.name.is_empty() { self.kind.into() } else { self.whole().into() };
        Arc::clone(self.words.get_or_init(made))
    }

    fn whole(&self) -> String {
        format!("{} {}", self.kind, shown(&self.name))
    }
}
