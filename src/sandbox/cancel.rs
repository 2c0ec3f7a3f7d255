//! [`Cancel`]: a token that a poll loop can watch.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

/// How long somebody may wait before whoever raises the level has to be there. People do not notice it,
/// and most short programs have ended by then.
pub(super) const A_MOMENT: Duration = Duration::from_millis(20);

/// Starts whoever raises the level.
type Attendant = Box<dyn FnOnce() + Send>;

/// A token shared by everything that belongs to one run. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Cancel {
    inner: Arc<Inner>,
}

struct Inner {
    level: AtomicU8,
    kill: EventFd,
    attendant: Mutex<Option<Attendant>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.level).finish()
    }
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
                attendant: Mutex::default(),
            }),
        })
    }

    /// `start` is done once somebody who looks at this token has waited for a moment, and not at all if
    /// nobody does: a thread costs more than many a program.
    pub fn attended_by(&self, start: impl FnOnce() + Send + 'static) {
        *self.attendant() = Some(Box::new(start));
    }

    /// Whoever raises the level is wanted: somebody waits.
    pub(super) fn attend(&self) {
        let start = self.attendant().take();
        if let Some(start) = start {
            start();
        }
    }

    /// Nobody waits any more. Whether nobody did for long.
    pub fn dismiss(&self) -> bool {
        self.attendant().take().is_some()
    }

    fn attendant(&self) -> std::sync::MutexGuard<'_, Option<Attendant>> {
        self.inner.attendant.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn an_attendant_comes_once_and_only_if_somebody_waits() {
        let cancel = Cancel::new().expect("a descriptor is free");
        let raise = cancel.clone();
        cancel.attended_by(move || raise.raise(CancelLevel::Kill));
        assert_eq!(cancel.level(), CancelLevel::Running);
        cancel.attend();
        assert_eq!(cancel.level(), CancelLevel::Kill);
        assert!(!cancel.dismiss());
        cancel.attended_by(|| unreachable!("nobody waits"));
        assert!(cancel.dismiss());
        cancel.attend();
    }
}
