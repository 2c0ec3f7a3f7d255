//! [`Relay`]: carries both directions of a conversation, keeps what was said, and says who left
//! first.
//!
//! It can tell, because neither program sees the end of the other but through it: whoever's end
//! of a pipe closes before we have closed anything was the first. It never waits for a write, so
//! a program that does not read stops nobody but the one who writes to it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::judge::Party;
use crate::sandbox::outcome::Captured;
use crate::units::{Bytes, visible_line};

const CHUNK: usize = 64 << 10;

/// Our ends of the four pipes.
pub(super) struct Wires {
    pub(super) from_submission: OwnedFd,
    pub(super) to_interactor: OwnedFd,
    pub(super) from_interactor: OwnedFd,
    pub(super) to_submission: OwnedFd,
}

/// What there is to tell when it is over.
pub(super) struct Heard {
    /// What the submission wrote, up to its limit.
    pub(super) output: Captured,
    /// How much the interactor wrote.
    pub(super) from_interactor: u64,
    /// Lines: `> ` the submission's, `< ` the interactor's.
    pub(super) transcript: String,
    /// Who closed its end first.
    pub(super) first: Option<Party>,
}

/// One direction.
struct Way {
    from: Option<File>,
    to: Option<File>,
    /// Read and not yet written: never more than a chunk.
    pending: Vec<u8>,
    total: u64,
    most: u64,
    speaker: Party,
    listener: Party,
    /// The line of the transcript that is not complete.
    line: Vec<u8>,
}

/// Carries what two programs say to each other.
pub(super) struct Relay {
    ways: [Way; 2],
    kept: Vec<u8>,
    keep: usize,
    transcript: String,
    room: usize,
    first: Option<Party>,
}

/// What happened to one of the descriptors.
#[derive(Clone, Copy)]
struct Ready {
    way: usize,
    reading: bool,
    events: PollFlags,
}

impl Relay {
    /// `most`: how much each may write, the submission first; `transcript`: how much is kept of it.
    pub(super) fn new(wires: Wires, most: [Bytes; 2], transcript: Bytes) -> Self {
        let way = |from: OwnedFd, to: OwnedFd, most: Bytes, speaker, listener| Way {
            from: Some(from.into()),
            to: Some(to.into()),
            pending: Vec::new(),
            total: 0,
            most: most.0,
            speaker,
            listener,
            line: Vec::new(),
        };
        let Wires { from_submission, to_interactor, from_interactor, to_submission } = wires;
        let (us, them) = (Party::Submission, Party::Interactor);
        let ways = [
            way(from_submission, to_interactor, most[0], us, them),
            way(from_interactor, to_submission, most[1], them, us),
        ];
        let size = |bytes: Bytes| usize::try_from(bytes.0).unwrap_or(usize::MAX);
        Self {
            ways,
            kept: Vec::new(),
            keep: size(most[0]),
            transcript: String::new(),
            room: size(transcript),
            first: None,
        }
    }

