//! One thin wrapper per system call that neither `std` nor `nix` offers safely. The only `unsafe`
//! code of the project. Nothing here decides anything.

mod borrowed;
mod fds;
mod landlock;
mod memory;
mod mounts;
mod privileges;
mod processes;
mod seccomp;

pub(super) use borrowed::{Birth, Execution, Stack, has_clone3, run_borrowed};
pub(super) use fds::{close_all_but, close_from, close_on_exec_from, receive, send};
pub(super) use landlock::{
    LandlockHandled, landlock_abi, landlock_allow, landlock_restrict, landlock_ruleset,
};
pub(crate) use memory::give_back_memory;
pub(super) use memory::prefer_huge_pages;
pub(super) use mounts::{IdMap, MountAttr, move_mount, open_tree, set_mount_attr};
pub(crate) use privileges::is_ignored;
pub(super) use privileges::{
    drop_bounding_set, drop_capabilities, join_new_session_keyring, lock_securebits, reset_signals,
};
pub(super) use processes::{Forked, Waited, exit_now, fork, have_one_memory, pidfd_kill, wait_any};
pub(super) use seccomp::{
    Instruction, Notice, install_filter, instructions, let_go_on, receive_notification,
};

use std::io;

/// Turns a system call's return value into a result.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
