//! What the host's routes say of an address (rtnetlink(7), RTM_GETROUTE): whether it is one of the host's own.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use lowbox_policy::network::Route;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::netlink::{self, HEADER, Message, numbered};

// linux/rtnetlink.h.
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTA_DST: u16 = 1;
const RTN_UNICAST: u8 = 1;
const RTN_BROADCAST: u8 = 3;
const RTN_MULTICAST: u8 = 5;
/// Where rtm_type is in struct rtmsg.
const TYPE: usize = 7;

/// Asks the kernel.
#[derive(Debug)]
pub(crate) struct Routes {
    socket: OwnedFd,
    sequence: u32,
}

impl Routes {
    /// # Errors
    /// What socket(2) reports.
    pub(crate) fn open() -> io::Result<Routes> {
        Ok(Routes { socket: netlink::open()?, sequence: 0 })
    }

    /// What becomes of a packet to `address`. Where there is no route, nothing is said of it, and connecting fails.
    ///
    /// # Errors
    /// When the kernel can't be asked; then nothing may be concluded.
    pub(crate) fn of(&mut self, address: IpAddr) -> io::Result<Route> {
        self.sequence = self.sequence.wrapping_add(1);
        send(&self.socket, &request(address, self.sequence), SendFlags::empty())?;
        let mut buffer = [0_u8; 4096];
        loop {
            let (length, _) = match recv(&self.socket, &mut buffer, RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => continue,
                received => received?,
            };
            match answer(&buffer[..length.min(buffer.len())], self.sequence) {
                Some(route) => return Ok(route),
                None if length < HEADER => return Err(io::ErrorKind::InvalidData.into()),
                // An answer to an earlier question.
                None => {}
            }
        }
    }
}

fn request(address: IpAddr, sequence: u32) -> Vec<u8> {
    let (family, octets) = match address {
        IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
    };
    // struct rtmsg: family, length of the destination's prefix, then nothing that is asked for.
    let fixed = [family as u8, (octets.len() * 8) as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut message = Message::new(RTM_GETROUTE, 0, sequence, &fixed);
    message.attribute(RTA_DST, &octets);
    message.bytes()
}

/// `None` if it answers another question.
fn answer(message: &[u8], sequence: u32) -> Option<Route> {
    let (kind, body) = numbered(message, sequence)?;
    if kind != RTM_NEWROUTE {
        // An error: no route.
        return Some(Route::Other);
    }
    Some(match *body.get(TYPE)? {
        RTN_UNICAST | RTN_MULTICAST => Route::Other,
        RTN_BROADCAST => Route::Broadcast,
        // An anycast address of the host's (a router has one of each of its networks, RFC 4291) reaches its services as well; of
        // what else there may be nothing is known.
        _ => Route::Local,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interfaces_addresses_are_the_hosts_own() {
        let mut routes = Routes::open().unwrap();
        for address in ["127.0.0.1", "127.9.9.9"] {
            assert_eq!(routes.of(address.parse().unwrap()).unwrap(), Route::Local, "{address}");
        }
        assert_eq!(routes.of("127.255.255.255".parse().unwrap()).unwrap(), Route::Broadcast);
        assert_eq!(routes.of("192.0.2.1".parse().unwrap()).unwrap(), Route::Other);
        assert_eq!(routes.of("2001:db8::1".parse().unwrap()).unwrap(), Route::Other);
    }
}
