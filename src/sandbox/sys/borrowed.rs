//! A child that borrows our memory until it executes something: a clone with `CLONE_VM` and
//! `CLONE_VFORK`. Its price is the same however large we are, and nothing has to be copied.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::OnceLock;

use super::check;

/// A stack for such children, one at a time; the page below it is nobody's.
pub(in crate::sandbox) struct Stack {
    low: *mut c_void,
}

/// Enough for the set-up of a program: our deepest path needs about a tenth.
const STACK: usize = 256 << 10;
const GUARD: usize = 64 << 10;

impl Stack {
    pub(in crate::sandbox) fn new() -> io::Result<Self> {
        let anywhere = std::ptr::null_mut();
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE;
        // SAFETY: an anonymous mapping at a place of the kernel's choice changes no memory in use.
        let low =
            unsafe { libc::mmap(anywhere, STACK + GUARD, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if low == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self { low };
        // SAFETY: the first GUARD bytes of the mapping that was just made, which nobody uses yet.
        check(unsafe { libc::mprotect(low, GUARD, libc::PROT_NONE) }.into())?;
        Ok(stack)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, with its own length; no child runs on it, since
        // `run_borrowed` borrows the stack until the child is gone from it.
        unsafe { libc::munmap(self.low, STACK + GUARD) };
    }
}

/// Where such a child is to be born.
#[derive(Clone, Copy, Default)]
pub(in crate::sandbox) struct Birth<'a> {
    /// A version 2 cgroup.
    pub(in crate::sandbox) cgroup: Option<BorrowedFd<'a>>,
    /// The process number that it must get; `EEXIST` when somebody has it.
    pub(in crate::sandbox) pid: Option<libc::pid_t>,
}

/// Runs `child` in a process of its own that shares our memory, while we stand still; returns its
/// number when it has executed something or ended. What `child` changes in memory we see; its
/// descriptors, folder, user and limits are its own. It ends when `child` returns.
///
/// For processes with one thread: nobody else may change the memory meanwhile.
pub(in crate::sandbox) fn run_borrowed<F: FnMut()>(
    birth: Birth<'_>,
    stack: &mut Stack,
    mut child: F,
) -> io::Result<libc::pid_t> {
    extern "C" fn enter<F: FnMut()>(child: *mut c_void) -> ! {
        // SAFETY: `child` is the closure that `run_borrowed` holds on its frame, which stands still
        // until this process has executed something or ended.
        unsafe { (*child.cast::<F>())() };
        super::exit_now()
    }
    let pid = birth.pid.unwrap_or(0);
    // SAFETY: clone_args is a plain struct of integers for which all zeroes is a valid value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::try_from(libc::CLONE_VM | libc::CLONE_VFORK).expect("these bits are positive");
    args.exit_signal = u64::try_from(libc::SIGCHLD).expect("signals are positive");
    args.stack = stack.low as u64 + GUARD as u64;
    args.stack_size = STACK as u64;
    if birth.pid.is_some() {
        args.set_tid = (&raw const pid) as u64;
        args.set_tid_size = 1;
    }
    if let Some(cgroup) = birth.cgroup {
        args.flags |= 0x2_0000_0000; // CLONE_INTO_CGROUP
        args.cgroup = u64::try_from(cgroup.as_raw_fd()).expect("open descriptors are not negative");
    }
    let data: *mut F = &raw mut child;
    // SAFETY: `args`, `pid`, `stack` and `child` live until the call has returned in us, which is
    // after the child has let go of our memory (CLONE_VFORK). The child gets a stack that is mapped,
    // is its alone (`&mut`) and has room; it calls `enter` with the closure it was made for and
    // never returns. Our own stack is not touched by it.
    // Without clone3 (filters of containers) the older call does the same, but for what `Birth` asks.
    let result = unsafe {
        let enter = enter::<F> as *const c_void;
        if has_clone3() {
            let size = size_of::<libc::clone_args>();
            clone(libc::SYS_clone3, (&raw const args) as usize, size, enter, data.cast())
        } else {
            let flags = usize::try_from(args.flags | args.exit_signal).unwrap_or(0);
            let top = stack.low as usize + GUARD + STACK;
            clone(libc::SYS_clone, flags, top, enter, data.cast())
        }
    };
    match result {
        error if error < 0 => Err(io::Error::from_raw_os_error(i32::try_from(-error).unwrap_or(libc::EIO))),
        pid => Ok(libc::pid_t::try_from(pid).expect("process numbers fit an int")),
    }
}

/// Whether the kernel, and whoever filters our calls, knows `clone3`.
pub(in crate::sandbox) fn has_clone3() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let nothing: *const libc::clone_args = std::ptr::null();
        // SAFETY: a size of zero is below the least that the call takes: it reads nothing and starts
        // nothing.
        let refused = check(unsafe { libc::syscall(libc::SYS_clone3, nothing, 0usize) });
        refused.is_err_and(|error| error.raw_os_error() == Some(libc::EINVAL))
    })
}

