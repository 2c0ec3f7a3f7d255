//! [`Cancel`]: a token that a poll loop can watch.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// How urgently a run is to end. Ordered: a later level includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CancelLevel {
    /// Go on.
    Running = 0,
    /// Start nothing new; what runs may end by itself.
    NoNewCases = 1,
    /// Kill what runs.
    Kill = 2,
}

/// A token shared by everything that belongs to one run. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Cancel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    level: AtomicU8,
    kill: EventFd,
}

impl Cancel {
    /// A token that says "go on".
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn new() -> std::io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Ok(Self {
            inner: Arc::new(Inner {
                level: AtomicU8::new(0),
                kill: EventFd::from_value_and_flags(0, flags)?,
            }),
        })
    }

    /// Raises the level; never lowers it.
    pub fn raise(&self, level: CancelLevel) {
        self.inner.level.fetch_max(level as u8, Ordering::SeqCst);
        if level == CancelLevel::Kill {
            // Fails only when the counter is full, and then it is readable already.
            let _ = self.inner.kill.write(1);
        }
    }

    /// The present level.
    #[must_use]
    pub fn level(&self) -> CancelLevel {
        match self.inner.level.load(Ordering::SeqCst) {
            0 => CancelLevel::Running,
            1 => CancelLevel::NoNewCases,
            _ => CancelLevel::Kill,
        }
    }

    /// Becomes readable, and stays so, when the level is [`CancelLevel::Kill`].
    #[must_use]
    pub fn kill_fd(&self) -> BorrowedFd<'_> {
        self.inner.kill.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_never_falls() {
        let cancel = Cancel::new().expect("a descriptor is free");
        cancel.raise(CancelLevel::Kill);
        cancel.raise(CancelLevel::NoNewCases);
        assert_eq!(cancel.clone().level(), CancelLevel::Kill);
    }
}
