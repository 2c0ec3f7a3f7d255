//! [`Teller`]: says what happened, on a thread of its own, so that the next case does not wait until
//! the last one is written down.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle, ThreadId};
use std::time::Instant;

use super::event::Event;
use crate::report::CaseReport;
use crate::resolve::ResolvedCase;

/// Reports that wait to be told, at most: each may hold all that its program has printed.
const MOST_WAITING: usize = 16;

/// Something that happened to a case.
pub(super) enum Told {
    Started { case: Arc<ResolvedCase>, thread: ThreadId, at: Instant },
    Finished { at: usize, report: Box<CaseReport>, done: usize },
}

/// Who is told.
#[derive(Clone, Copy)]
pub(super) struct Listeners<'a> {
    pub(super) events: &'a (dyn Fn(Event<'_>) + Sync),
    pub(super) take: &'a (dyn Fn(usize, CaseReport) + Sync),
    /// How many cases there are.
    pub(super) total: usize,
}

impl Listeners<'_> {
    fn tell(&self, told: Told) {
        match told {
            Told::Started { case, thread, at } => {
                (self.events)(Event::CaseStarted { case: &case, thread, at });
            }
            Told::Finished { at, report, done } => {
                (self.events)(Event::CaseFinished { report: &report, done, total: self.total });
                (self.take)(at, *report);
            }
        }
    }
}

/// Tells, in the order in which it is told.
pub(super) struct Teller<'scope, 'a> {
    listeners: Listeners<'a>,
    thread: Option<(SyncSender<Told>, ScopedJoinHandle<'scope, ()>)>,
}

impl<'scope, 'a: 'scope> Teller<'scope, 'a> {
    /// One case is told by whoever ran it: a thread would cost more than it saves.
    pub(super) fn start<'env>(scope: &'scope Scope<'scope, 'env>, listeners: Listeners<'a>) -> Self {
        let start = || {
            let (sender, arrived) = sync_channel(MOST_WAITING);
            let listen = move |arrived: Receiver<Told>| arrived.iter().for_each(|told| listeners.tell(told));
            let thread = std::thread::Builder::new().name("teller".to_owned());
            let thread = thread.spawn_scoped(scope, move || listen(arrived));
            thread.map(|thread| (sender, thread)).inspect_err(|error| log::debug!("no teller: {error}")).ok()
        };
        let thread = if listeners.total > 1 { start() } else { None };
        Self { listeners, thread }
    }

    pub(super) fn tell(&self, told: Told) {
        match &self.thread {
            // One that has panicked is heard of in `finish`.
            Some((sender, _)) => drop(sender.send(told)),
            None => self.listeners.tell(told),
        }
    }

    /// Waits until everything is told.
    pub(super) fn finish(self) {
        let Some((sender, thread)) = self.thread else { return };
        drop(sender);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}
