//! IPv4 addresses within IPv6 ones. Whoever translates or tunnels them speaks to the IPv4 address in the end.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The address that an IPv4-mapped one is (RFC 4291): the same address in other letters.
pub(super) fn mapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    address.to_ipv4_mapped()
}

/// The addresses that one of the other forms holds.
pub(super) fn held(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let bytes = address.octets();
    let at = |first: usize| Ipv4Addr::new(bytes[first], bytes[first + 1], bytes[first + 2], bytes[first + 3]);
    match bytes {
        // IPv4-compatible (RFC 4291); ::1 and :: are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..] if !address.is_unspecified() && !address.is_loopback() => {
            [Some(at(12)), None]
        }
        // IPv4-translated (RFC 2765).
        [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, ..] => [Some(at(12)), None],
        // NAT64 (RFC 6052).
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => [Some(at(12)), None],
        // Teredo (RFC 4380): its server, and the client's address with every bit turned.
        [0x20, 1, 0, 0, ..] => {
            let client = Ipv4Addr::from(!u32::from(at(12)));
            [Some(at(4)), Some(client)]
        }
        // 6to4 (RFC 3056), whose interface may bear an ISATAP address too.
        [0x20, 2, ..] => [Some(at(2)), isatap(&bytes)],
        // ISATAP (RFC 5214) may lie under any prefix.
        _ => [isatap(&bytes), None],
    }
}

fn isatap(bytes: &[u8; 16]) -> Option<Ipv4Addr> {
    match bytes {
        [_, _, _, _, _, _, _, _, 0 | 2, 0, 0x5e, 0xfe, a, b, c, d] => Some(Ipv4Addr::new(*a, *b, *c, *d)),
        _ => None,
    }
}
