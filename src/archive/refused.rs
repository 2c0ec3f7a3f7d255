//! [`Refused`]: why files that were handed in are not taken.

/// Why files that were handed in are not taken. Every one of these is the submission's own doing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A name that would lead out of the folder, or that no file can have.
    #[error("the name `{name}` {why}")]
    Name {
        /// The name, made visible.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two entries at one place, or at places that differ in upper and lower case only.
    #[error("`{0}` and `{1}` are at the same place")]
    Collision(String, String),
    /// More files than are taken.
    #[error("more than {0} files")]
    TooMany(usize),
    /// More bytes than are taken, unpacked.
    #[error("more than {0} unpacked")]
    TooLarge(crate::units::Bytes),
    /// The archive itself is larger than is read.
    #[error("the archive is larger than {0}")]
    ArchiveTooLarge(crate::units::Bytes),
    /// An entry that can only be read with a password.
    #[error("`{0}` is encrypted")]
    Encrypted(String),
    /// The bytes are not what they claim to be.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
}
