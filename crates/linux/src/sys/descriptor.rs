//! Descriptors that are known by number only, because the caller of lowbox named them.

use std::io;
use std::os::fd::BorrowedFd;

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
