//! Frames on a container's wire: what its kernel sends is read, and what its programs are to hear is written. Both by no more
//! than their bytes: whoever writes them may be hostile.

use std::io;
use std::net::{IpAddr, SocketAddr};

use etherparse::{
    Icmpv4Type, Icmpv6Type, LaxNetSlice, LaxSlicedPacket, NetSlice, PacketBuilder, PacketBuilderStep,
    SlicedPacket, TransportSlice, icmpv4, icmpv6,
};

use crate::launch::wire::{ADDRESS_V4, ADDRESS_V6, BROKER_END, PROGRAM_END};

/// As on a route of its own.
const TIME_TO_LIVE: u8 = 64;

/// The longest frame: Ethernet's header and the largest packet that the wire takes.
pub const MAX_FRAME: usize = 14 + 65535;

/// What a frame says.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A program sends.
    Datagram {
        /// The program's socket, at the container's address.
        from: SocketAddr,
        /// Whom it is for.
        to: SocketAddr,
        /// What.
        payload: &'a [u8],
    },
    /// The container's kernel says that nobody is at a port to which something was delivered.
    Nobody {
        /// The port, at the container's address.
        at: SocketAddr,
        /// Who had sent it.
        peer: SocketAddr,
    },
}

/// Why a datagram does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// The access check says no.
    Prohibited,
    /// The peer says that nobody is there.
    Port,
    /// The host's network has no way to it.
    Host,
}

/// The container's own address of this family.
pub fn own_address(v6: bool) -> IpAddr {
    if v6 { ADDRESS_V6.into() } else { ADDRESS_V4.into() }
}

/// Reads a frame. `None` for everything that is not carried: other protocols, pieces, and other senders than the container's
/// address (IP_FREEBIND lets a program pretend to be anybody).
pub fn read(frame: &[u8]) -> Option<Heard<'_>> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let (source, destination): (IpAddr, IpAddr) = match packet.net? {
        NetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    if source != own_address(source.is_ipv6()) {
        return None;
    }
    match packet.transport? {
        TransportSlice::Udp(udp) if udp.source_port() != 0 && udp.destination_port() != 0 => {
            Some(Heard::Datagram {
                from: SocketAddr::new(source, udp.source_port()),
                to: SocketAddr::new(destination, udp.destination_port()),
                payload: udp.payload(),
            })
        }
        TransportSlice::Icmpv4(message) => match message.icmp_type() {
            Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port) => {
                refused(message.payload())
            }
            _ => None,
        },
        TransportSlice::Icmpv6(message) => match message.icmp_type() {
            Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port) => {
                refused(message.payload())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The beginning of a packet that was delivered, as it comes back with an error.
fn refused(quoted: &[u8]) -> Option<Heard<'_>> {
    let packet = LaxSlicedPacket::from_ip(quoted).ok()?;
    let (source, destination): (IpAddr, IpAddr) = match packet.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    match packet.transport? {
        TransportSlice::Udp(udp) if destination == own_address(destination.is_ipv6()) => {
            let at = SocketAddr::new(destination, udp.destination_port());
            Some(Heard::Nobody { at, peer: SocketAddr::new(source, udp.source_port()) })
        }
        _ => None,
    }
}

/// The frame that brings a datagram to a program; `None` if it is too long for one, or of two families.
pub fn deliver(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::with_capacity(payload.len() + 64);
    let step = packet(from.ip(), to.ip())?.udp(from.port(), to.port());
    step.write(&mut frame, payload).ok()?;
    (frame.len() <= MAX_FRAME).then_some(frame)
}

