//! The one network interface of a container.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// Sets interface `name` up (netdevice(7), SIOCSIFFLAGS) in the calling thread's network namespace.
///
/// # Errors
/// ENODEV without such an interface, EPERM without CAP_NET_ADMIN over the namespace.
pub fn interface_up(name: &str) -> rustix::io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: an all-zero ifreq is valid plain data.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays NUL.
    for (to, from) in request.ifr_name[..libc::IFNAMSIZ - 1].iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the ioctl reads one ifreq at the pointer, which lives across the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// A packet socket (packet(7)) that hears and sends whole frames on the interface with this index, does not hear its own, and
/// never waits.
///
/// # Errors
/// EPERM without CAP_NET_RAW over the network.
pub fn packet_socket(interface: u32) -> io::Result<OwnedFd> {
    /// linux/if_packet.h, Linux 4.20.
    const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // Without a protocol it hears nothing before it is bound.
    let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
    super::set_socket_option(socket.as_fd(), libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, &1_i32.to_ne_bytes())?;
    // SAFETY: an all-zero sockaddr_ll is valid plain data.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = interface as libc::c_int;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the kernel copies `length` bytes of the address, which lives across the call.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result == 0 { Ok(socket) } else { Err(io::Error::last_os_error()) }
}

fn last_errno() -> rustix::io::Errno {
    rustix::io::Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(rustix::io::Errno::IO)
}
