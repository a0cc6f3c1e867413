//! The wire that a container's datagrams leave by: a pair of virtual interfaces (veth(4)), of which the program's end has the
//! container's addresses and its default route, and the other end is read and written by the network broker alone
//! (packet(7)). What is sent into it goes nowhere else: both ends lie in the container's own network, which forwards nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::network::netlink::{self, ACKNOWLEDGE, CREATE, EXCLUSIVE, Message};
use crate::sys;

/// The container's address: RFC 7600 keeps it for a node that has no other.
pub(crate) const ADDRESS_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);
/// A unique local one (RFC 4193), whose forty bits spell lowbox: the same in every container, as nobody else sees it.
pub(crate) const ADDRESS_V6: Ipv6Addr = Ipv6Addr::new(0xfd6c, 0x6f77, 0x626f, 0x7800, 0, 0, 0, 8);

/// Ethernet addresses of the two ends, administered locally.
pub(crate) const PROGRAM_END: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// Of the broker's.
pub(crate) const BROKER_END: [u8; 6] = [2, 0, 0, 0, 0, 2];

const PROGRAM_NAME: &str = "net0";
const BROKER_NAME: &str = "wire0";

/// As large as a datagram can be, so that none comes in pieces.
const MTU: u32 = 65535;

// linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/veth.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_GSO_MAX_SEGS: u16 = 40;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// Nobody else is there who could have the address.
const IFA_F_NODAD: u8 = 2;
const RTA_OIF: u16 = 4;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_BOOT: u8 = 3;
const RT_SCOPE_UNIVERSE: u8 = 0;
const RT_SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;

/// Makes the wire in this process's network and returns the broker's end of it.
///
/// # Errors
/// EOPNOTSUPP on a kernel without veth; EPERM without CAP_NET_ADMIN and CAP_NET_RAW over the network.
pub(crate) fn make() -> io::Result<OwnedFd> {
    let socket = netlink::open()?;
    netlink::order(&socket, 1, pair(1))?;
    sys::interface_up(BROKER_NAME)?;
    let inet = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let index = name_to_index(&inet, PROGRAM_NAME)?;
    netlink::order(&socket, 2, address(2, index, ADDRESS_V4.into()))?;
    netlink::order(&socket, 3, default_route(3, index, false))?;
    // A kernel without IPv6 is one where nothing speaks it.
    let _ = netlink::order(&socket, 4, address(4, index, ADDRESS_V6.into()))
        .and_then(|()| netlink::order(&socket, 5, default_route(5, index, true)));
    sys::packet_socket(name_to_index(&inet, BROKER_NAME)?)
}

/// struct ifinfomsg: without asking for neighbours (IFF_NOARP), and with these flags.
fn interface(flags: i32) -> Vec<u8> {
    let mut fixed = vec![0_u8; 8];
    fixed.extend(((libc::IFF_NOARP | flags) as u32).to_ne_bytes());
    // All flags are meant: so IFF_MULTICAST is off, and nothing is sent of the kernel's own.
    fixed.extend(u32::MAX.to_ne_bytes());
    fixed
}

fn end(message: &mut Message, name: &str, ethernet: [u8; 6]) {
    message.attribute(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat());
    message.attribute(IFLA_ADDRESS, &ethernet);
    message.attribute(IFLA_MTU, &MTU.to_ne_bytes());
    // What a program hands over as one buffer of many datagrams (UDP_SEGMENT, udp(7)) is cut before it comes here.
    message.attribute(IFLA_GSO_MAX_SEGS, &1_u32.to_ne_bytes());
}

fn pair(sequence: u32) -> Message {
    let mut message =
        Message::new(RTM_NEWLINK, ACKNOWLEDGE | CREATE | EXCLUSIVE, sequence, &interface(libc::IFF_UP));
    end(&mut message, PROGRAM_NAME, PROGRAM_END);
    message.nest(IFLA_LINKINFO, |message| {
        message.attribute(IFLA_INFO_KIND, b"veth");
        message.nest(IFLA_INFO_DATA, |message| {
            message.nest(VETH_INFO_PEER, |message| {
                // Only once it has its other end can it be set up.
                message.raw(&interface(0));
                end(message, BROKER_NAME, BROKER_END);
            });
        });
    });
    message
}

fn address(sequence: u32, index: u32, address: IpAddr) -> Message {
    let (family, octets) = match address {
        IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
    };
    // struct ifaddrmsg: the address alone, no network.
    let mut fixed = vec![family as u8, (octets.len() * 8) as u8, IFA_F_NODAD, RT_SCOPE_UNIVERSE];
    fixed.extend(index.to_ne_bytes());
    let mut message = Message::new(RTM_NEWADDR, ACKNOWLEDGE | CREATE | EXCLUSIVE, sequence, &fixed);
    message.attribute(IFA_LOCAL, &octets);
    message.attribute(IFA_ADDRESS, &octets);
    message
}

fn default_route(sequence: u32, index: u32, v6: bool) -> Message {
    let (family, scope) =
        if v6 { (libc::AF_INET6, RT_SCOPE_UNIVERSE) } else { (libc::AF_INET, RT_SCOPE_LINK) };
    // struct rtmsg.
    let fixed = [family as u8, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0, 0, 0, 0];
    let mut message = Message::new(RTM_NEWROUTE, ACKNOWLEDGE | CREATE | EXCLUSIVE, sequence, &fixed);
    message.attribute(RTA_OIF, &index.to_ne_bytes());
    message
}
