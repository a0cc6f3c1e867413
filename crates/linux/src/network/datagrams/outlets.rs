//! Sockets of the host's network, one for each socket of a program's: its outlet. Peers see one port, whoever they are, so that
//! programs which ask one peer how another may reach them (STUN, RFC 4787) get a true answer.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The source of a program's datagrams: the wire, or a port of the container's loopback interface that is the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entrance {
    /// The wire.
    Wire,
    /// The exempt port with this number in the list.
    Exempt(usize),
}

/// A program's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inside {
    pub(super) entrance: Entrance,
    pub(super) address: SocketAddr,
}

/// Outlets at the same time. Those that have been still the longest make room.
const MAX_OUTLETS: usize = 512;

/// Ports that servers have bound among them; these don't make room.
const MAX_SERVED: usize = 128;

/// Peers of an outlet that are remembered.
const MAX_PEERS: usize = 1024;

/// After that a peer that was refused is decided on anew: its name may have been resolved meanwhile.
const REFUSED: Duration = Duration::from_secs(2);

/// How long an outlet or a decision on a peer stays without a datagram (RFC 4787, REQ-5, wants two minutes at least).
pub(super) const LIFE: Duration = Duration::from_secs(180);

/// A decision on a peer, and when it last mattered.
#[derive(Clone, Copy, Debug)]
struct Known {
    granted: bool,
    decided: Instant,
    used: Instant,
}

/// A socket of the host's network.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) inside: Inside,
    pub(super) socket: UdpSocket,
    /// Whether the program has bound the port: then it stays until nobody is at it.
    served: bool,
    used: Instant,
    peers: HashMap<SocketAddr, Known>,
}

impl Outlet {
    /// What was decided on a peer, if it was lately.
    pub(super) fn known(&mut self, peer: SocketAddr, now: Instant) -> Option<bool> {
        let known = self.peers.get_mut(&peer)?;
        // What was granted lasts as long as it is used, as a connection does.
        let since = if known.granted { known.used } else { known.decided };
        if now.duration_since(since) > if known.granted { LIFE } else { REFUSED } {
            return None;
        }
        known.used = now;
        self.used = now;
        Some(known.granted)
    }

    /// Remembers a decision.
    pub(super) fn learn(&mut self, peer: SocketAddr, granted: bool, now: Instant) {
        if self.peers.len() >= MAX_PEERS {
            // Half of them, so that a flood of peers does not look through all at each.
            let mut times: Vec<Instant> = self.peers.values().map(|known| known.used).collect();
            let middle = times.len() / 2;
            let (_, middle, _) = times.select_nth_unstable(middle);
            let middle = *middle;
            self.peers.retain(|_, known| known.used > middle);
        }
        if self.peers.len() >= MAX_PEERS {
            self.peers.clear();
        }
        self.used = now;
        self.peers.insert(peer, Known { granted, decided: now, used: now });
    }

    /// Whether the program has sent to the peer, and might.
    pub(super) fn awaits(&self, peer: SocketAddr, now: Instant) -> bool {
        self.peers.get(&peer).is_some_and(|known| known.granted && now.duration_since(known.used) <= LIFE)
    }
}

/// All outlets, each with a number.
#[derive(Debug, Default)]
pub(super) struct Outlets {
    by_number: HashMap<u64, Outlet>,
    numbers: HashMap<Inside, u64>,
    next: u64,
}

impl Outlets {
    /// The outlet with a number.
    pub(super) fn get(&mut self, number: u64) -> Option<&mut Outlet> {
        self.by_number.get_mut(&number)
    }

    /// The number of a program's socket's outlet.
    pub(super) fn number_of(&self, inside: Inside) -> Option<u64> {
        self.numbers.get(&inside).copied()
    }

    /// Adds one. It takes the place of those that have been still the longest where there are too many; none does if all of
    /// them are served.
    ///
    /// # Errors
    /// What binding reports, and ENOBUFS where there is no room.
    pub(super) fn open(&mut self, inside: Inside, port: u16, served: bool, now: Instant) -> io::Result<u64> {
        let no_room = || io::Error::from_raw_os_error(libc::ENOBUFS);
        if served && self.by_number.values().filter(|outlet| outlet.served).count() >= MAX_SERVED {
            return Err(no_room());
        }
        if self.by_number.len() >= MAX_OUTLETS {
            let still = self.by_number.iter().filter(|(_, outlet)| !outlet.served);
            let oldest = still.min_by_key(|(_, outlet)| outlet.used).map(|(number, _)| *number);
            self.close(oldest.ok_or_else(no_room)?);
        }
        let socket = bind(inside.address.ip(), port)?;
        // The kernel's own numbers for the wire and the exempt ports are small.
        let number = FIRST + self.next;
        self.next += 1;
        let outlet = Outlet { inside, socket, served, used: now, peers: HashMap::new() };
        self.by_number.insert(number, outlet);
        self.numbers.insert(inside, number);
        Ok(number)
    }

