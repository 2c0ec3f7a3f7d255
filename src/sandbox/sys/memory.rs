//! The allocator.

/// Gives memory that was freed back to the kernel. The C library keeps what lies below anything that is
/// still in use, and what another thread has freed: after a big suite was read, most of what that took.
pub(crate) fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and touches only what the allocator knows to be free.
    unsafe {
        libc::malloc_trim(0);
    }
}
