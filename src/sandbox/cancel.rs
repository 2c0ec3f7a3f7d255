//! [`Cancel`]: a token that a poll loop can watch.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
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

/// Who raises the level, as long as nobody has called them.
type Answer = Box<dyn FnOnce() + Send>;

/// A token shared by everything that belongs to one run. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Cancel {
    inner: Arc<Inner>,
}

struct Inner {
    level: AtomicU8,
    kill: EventFd,
    bell: OnceLock<OwnedFd>,
    /// Whether somebody is to be called when the bell rings.
    is_listening: AtomicBool,
    answer: Mutex<Option<Answer>>,
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
                bell: OnceLock::new(),
                is_listening: AtomicBool::new(false),
                answer: Mutex::default(),
            }),
        })
    }

    /// From now on whoever looks at this token or waits looks at `bell` too, and `answer` is done when it is
    /// readable: once, by whoever finds it so. A thread that waits for that costs more than many a program.
    /// Only the first bell of a token rings.
    pub fn listen(&self, bell: OwnedFd, answer: impl FnOnce() + Send + 'static) {
        *self.waiting_answer() = Some(Box::new(answer));
        let is_first = self.inner.bell.set(bell).is_ok();
        self.inner.is_listening.store(is_first, Ordering::SeqCst);
    }

    /// What else to wait for where [`Cancel::kill_fd`] is waited for; readable: [`Cancel::answer`].
    pub(super) fn bell(&self) -> Option<BorrowedFd<'_>> {
        let is_listening = self.inner.is_listening.load(Ordering::SeqCst);
        is_listening.then(|| self.inner.bell.get()).flatten().map(AsFd::as_fd)
    }

    /// As if the bell had rung: whoever has to wait where nobody looks calls for who does.
    pub fn answer(&self) {
        self.inner.is_listening.store(false, Ordering::SeqCst);
        let answer = self.waiting_answer().take();
        if let Some(answer) = answer {
            answer();
        }
    }

    /// Nobody waits any more.
    pub fn stop_listening(&self) {
        self.inner.is_listening.store(false, Ordering::SeqCst);
        drop(self.waiting_answer().take());
    }

    fn waiting_answer(&self) -> std::sync::MutexGuard<'_, Option<Answer>> {
        self.inner.answer.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(bell) = self.bell()
            && poll(&mut [PollFd::new(bell, PollFlags::POLLIN)], PollTimeout::ZERO) == Ok(1)
        {
            self.answer();
        }
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
    fn a_bell_is_answered_once_by_whoever_looks() {
        let cancel = Cancel::new().expect("a descriptor is free");
        let (bell, ring) = nix::unistd::pipe().expect("two descriptors are free");
        let raise = cancel.clone();
        cancel.listen(bell, move || raise.raise(CancelLevel::Kill));
        assert_eq!(cancel.level(), CancelLevel::Running);
        assert!(cancel.bell().is_some());
        nix::unistd::write(&ring, b"!").expect("there is room");
        assert_eq!(cancel.level(), CancelLevel::Kill);
        assert!(cancel.bell().is_none());
    }

    #[test]
    fn nobody_answers_a_bell_that_nobody_listens_to_any_more() {
        let cancel = Cancel::new().expect("a descriptor is free");
        let (bell, _ring) = nix::unistd::pipe().expect("two descriptors are free");
        cancel.listen(bell, || unreachable!("nobody listens"));
        cancel.stop_listening();
        cancel.answer();
    }
}
