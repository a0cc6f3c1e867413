//! connect(2) with an address given as the bytes that a program passed; what a socket tells of its namespace and of its peer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

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

/// Binds `socket` to the raw socket address `address`.
///
/// # Errors
/// What bind(2) reports.
pub fn bind_raw(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length =
        libc::socklen_t::try_from(address.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the kernel copies `length` bytes from the slice, which lives across the call, and checks their meaning.
    let result = unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The bytes of an address, as the kernel writes them.
pub fn address_bytes(address: &rustix::net::SocketAddrAny) -> Vec<u8> {
    let length = address.addr_len() as usize;
    // SAFETY: the pointer is to at least `addr_len` initialized bytes, which `address` owns.
    unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), length) }.to_vec()
}

/// The number of the network namespace that `socket` lives in (SO_NETNS_COOKIE, socket(7), Linux 5.14).
///
/// # Errors
/// ENOPROTOOPT on older kernels.
pub fn network_cookie(socket: BorrowedFd<'_>) -> io::Result<u64> {
    const SO_NETNS_COOKIE: libc::c_int = 71;
    let mut cookie = 0_u64;
    let mut length = size_of::<u64>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes at `cookie`, and both live across the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(cookie) } else { Err(io::Error::last_os_error()) }
}

/// A pidfd of the process at the other end of a unix socket: of the one that connected, or listens (SO_PEERPIDFD, Linux 6.5). It is that process'
/// even when its number has become another one's.
///
/// # Errors
/// ENOPROTOOPT on older kernels; ESRCH or EINVAL for one that has ended.
pub fn peer_process(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut number: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes at `number`, and both live across the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERPIDFD,
            (&raw mut number).cast(),
            &raw mut length,
        )
    };
    if result != 0 || number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for the calling process, and nothing else has its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