/// The frame that tells a program that what it sent did not arrive (RFC 792, RFC 4443).
pub fn undelivered(from: SocketAddr, to: SocketAddr, why: Undelivered) -> Option<Vec<u8>> {
    use icmpv4::DestUnreachableHeader as V4;
    use icmpv6::DestUnreachableCode as V6;
    let mut quoted = Vec::new();
    let written: Result<(), io::Error> = match (from.ip(), to.ip()) {
        (IpAddr::V4(from_ip), IpAddr::V4(to_ip)) => {
            PacketBuilder::ipv4(from_ip.octets(), to_ip.octets(), TIME_TO_LIVE)
                .udp(from.port(), to.port())
                .write(&mut quoted, &[])
                .map_err(io::Error::other)
        }
        (IpAddr::V6(from_ip), IpAddr::V6(to_ip)) => {
            PacketBuilder::ipv6(from_ip.octets(), to_ip.octets(), TIME_TO_LIVE)
                .udp(from.port(), to.port())
                .write(&mut quoted, &[])
                .map_err(io::Error::other)
        }
        _ => return None,
    };
    written.ok()?;
    let mut frame = Vec::with_capacity(128);
    // It comes from the peer's own address, the only one of which it is known that the program's kernel has a route to it.
    let step = packet(to.ip(), from.ip())?;
    let written = if from.is_ipv4() {
        let code = match why {
            Undelivered::Prohibited => V4::FilterProhibited,
            Undelivered::Port => V4::Port,
            Undelivered::Host => V4::Host,
        };
        step.icmpv4(Icmpv4Type::DestinationUnreachable(code)).write(&mut frame, &quoted)
    } else {
        let code = match why {
            Undelivered::Prohibited => V6::Prohibited,
            Undelivered::Port => V6::Port,
            Undelivered::Host => V6::Address,
        };
        step.icmpv6(Icmpv6Type::DestinationUnreachable(code)).write(&mut frame, &quoted)
    };
    written.ok().map(|()| frame)
}

fn packet(from: IpAddr, to: IpAddr) -> Option<PacketBuilderStep<etherparse::IpHeaders>> {
    let ethernet = PacketBuilder::ethernet2(BROKER_END, PROGRAM_END);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Some(ethernet.ipv4(from.octets(), to.octets(), TIME_TO_LIVE)),
        (IpAddr::V6(from), IpAddr::V6(to)) => Some(ethernet.ipv6(from.octets(), to.octets(), TIME_TO_LIVE)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(v6: bool) -> (SocketAddr, SocketAddr) {
        let peer: IpAddr = if v6 { "2a00::1".parse().unwrap() } else { "93.184.216.34".parse().unwrap() };
        (SocketAddr::new(own_address(v6), 5000), SocketAddr::new(peer, 53))
    }

    #[test]
    fn a_datagram_of_the_containers_address_is_read_and_no_other() {
        for v6 in [false, true] {
            let (own, peer) = pair(v6);
            let frame = deliver(own, peer, b"question").unwrap();
            assert_eq!(read(&frame), Some(Heard::Datagram { from: own, to: peer, payload: b"question" }));
            assert_eq!(read(&deliver(peer, own, b"answer").unwrap()), None, "another sender");
            for length in 0..frame.len() {
                assert_eq!(read(&frame[..length]), None, "cut at {length}");
            }
        }
        assert_eq!(deliver(pair(false).0, pair(true).1, b""), None);
    }

    #[test]
    fn an_error_quotes_what_it_is_about() {
        for v6 in [false, true] {
            let (own, peer) = pair(v6);
            // As the container's kernel answers for what was delivered.
            let told = undelivered(peer, own, Undelivered::Port).unwrap();
            assert_eq!(read(&told), Some(Heard::Nobody { at: own, peer }));
            let told = undelivered(peer, own, Undelivered::Prohibited).unwrap();
            assert_eq!(read(&told), None, "another error");
            let told = undelivered(own, peer, Undelivered::Port).unwrap();
            assert_eq!(read(&told), None, "from the peer");
        }
    }

    #[test]
    fn the_longest_datagram_fits_and_a_longer_one_does_not() {
        let (own, peer) = pair(false);
        assert!(deliver(peer, own, &vec![0; 65507]).is_some());
        assert!(deliver(peer, own, &vec![0; 65508]).is_none());
        let (own, peer) = pair(true);
        assert!(deliver(peer, own, &vec![0; 65487]).is_some());
        assert!(deliver(peer, own, &vec![0; 65488]).is_none());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_as_of_the_container_or_not_at_all(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), v6: bool, at in 0..60_usize, byte: u8,
        ) {
            let _ = read(&bytes);
            let (own, peer) = pair(v6);
            let mut frame = deliver(own, peer, &bytes).unwrap();
            let last = frame.len() - 1;
            frame[at.min(last)] = byte;
            match read(&frame) {
                Some(Heard::Datagram { from, payload, .. }) => {
                    prop_assert_eq!(from.ip(), own_address(from.is_ipv6()));
                    prop_assert!(payload.len() <= bytes.len());
                }
                Some(Heard::Nobody { at, .. }) => prop_assert_eq!(at.ip(), own_address(at.is_ipv6())),
                None => {}
            }
        }
    }
}
