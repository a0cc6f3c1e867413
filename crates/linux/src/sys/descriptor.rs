//! Descriptors that are known by number only, because the caller of lowbox named them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Calls `action` with descriptor `number`, if it is open.
///
/// # Errors
/// EBADF if it is not open; what `action` reports.
pub fn with_descriptor<T>(
    number: i32,
    action: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
) -> io::Result<T> {
    // SAFETY: fcntl F_GETFD takes a plain integer and reports EBADF for a number that is not open.
    if number < 0 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the descriptor is open (checked above), and nothing in this process closes numbers that it does not own;
    // the borrow ends with the call.
    action(unsafe { BorrowedFd::borrow_raw(number) })
}

/// Makes descriptor `number` a copy of `file` (dup3(2)), not close-on-exec. `number` is one of 0 to 2, which Rust's standard
/// library does not own either.
///
/// # Errors
/// What dup2(2) reports.
pub fn replace_descriptor(file: impl AsFd, number: i32) -> io::Result<()> {
    assert!((0..3).contains(&number), "only standard descriptors are replaced");
    // SAFETY: plain integers; numbers 0 to 2 are owned by nothing in this process (the standard library borrows them).
    if unsafe { libc::dup2(file.as_fd().as_raw_fd(), number) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
