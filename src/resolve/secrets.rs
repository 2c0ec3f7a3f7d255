//! [`Secrets`]: values that programs are given and nobody is told. A suite that is loaded has a
//! stand-in where a secret belongs (`<secret:token>`), and so has everything that is made of it:
//! judgements, reports, events, logs. The value takes the place of the stand-in when a program is
//! run, and the stand-in that of the value in whatever comes out of it; nothing else sees a value.

use std::fmt;

/// What may have passed for a secret by chance hides what has nothing to do with it.
const SHORTEST: usize = 4;

/// One value.
#[derive(Clone, PartialEq, Eq)]
struct Secret {
    value: Vec<u8>,
    stand_in: Vec<u8>,
    /// What stands for a stand-in that a program has written itself: who prints the stand-in has
    /// not printed the secret.
    written: Vec<u8>,
}

/// All secrets of a run, the longest first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Adds one. Returns the stand-in of its value.
    ///
    /// # Errors
    /// In words: it is too short, or no word of a command.
    pub fn add(&mut self, name: &str, value: Vec<u8>) -> Result<String, String> {
        if value.len() < SHORTEST {
            return Err(format!("`{name}` has less than {SHORTEST} bytes: it would be found everywhere"));
        }
        if value.contains(&0) {
            return Err(format!("`{name}` has a NUL in it"));
        }
        let stand_in = format!("<secret:{name}>");
        let written = format!("<secret:{name}?>").into_bytes();
        self.0.push(Secret { value, stand_in: stand_in.clone().into_bytes(), written });
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        Ok(stand_in)
    }

    /// Whether a variable of this name is one.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let stand_in = format!("<secret:{name}>").into_bytes();
        self.0.iter().any(|secret| secret.stand_in == stand_in)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes with every value hidden.
    #[must_use]
    pub fn hidden(&self, bytes: &[u8]) -> Vec<u8> {
        self.replaced(bytes, |secret| {
            [(&secret.value, &secret.stand_in), (&secret.stand_in, &secret.written)]
        })
    }

    /// The bytes as they were before they were hidden.
    #[must_use]
    pub fn told(&self, bytes: &[u8]) -> Vec<u8> {
        self.replaced(bytes, |secret| {
            [(&secret.stand_in, &secret.value), (&secret.written, &secret.stand_in)]
        })
    }

    /// The same for bytes of which the end was cut off: there, the beginning of a value is left out.
    #[must_use]
    pub fn hidden_where_cut(&self, bytes: &[u8]) -> Vec<u8> {
        let ends_in_one = |at: usize| self.0.iter().any(|secret| secret.value.starts_with(&bytes[at..]));
        let whole = |at: usize| self.0.iter().find(|secret| bytes[at..].starts_with(&secret.value));
        let mut at = 0;
        while at < bytes.len() {
            match whole(at) {
                Some(secret) => at += secret.value.len(),
                None if ends_in_one(at) => break,
                None => at += 1,
            }
        }
        self.hidden(&bytes[..at])
    }

    fn replaced<'s>(
        &'s self,
        bytes: &[u8],
        pairs: impl Fn(&'s Secret) -> [(&'s Vec<u8>, &'s Vec<u8>); 2],
    ) -> Vec<u8> {
        let pairs: Vec<_> = self.0.iter().flat_map(pairs).collect();
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            match pairs.iter().find(|(from, _)| rest.starts_with(from)) {
                Some((from, to)) => {
                    out.extend_from_slice(to);
                    rest = &rest[from.len()..];
                }
                None => {
                    out.push(*first);
                    rest = after;
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        let mut secrets = Secrets::default();
        for (name, value) in pairs {
            secrets.add(name, value.as_bytes().to_vec()).expect("a good one");
        }
        secrets
    }

    #[test]
    fn what_is_hidden_can_be_told_again_and_a_stand_in_is_no_secret() {
        let secrets = secrets(&[("a", "hunter2"), ("b", "hunter2-long"), ("c", "secret")]);
        let text = b"x hunter2 \xff hunter2-long <secret:a> secret hunter";
        let hidden = secrets.hidden(text);
        assert_eq!(hidden, b"x <secret:a> \xff <secret:b> <secret:a?> <secret:c> hunter");
        assert_eq!(secrets.told(&hidden), text);
        assert_eq!(secrets.hidden(b"<secret:a>"), b"<secret:a?>", "who prints this knows nothing");
    }

    #[test]
    fn the_beginning_of_a_secret_that_was_cut_off_is_left_out() {
        let secrets = secrets(&[("long", "01234567890123456789"), ("other", "4567")]);
        assert_eq!(secrets.hidden_where_cut(b"ab 01234567"), b"ab ");
        assert_eq!(secrets.hidden_where_cut(b"ab 45"), b"ab ");
        assert_eq!(secrets.hidden_where_cut(b"01234567890123456789"), b"<secret:long>");
        assert_eq!(secrets.hidden_where_cut(b"ab"), b"ab");
    }

    #[test]
    fn nothing_short_and_nothing_that_is_no_word_is_a_secret() {
        let mut secrets = Secrets::default();
        assert!(secrets.add("a", b"123".to_vec()).expect_err("short").contains("less than 4"));
        assert!(secrets.add("a", b"12\x0034".to_vec()).is_err());
        assert!(!format!("{:?}", self::secrets(&[("a", "hunter2")])).contains("hunter2"));
    }
}