    /// Closes one.
    pub(super) fn close(&mut self, number: u64) {
        if let Some(outlet) = self.by_number.remove(&number) {
            self.numbers.remove(&outlet.inside);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// Closes those that have been still for long.
    pub(super) fn sweep(&mut self, now: Instant) {
        let still = |outlet: &Outlet| !outlet.served && now.duration_since(outlet.used) > LIFE;
        let numbers: Vec<u64> =
            self.by_number.iter().filter(|(_, outlet)| still(outlet)).map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| self.close(number));
    }
}

/// Below it are the numbers of entrances.
pub(super) const FIRST: u64 = 1 << 32;

fn bind(inside: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let any: IpAddr = match inside {
        IpAddr::V4(_) => [0, 0, 0, 0].into(),
        IpAddr::V6(_) => [0_u16; 8].into(),
    };
    let socket = unbound(any.is_ipv6())?;
    rustix::net::bind(&socket, &SocketAddr::new(any, port))?;
    Ok(socket)
}

// linux/in.h, linux/in6.h (Linux 2.6.31 and 4.20).
const IP_MULTICAST_ALL: i32 = 49;
const IPV6_MULTICAST_ALL: i32 = 29;

/// A socket of one family alone, which hears of errors (IP_RECVERR, ip(7)).
fn unbound(v6: bool) -> io::Result<UdpSocket> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
    let family = if v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::DGRAM, flags, None)?;
    // What is sent to a group does not come back to the host, and groups of other programs' are not heard.
    let options = match v6 {
        true => [
            (libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1),
            (libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, 0),
            (libc::IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
        ],
        false => [
            (libc::IPPROTO_IP, libc::IP_RECVERR, 1_i32),
            (libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0),
            (libc::IPPROTO_IP, IP_MULTICAST_ALL, 0),
        ],
    };
    if v6 {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    for (level, name, value) in options {
        crate::sys::set_socket_option(socket.as_fd(), level, name, &value.to_ne_bytes())?;
    }
    Ok(UdpSocket::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(port: u16) -> Inside {
        Inside { entrance: Entrance::Wire, address: SocketAddr::from(([192, 0, 0, 8], port)) }
    }

    #[test]
    fn there_are_never_more_than_the_most_and_the_stillest_go_first() {
        let mut outlets = Outlets::default();
        let start = Instant::now();
        let first = outlets.open(inside(1), 0, false, start).unwrap();
        let served = outlets.open(inside(2), 0, true, start).unwrap();
        for port in 3..=(MAX_OUTLETS as u16 + 2) {
            outlets.open(inside(port), 0, false, start + Duration::from_millis(port.into())).unwrap();
        }
        assert_eq!(outlets.by_number.len(), MAX_OUTLETS);
        assert_eq!(outlets.numbers.len(), MAX_OUTLETS);
        assert!(outlets.get(first).is_none() && outlets.get(served).is_some());
        outlets.sweep(start + 2 * LIFE);
        assert_eq!(outlets.by_number.keys().copied().collect::<Vec<_>>(), [served]);
        outlets.close(served);
        assert!(outlets.is_empty());
    }

    #[test]
    fn a_port_that_somebody_has_is_not_taken() {
        let mut outlets = Outlets::default();
        let number = outlets.open(inside(1), 0, false, Instant::now()).unwrap();
        let port = outlets.get(number).unwrap().socket.local_addr().unwrap().port();
        let error = outlets.open(inside(2), port, true, Instant::now()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
    }

    #[test]
    fn decisions_on_peers_are_bounded_and_end() {
        let mut outlets = Outlets::default();
        let start = Instant::now();
        let number = outlets.open(inside(1), 0, false, start).unwrap();
        let outlet = outlets.get(number).unwrap();
        let peer = |port| SocketAddr::from(([8, 8, 8, 8], port));
        for port in 1..5000_u16 {
            outlet.learn(peer(port), port % 2 == 0, start + Duration::from_micros(port.into()));
            assert!(outlet.peers.len() <= MAX_PEERS);
        }
        let now = start + Duration::from_secs(1);
        assert_eq!(outlet.known(peer(1), now), None);
        assert_eq!(outlet.known(peer(4998), now), Some(true));
        assert!(outlet.awaits(peer(4998), now) && !outlet.awaits(peer(4999), now));
        assert_eq!(outlet.known(peer(4999), now), Some(false));
        assert_eq!(
            outlet.known(peer(4999), now + 2 * REFUSED),
            None,
            "a refusal is no more than a while old"
        );
        assert_eq!(outlet.known(peer(4998), now + 2 * LIFE), None);
        assert!(!outlet.awaits(peer(4998), now + 2 * LIFE));
    }
}
