//! connect(2) with an address given as the bytes that a program passed.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Connects `socket` to the raw socket address `address`.
///
/// # Errors
/// What connect(2) reports.
pub fn connect_raw(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length =
        libc::socklen_t::try_from(address.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the kernel copies `length` bytes from the slice, which lives across the call, and checks their meaning.
    let result = unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
