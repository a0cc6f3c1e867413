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

/// Makes descriptor `number` a copy of `file` (dup2(2)), not close-on-exec. `number` is open, and came from the caller of
/// lowbox: 0 to 2, or one that was named.
///
/// # Errors
/// EBADF if it is not open; what dup2(2) reports.
pub fn replace_descriptor(file: impl AsFd, number: i32) -> io::Result<()> {
    with_descriptor(number, |_| Ok(()))?;
    // SAFETY: plain integers; what the caller of lowbox left open is owned by nothing in this process, and the standard
    // library only borrows 0 to 2.
    if unsafe { libc::dup2(file.as_fd().as_raw_fd(), number) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