    /// Runs until both have ended.
    pub(super) fn run(mut self) -> Heard {
        for file in self.ways.iter().flat_map(|way| way.from.iter().chain(&way.to)) {
            // One that cannot be set is waited for by the poll anyhow.
            let _ = fcntl(file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
        }
        let mut buffer = vec![0; CHUNK];
        while self.ways.iter().any(Way::is_open) {
            let Some(ready) = self.wait() else { break };
            self.see_who_left(&ready);
            for event in &ready {
                if event.reading {
                    self.read(event.way, &mut buffer);
                } else if event.events.intersects(PollFlags::POLLERR) {
                    self.ways[event.way].listener_is_gone();
                }
                self.ways[event.way].write();
            }
        }
        for at in 0..2 {
            self.line_is_complete(at);
        }
        Heard {
            output: Captured { bytes: self.kept.into(), total: self.ways[0].total },
            from_interactor: self.ways[1].total,
            transcript: self.transcript,
            first: self.first,
        }
    }

    fn wait(&self) -> Option<Vec<Ready>> {
        let mut what: Vec<(Ready, BorrowedFd<'_>)> = Vec::with_capacity(4);
        for (number, way) in self.ways.iter().enumerate() {
            let at = |reading, events| Ready { way: number, reading, events };
            // While something is pending nobody is read from, so that the writer feels it.
            if let Some(from) = way.from.as_ref().filter(|_| way.pending.is_empty()) {
                what.push((at(true, PollFlags::POLLIN), from.as_fd()));
            }
            if let Some(to) = &way.to {
                let events = if way.pending.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
                what.push((at(false, events), to.as_fd()));
            }
        }
        let mut polled: Vec<_> = what.iter().map(|(ready, fd)| PollFd::new(*fd, ready.events)).collect();
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => {
                log::error!("waiting for a conversation: {errno}");
                return None;
            }
        }
        let happened = what.iter().zip(&polled).filter_map(|((ready, _), poll)| {
            let events = poll.revents().filter(|events| !events.is_empty())?;
            Some(Ready { events, ..*ready })
        });
        Some(happened.collect())
    }

    /// A reading end that has nothing more to read, or a writing end that nobody reads: its program
    /// has closed it, and if nobody has before, it was the first.
    fn see_who_left(&mut self, ready: &[Ready]) {
        if self.first.is_some() {
            return;
        }
        // The end of a stream before the loss of a reader: a program that ends closes both, and
        // whoever wrote to it just before has not left.
        let gone = |reading: bool, flag: PollFlags| {
            ready.iter().find(|event| {
                let silent = !event.events.contains(PollFlags::POLLIN);
                event.reading == reading && event.events.intersects(flag) && silent
            })
        };
        let spoke = gone(true, PollFlags::POLLHUP).map(|event| self.ways[event.way].speaker);
        let heard = gone(false, PollFlags::POLLERR).map(|event| self.ways[event.way].listener);
        self.first = spoke.or(heard);
    }

    fn read(&mut self, at: usize, buffer: &mut [u8]) {
        let way = &mut self.ways[at];
        let Some(from) = &mut way.from else { return };
        match from.read(buffer) {
            Ok(0) => way.speaker_is_gone(),
            Ok(count) => {
                let bytes = &buffer[..count];
                way.total += count as u64;
                if way.to.is_some() && way.total <= way.most {
                    way.pending.extend_from_slice(bytes);
                }
                if way.speaker == Party::Submission {
                    let room = self.keep.saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&bytes[..count.min(room)]);
                }
                let too_much = way.total > way.most;
                self.note(at, bytes);
                if too_much {
                    // The rest is nobody's to hear; whoever goes on writing gets SIGPIPE.
                    self.ways[at].pending.clear();
                    self.ways[at].speaker_is_gone();
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => way.speaker_is_gone(),
        }
    }

    /// Adds to the transcript, line by line, as far as there is room.
    fn note(&mut self, at: usize, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.room == 0 {
                return;
            }
            let way = &mut self.ways[at];
            way.line.extend_from_slice(&part[..part.len().min(self.room)]);
            if part.ends_with(b"\n") || way.line.len() >= self.room {
                self.line_is_complete(at);
            }
        }
    }

    fn line_is_complete(&mut self, at: usize) {
        let way = &mut self.ways[at];
        if way.line.is_empty() || self.room == 0 {
            return;
        }
        let line = std::mem::take(&mut way.line);
        let mark = if way.speaker == Party::Submission { "> " } else { "< " };
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        self.transcript.push_str(mark);
        self.transcript.push_str(&visible_line(text));
        self.transcript.push('\n');
        self.room = self.room.saturating_sub(line.len() + mark.len());
        if self.room == 0 {
            self.transcript.push_str("(cut here)\n");
        }
    }
}

impl Way {
    fn is_open(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    fn speaker_is_gone(&mut self) {
        self.from = None;
        if self.pending.is_empty() {
            self.to = None;
        }
    }

    /// Nobody reads. A submission is to feel it as it would without us (SIGPIPE); an interactor
    /// whose submission has gone may go on writing, so that it dies of nothing that is not its
    /// own doing, and learns from its end of file that nobody is there.
    fn listener_is_gone(&mut self) {
        self.to = None;
        self.pending.clear();
        if self.speaker == Party::Submission {
            self.from = None;
        }
    }

    fn write(&mut self) {
        let Some(to) = &mut self.to else {
            self.pending.clear();
            return;
        };
        if !self.pending.is_empty() {
            match to.write(&self.pending) {
                Ok(count) => {
                    self.pending.drain(..count);
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return self.listener_is_gone(),
            }
        }
        if self.from.is_none() && self.pending.is_empty() {
            self.to = None;
        }
    }
}
