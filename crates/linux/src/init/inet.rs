//! Internet addresses and sockets as a program gives them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;

use rustix::net::AddressFamily;
use rustix::net::sockopt::{socket_domain, socket_protocol, socket_type};
use rustix::net::{SocketType, ipproto};

use crate::sys;

/// Lengths that the kernel wants at least (net/ipv4/af_inet.c, net/ipv6/af_inet6.c).
const LENGTH_V4: usize = 16;
const LENGTH_V6: usize = 24;

/// States of tcp(7) (include/net/tcp_states.h).
pub(crate) const SYN_SENT: u8 = 2;
pub(crate) const SYN_RECEIVED: u8 = 3;
pub(crate) const CLOSED: u8 = 7;
pub(crate) const LISTENING: u8 = 10;

/// The internet protocol of a socket's addresses, and whether it is a TCP or a UDP socket.
pub(crate) struct Inet {
    pub(crate) v6: bool,
    pub(crate) tcp: bool,
    pub(crate) udp: bool,
}

/// What an internet socket is; `None` for others.
pub(crate) fn inet(socket: BorrowedFd<'_>) -> io::Result<Option<Inet>> {
    let v6 = match socket_domain(socket)? {
        AddressFamily::INET => false,
        AddressFamily::INET6 => true,
        _ => return Ok(None),
    };
    let (kind, protocol) = (socket_type(socket)?, socket_protocol(socket)?);
    let tcp = kind == SocketType::STREAM && protocol == Some(ipproto::TCP);
    let udp = kind == SocketType::DGRAM && protocol == Some(ipproto::UDP);
    Ok(Some(Inet { v6, tcp, udp }))
}

/// The address for a socket of this protocol.
///
/// # Errors
/// EINVAL when it is too short, EAFNOSUPPORT when it is of another family.
pub(crate) fn address(bytes: &[u8], v6: bool) -> io::Result<SocketAddr> {
    let error = |errno| Err(io::Error::from_raw_os_error(errno));
    if bytes.len() < if v6 { LENGTH_V6 } else { LENGTH_V4 } {
        return error(libc::EINVAL);
    }
    let family = u16::from_ne_bytes([bytes[0], bytes[1]]);
    let port = u16::from_be_bytes([bytes[2], bytes[3]]);
    let ip: IpAddr = match (v6, i32::from(family)) {
        (false, libc::AF_INET) => Ipv4Addr::new(bytes[4], bytes[5], bytes[6], bytes[7]).into(),
        (true, libc::AF_INET6) => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&bytes[8..24]);
            Ipv6Addr::from(octets).into()
        }
        _ => return error(libc::EAFNOSUPPORT),
    };
    Ok(SocketAddr::new(ip, port))
}

/// Whether the address is the container's own: its loopback interface, which no address reaches as well.
pub(crate) fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// The state of a TCP socket (TCP_INFO, whose first byte it is).
pub(crate) fn state(socket: BorrowedFd<'_>) -> io::Result<u8> {
    let mut first = [0_u8; 1];
    sys::socket_option(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut first)?;
    Ok(first[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_kernel_reads_it() {
        let v4 = [2, 0, 0x1f, 0x90, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(address(&v4, false).unwrap(), "10.1.2.3:8080".parse().unwrap());
        let errno = |bytes: &[u8], v6| address(bytes, v6).unwrap_err().raw_os_error().unwrap();
        assert_eq!(errno(&v4[..15], false), libc::EINVAL);
        assert_eq!(errno(&v4, true), libc::EINVAL);
        let mut v6 = vec![10, 0, 0, 80, 0, 0, 0, 0];
        v6.extend("::ffff:1.2.3.4".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(address(&v6, true).unwrap(), "[::ffff:1.2.3.4]:80".parse().unwrap());
        assert_eq!(errno(&v6, false), libc::EAFNOSUPPORT);
        assert_eq!(errno(&[&[2, 0][..], &v6[2..]].concat(), true), libc::EAFNOSUPPORT);
    }

    #[test]
    fn what_reaches_the_own_loopback_interface_is_own() {
        for own in ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"] {
            assert!(is_own(own.parse().unwrap()), "{own}");
        }
        for other in ["10.0.0.1", "::2", "::ffff:10.0.0.1", "64:ff9b::7f00:1"] {
            assert!(!is_own(other.parse().unwrap()), "{other}");
        }
    }
}
