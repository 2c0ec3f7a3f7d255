//! [`Kept`]: the bytes of a stream that are kept.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::rooms;

/// Bytes that do not change any more. Room for much is used again when they are dropped.
#[derive(Default)]
pub struct Kept {
    /// They are the first `len` of these.
    room: Vec<u8>,
    len: usize,
    digest: Digest,
}

/// What is known of the SHA-256 of bytes.
#[derive(Debug, Clone, Copy, Default)]
enum Digest {
    /// It can be made from them.
    #[default]
    NotMade,
    /// It was made while they came.
    Known([u8; 32]),
    /// Nobody will read it.
    Unwanted,
}

impl Kept {
    /// The first `len` bytes of `room`, of which `sha256` has seen exactly these; `None`: nobody will read their digest.
    pub(crate) fn captured(room: Vec<u8>, len: usize, sha256: Option<Sha256>) -> Self {
        Self {
            room,
            len,
            digest: sha256.map_or(Digest::Unwanted, |hash| Digest::Known(hash.finalize().into())),
        }
    }

    /// Their SHA-256; `None` where the spec said that nobody will read it.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match self.digest {
            Digest::NotMade => Some(Sha256::digest(&**self).into()),
            Digest::Known(digest) => Some(digest),
            Digest::Unwanted => None,
        }
    }
}

impl From<Vec<u8>> for Kept {
    fn from(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), room: bytes, digest: Digest::NotMade }
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self { room: self.to_vec(), len: self.len, digest: self.digest }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&&**self).finish()
    }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[..self.len]
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        rooms::give(std::mem::take(&mut self.room));
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Kept {}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_same_whenever_it_is_made() {
        let bytes = b"abc".to_vec();
        let known = Kept::captured(b"abcd".to_vec(), 3, Some(Sha256::new_with_prefix(&bytes)));
        assert_eq!(known.sha256(), Kept::from(bytes.clone()).sha256());
        // FIPS 180-2, B.1.
        assert_eq!(known.sha256().map(|digest| digest[0]), Some(0xba));
        assert_eq!(Kept::captured(bytes, 3, None).sha256(), None);
    }
}
