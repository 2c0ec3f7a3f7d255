//! The allocator, and pages.

/// The pages that one entry of the upper page table stands for, where it has none below it: on all that
/// we run on. If it is not so, the advice is for less than there is.
const HUGE: usize = 2 << 20;

/// Asks the kernel to put whole huge pages behind `room`, as far as it has any that lie in it alone: they
/// are cleared as fast as others, and come with one fault instead of five hundred. A kernel that has none
/// does nothing.
pub(in crate::sandbox) fn prefer_huge_pages(room: &mut [u8]) {
    let before = room.as_ptr().align_offset(HUGE);
    let Some(whole) = room.get_mut(before..) else { return };
    let length = whole.len() / HUGE * HUGE;
    if length > 0 {
        // SAFETY: the range is within `room`, which is borrowed; the advice changes no byte of it.
        unsafe {
            libc::madvise(whole.as_mut_ptr().cast(), length, libc::MADV_HUGEPAGE);
        }
    }
}

/// Gives memory that was freed back to the kernel. The C library keeps what lies below anything that is
/// still in use, and what another thread has freed: after a big suite was read, most of what that took.
pub(crate) fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and touches only what the allocator knows to be free.
    unsafe {
        libc::malloc_trim(0);
    }
}
