//! [`Seldom`]: what most of a hundred thousand things do not have.

use std::ops::{Deref, DerefMut};

/// A `T` that is made when something is put into it: until then it takes eight bytes and reads as
/// [`Nothing::nothing`].
#[derive(Debug, Clone)]
pub struct Seldom<T>(Option<Box<T>>);

/// A type with a value that says nothing: its `Default`, there once for all who have none.
pub trait Nothing: Default + 'static {
    /// That value.
    fn nothing() -> &'static Self;
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Nothing + PartialEq> From<T> for Seldom<T> {
    fn from(value: T) -> Self {
        Self((value != *T::nothing()).then(|| Box::new(value)))
    }
}

impl<T: Nothing> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::nothing())
    }
}

impl<T: Nothing> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

/// One that was made and holds nothing equals one that was never made.
impl<T: Nothing + PartialEq> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Words {
        known: Vec<u32>,
    }

    impl Nothing for Words {
        fn nothing() -> &'static Self {
            static NOTHING: LazyLock<Words> = LazyLock::new(Words::default);
            &NOTHING
        }
    }

    #[test]
    fn it_is_made_when_something_is_put_into_it() {
        let mut words = Seldom::<Words>::default();
        assert!(words.known.is_empty() && size_of_val(&words) == size_of::<usize>());
        assert!(Seldom::from(Words::default()).0.is_none());
        words.known.push(3);
        assert_eq!(*words, Words { known: vec![3] });
        words.known.clear();
        assert_eq!(words, Seldom::default());
    }
}
