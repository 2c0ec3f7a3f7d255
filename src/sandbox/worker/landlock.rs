//! The second wall: what the namespaces show, said again in Landlock's words, so that a hole in
//! one of them is not yet a way out. It never replaces a namespace.
//!
//! Every kind of access that this kernel knows is refused, except: reading and executing what is
//! in the program's root; reading and writing devices; everything but device nodes where the
//! program may write. The rule for reading hangs on the root of the case, and Landlock looks for
//! rules along the path by which a file was reached: the same file reached by a way that does not
//! lead through our root is refused.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use crate::sandbox::sys::{self, LandlockHandled};
use crate::units::NoNul;

/// Version 1 refuses every rename and link from one folder to another, and nothing can allow it:
/// programs need that, so the wall starts with version 2 (Linux 5.19).
pub(in crate::sandbox) const LEAST_ABI: u32 = 2;
/// The last version whose rights we know.
const NEWEST_ABI: u32 = 7;

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const MAKE_CHAR: u64 = 1 << 6;
const MAKE_BLOCK: u64 = 1 << 11;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// Rights of version 1 and 2: up to `REFER`.
const FIRST_RIGHTS: u64 = (1 << 14) - 1;

const SEEING: u64 = EXECUTE | READ_FILE | READ_DIR;
const DEVICES: u64 = WRITE_FILE | TRUNCATE | IOCTL_DEV;
/// Rights that a file can have; the others are a folder's.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
const NO_NODES: u64 = !(MAKE_CHAR | MAKE_BLOCK);
/// Binding and connecting TCP sockets.
const TCP: u64 = 0b11;
/// Abstract sockets and signals of others.
const SCOPES: u64 = 0b11;

/// The version in use on this kernel; `None` where there is none that serves.
pub(in crate::sandbox) fn abi() -> Option<u32> {
    sys::landlock_abi().filter(|abi| *abi >= LEAST_ABI)
}

/// What is refused unless a rule allows it.
fn handled(abi: u32, host_network: bool) -> LandlockHandled {
    let abi = abi.min(NEWEST_ABI);
    let from = |version: u32, rights: u64| if abi >= version { rights } else { 0 };
    LandlockHandled {
        files: FIRST_RIGHTS | from(3, TRUNCATE) | from(5, IOCTL_DEV),
        network: if host_network { 0 } else { from(4, TCP) },
        scoped: from(6, SCOPES),
    }
}

/// Makes the wall, to be put up with [`sys::landlock_restrict`]. `writable` are places besides the
/// standard ones that the program may write to.
pub(in crate::sandbox) fn wall(abi: u32, host_network: bool, writable: &[NoNul]) -> io::Result<OwnedFd> {
    let handled = handled(abi, host_network);
    let ruleset = sys::landlock_ruleset(handled)?;
    let allow = |place: &std::path::Path, access: u64| {
        let place = File::options().read(true).custom_flags(libc::O_PATH).open(place)?;
        let applies = if place.metadata()?.is_dir() { access } else { access & OF_FILES };
        sys::landlock_allow(ruleset.as_fd(), place.as_fd(), applies & handled.files)
    };
    allow("/".as_ref(), SEEING)?;
    allow("/dev".as_ref(), DEVICES)?;
    for place in ["/tmp", "/dev/shm", "/workspace"] {
        allow(place.as_ref(), NO_NODES)?;
    }
    for place in writable {
        allow(place.as_os_str().as_ref(), NO_NODES)?;
    }
    Ok(ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_handles_what_it_knows_and_no_more() {
        let rights = |abi| handled(abi, false);
        assert_eq!(rights(2), LandlockHandled { files: (1 << 14) - 1, network: 0, scoped: 0 });
        assert_eq!(rights(3).files, (1 << 15) - 1);
        assert_eq!((rights(4).network, rights(4).files), (0b11, (1 << 15) - 1));
        assert_eq!((rights(5).files, rights(5).scoped), ((1 << 16) - 1, 0));
        assert_eq!(rights(6).scoped, 0b11);
        assert_eq!(rights(99), rights(NEWEST_ABI));
    }

    #[test]
    fn a_program_with_the_hosts_network_keeps_tcp() {
        assert_eq!(handled(7, true).network, 0);
        assert_eq!(handled(7, true).scoped, 0b11);
    }
}
