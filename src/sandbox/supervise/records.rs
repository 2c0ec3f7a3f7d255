//! What init and the program say about themselves, before and after the program's life.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::sys::socket::MsgFlags;

use super::case::{Case, Left, Stage};
use crate::sandbox::outcome::{CollectedFile, Fault, FaultKind, FileContent, FileProblem, KillReason};
use crate::sandbox::seccomp::{self, Noted};
use crate::sandbox::sys::{Notice, let_go_on, receive_notification};
use crate::sandbox::wire::{self, FileFault, FileRecord, Record};
use crate::sandbox::{clock, fault};
use crate::units::{Bytes, NoNul};

impl Case<'_> {
    pub(super) fn read_records(&mut self, flags: MsgFlags) {
        while self.speaking {
            match wire::receive::<Record>(self.with.init.case.as_fd(), flags) {
                Ok(Some((record, fds))) => self.on_record(record, fds),
                Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => return,
                // Its end: not waited for again, or it would wake us until init's own end.
                Ok(None) | Err(_) => self.speaking = false,
            }
        }
    }

    fn on_record(&mut self, record: Record, mut fds: Vec<OwnedFd>) {
        match record {
            Record::Ready { at_nanos, cpu_nanos, resident_kib } => {
                self.resident_before = resident_kib;
                self.start = (clock::less_stops(at_nanos), cpu_nanos);
                self.listener = fds.pop();
                if self.listener.is_none() {
                    // Nobody tells us what the program does.
                    self.noted = Left { in_world: true, in_network: true };
                }
                self.executed();
            }
            Record::Fault(record) => {
                self.stage = Stage::SettingUp;
                self.failure = Some(fault::setup(record));
            }
            Record::ExecFailed { candidate, errno, found } => {
                self.stage = Stage::SettingUp;
                self.failure = Some(self.exec_failed(candidate, errno, found));
            }
            Record::WorkdirFailed { errno } => {
                self.failure = Some(Fault {
                    kind: FaultKind::Workdir { path: self.with.plan.workdir.to_string() },
                    step: "entering the working directory".to_owned(),
                    errno: Some(errno),
                    help: "it is looked for inside the sandbox: have the folder there, or name another one"
                        .to_owned(),
                });
            }
            Record::Exited(exited) => self.exited = Some(exited),
            Record::File { index, result } => self.on_file(index, result, fds),
            Record::Found { index, path, result } => self.on_found(index, &path, result, fds),
            Record::Folder { index, result } => {
                let nothing = || FileContent { bytes: Vec::new(), executable: false };
                self.told(index, result.map(|()| nothing()).map_err(problem));
            }
        }
    }

    fn exec_failed(&self, candidate: u32, errno: i32, found: bool) -> Fault {
        let paths: Vec<String> = self.with.plan.candidates.iter().map(ToString::to_string).collect();
        let path = usize::try_from(candidate).ok().and_then(|n| paths.get(n).cloned()).unwrap_or_default();
        let kind = match errno {
            libc::ENOENT | libc::ENOTDIR if !found => FaultKind::NotFound { searched: paths },
            _ => FaultKind::NotExecutable { path },
        };
        let help = match errno {
            libc::ENOEXEC => "not a program for this machine, and no `#!` line says what runs it",
            libc::ENOENT if found => {
                "the file is there, but what runs it is not: see its `#!` line, or its dynamic loader"
            }
            libc::EACCES => "make it executable (chmod +x), and do not name a directory",
            _ => "",
        };
        let command = self.with.spec.argv.first().map(ToString::to_string).unwrap_or_default();
        Fault { kind, step: format!("executing {command}"), errno: Some(errno), help: help.to_owned() }
    }

    fn on_file(&mut self, index: u32, result: Result<FileRecord, FileFault>, mut fds: Vec<OwnedFd>) {
        let content = match (result, fds.pop()) {
            (Ok(record), Some(fd)) => read_file(fd, record),
            (Ok(_), None) => Err(FileProblem::Unreadable(libc::EBADF)),
            (Err(fault), _) => Err(problem(fault)),
        };
        self.told(index, content);
    }

    fn told(&mut self, index: u32, content: Result<FileContent, FileProblem>) {
        if let Some(slot) = usize::try_from(index).ok().and_then(|index| self.files.get_mut(index)) {
            *slot = Some(content);
        }
    }

    fn on_found(
        &mut self,
        index: u32,
        path: &NoNul,
        result: Result<Option<FileRecord>, FileFault>,
        mut fds: Vec<OwnedFd>,
    ) {
        let content = match (result, fds.pop()) {
            (Ok(Some(record)), Some(fd)) => read_file(fd, record),
            (Ok(Some(_)), None) => Err(FileProblem::Unreadable(libc::EBADF)),
            (Ok(None), _) => Ok(FileContent { bytes: Vec::new(), executable: false }),
            (Err(fault), _) => Err(problem(fault)),
        };
        self.found.push((index, CollectedFile { path: PathBuf::from(path.as_os_str()), content }));
    }

    pub(super) fn read_listener(&mut self) {
        let Some(listener) = &self.listener else { return };
        match receive_notification(listener.as_fd()) {
            Ok(Notice::Call(call)) => {
                match seccomp::noted(call.number, call.arch) {
                    Some(Noted::World) => self.noted.in_world = true,
                    Some(Noted::Network) => self.noted.in_network = true,
                    None => {
                        let (name, arch) = seccomp::describe(call.number, call.arch);
                        let number = i64::from(call.number);
                        // The listener stays open until all are dead: closing it would let the call return.
                        return self.kill(KillReason::ForbiddenSyscall { name, number, arch });
                    }
                }
                if let Err(error) = let_go_on(listener.as_fd(), call) {
                    self.failure = Some(fault::monitor("letting a system call go on", Some(&error)));
                    self.kill(KillReason::Cancelled);
                }
            }
            // A signal has taken back what was to be read. The next call is to be seen all the same.
            Ok(Notice::Nothing) => {}
            // Nobody is under the filter any more.
            Ok(Notice::Gone) | Err(_) => self.listener = None,
        }
    }
}

fn problem(fault: FileFault) -> FileProblem {
    match fault {
        FileFault::Missing => FileProblem::Missing,
        FileFault::Link => FileProblem::Link,
        FileFault::NotRegular => FileProblem::NotRegular,
        FileFault::TooLarge(size) => FileProblem::TooLarge(Bytes(size)),
        FileFault::Unreadable(errno) => FileProblem::Unreadable(errno),
    }
}

/// Reads a file that init opened. Everybody who could change it is dead or dying; the size is
/// bounded all the same.
fn read_file(fd: OwnedFd, record: FileRecord) -> Result<FileContent, FileProblem> {
    let mut bytes = Vec::new();
    match File::from(fd).take(record.size).read_to_end(&mut bytes) {
        Ok(_) => Ok(FileContent { bytes, executable: record.executable }),
        Err(error) => Err(FileProblem::Unreadable(error.raw_os_error().unwrap_or(libc::EIO))),
    }
}