/// The call itself: the C library has no wrapper, and the child wakes on another stack, where no
/// compiled code could go on.
#[cfg(target_arch = "x86_64")]
unsafe fn clone(
    call: libc::c_long,
    first: usize,
    second: usize,
    enter: *const c_void,
    data: *mut c_void,
) -> libc::c_long {
    let result;
    // SAFETY: the caller vouches for `args`, `enter` and `data`. In the parent only rax, rcx and r11
    // change; the child never leaves the block.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") call => result,
            in("rdi") first,
            in("rsi") second,
            // The older call's places for numbers and for thread-local memory: none.
            in("rdx") 0,
            in("r10") 0,
            in("r8") 0,
            in("r12") data,
            in("r13") enter,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}

/// The same for aarch64.
#[cfg(target_arch = "aarch64")]
unsafe fn clone(
    call: libc::c_long,
    first: usize,
    second: usize,
    enter: *const c_void,
    data: *mut c_void,
) -> libc::c_long {
    let result;
    // SAFETY: the caller vouches for `args`, `enter` and `data`. In the parent only x0 changes; the
    // child never leaves the block.
    unsafe {
        std::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x20",
            "blr x21",
            "brk #1",
            "2:",
            inlateout("x0") first => result,
            in("x1") second,
            in("x2") 0,
            in("x3") 0,
            in("x4") 0,
            in("x8") call,
            in("x20") data,
            in("x21") enter,
        );
    }
    result
}

/// A program with its arguments, in the form that `execve` takes: made before the child is born,
/// who must leave nothing behind in our memory.
pub(in crate::sandbox) struct Execution {
    paths: Vec<CString>,
    argv: Words,
    env: Words,
}

struct Words {
    /// Owns what `pointers` point to.
    _words: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Words {
    fn new(words: Vec<CString>) -> Self {
        let ends = std::iter::once(std::ptr::null());
        let pointers = words.iter().map(|word| word.as_ptr()).chain(ends).collect();
        Self { _words: words, pointers }
    }
}

impl Execution {
    pub(in crate::sandbox) fn new(paths: Vec<CString>, argv: Vec<CString>, env: Vec<CString>) -> Self {
        Self { paths, argv: Words::new(argv), env: Words::new(env) }
    }

    /// What can be executed, in order.
    pub(in crate::sandbox) fn paths(&self) -> impl Iterator<Item = &CStr> {
        self.paths.iter().map(CString::as_c_str)
    }

    /// Becomes the program; returns only why it could not.
    pub(in crate::sandbox) fn execute(&self, path: &CStr) -> c_int {
        // SAFETY: the path and all words are NUL-terminated by their types, both lists end with a
        // null pointer, and all of it is owned by `self` and `path`, alive during the call.
        unsafe { libc::execve(path.as_ptr(), self.argv.pointers.as_ptr(), self.env.pointers.as_ptr()) };
        io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_runs_in_our_memory_and_is_gone_when_we_go_on() {
        // A process of its own to try it in: this one has many threads.
        let mut stack = Stack::new().expect("mapped");
        let mut seen = 0;
        let pid = run_borrowed(Birth::default(), &mut stack, || seen = std::process::id()).expect("born");
        assert_eq!(i64::from(seen), i64::from(pid));
        let mut status = 0;
        // SAFETY: waits for our own child; `status` is alive.
        let reaped = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert_eq!((reaped, status), (pid, 0));
    }
}
