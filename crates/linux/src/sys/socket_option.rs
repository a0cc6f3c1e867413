//! Socket options by number, as raw bytes: for copying them from one socket to another.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use lowbox_policy::network::BpfInstruction;

/// Reads an option into `buffer`; returns how many bytes it has.
///
/// # Errors
/// What getsockopt(2) reports.
pub fn socket_option(socket: BorrowedFd<'_>, level: i32, name: i32, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = buffer.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into `buffer`, exclusively borrowed for the call.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, buffer.as_mut_ptr().cast(), &raw mut length)
    };
    if result == 0 { Ok((length as usize).min(buffer.len())) } else { Err(io::Error::last_os_error()) }
}

/// Sets an option.
///
/// # Errors
/// What setsockopt(2) reports.
pub fn set_socket_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel copies the slice, which lives across the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Attaches a filter that nobody can take off again (SO_ATTACH_FILTER, SO_LOCK_FILTER; socket(7)).
///
/// # Errors
/// EINVAL for a filter that the kernel refuses, ENOMEM past net.core.optmem_max.
pub fn lock_filter(socket: BorrowedFd<'_>, filter: &[BpfInstruction]) -> io::Result<()> {
    let code: Vec<libc::sock_filter> = filter
        .iter()
        .map(|step| libc::sock_filter { code: step.code, jt: step.jt, jf: step.jf, k: step.k })
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(code.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?,
        filter: code.as_ptr().cast_mut(),
    };
    // SAFETY: the option reads one sock_fprog, which describes `code`; both outlive the call, and the kernel copies them.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    set_socket_option(socket, libc::SOL_SOCKET, libc::SO_LOCK_FILTER, &1_i32.to_ne_bytes())
}
