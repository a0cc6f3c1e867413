//! The error queue of a UDP socket (ip(7), IP_RECVERR).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Takes the next error off the queue: whom the datagram was for, and its error number. `None` when the queue is empty.
///
/// # Errors
/// What recvmsg(2) reports, and InvalidData for a message without the two.
pub fn next_error(socket: BorrowedFd<'_>) -> io::Result<Option<(SocketAddr, i32)>> {
    // SAFETY: all-zero structures of these types are valid plain data.
    let (mut name, mut message): (libc::sockaddr_storage, libc::msghdr) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // Aligned for struct cmsghdr; room for the error and the offender's address, twice over.
    let mut control = [0_u64; 32];
    message.msg_name = (&raw mut name).cast();
    message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: `message` describes `name` and `control`, exclusively borrowed, with their lengths; no data is asked for.
    let result = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    if result < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::WouldBlock { Ok(None) } else { Err(error) };
    }
    let errno = errno_in(&message);
    match (address(&name), errno) {
        (Some(address), Some(errno)) => Ok(Some((address, errno))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn errno_in(message: &libc::msghdr) -> Option<i32> {
    // SAFETY: the kernel has filled in `message`, whose buffers are the caller's and live.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a whole header within the control buffer.
        let (level, kind) = unsafe { ((*header).cmsg_level, (*header).cmsg_type) };
        if matches!(
            (level, kind),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
        ) {
            // SAFETY: the kernel puts a struct sock_extended_err here (linux/errqueue.h), which may lie unaligned.
            let error: libc::sock_extended_err =
                unsafe { libc::CMSG_DATA(header).cast::<libc::sock_extended_err>().read_unaligned() };
            return i32::try_from(error.ee_errno).ok();
        }
        // SAFETY: `header` is one of `message`'s.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}

fn address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: a sockaddr_storage is as large as every address and aligned for it; the family says which it is.
            let v4 = unsafe { (&raw const *name).cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::from((ip, u16::from_be(v4.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { (&raw const *name).cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::from((ip, u16::from_be(v6.sin6_port))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn an_error_is_told_with_whom_it_is_about() {
        let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        super::super::set_socket_option(
            socket.as_fd(),
            libc::IPPROTO_IP,
            libc::IP_RECVERR,
            &1_i32.to_ne_bytes(),
        )
        .unwrap();
        assert_eq!(next_error(socket.as_fd()).unwrap(), None);
        socket.send_to(b"hello", nobody).unwrap();
        assert_eq!(next_error(socket.as_fd()).unwrap(), Some((nobody, libc::ECONNREFUSED)));
        assert_eq!(next_error(socket.as_fd()).unwrap(), None);
    }
}
