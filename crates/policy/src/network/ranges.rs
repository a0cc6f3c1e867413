//! The registries of special addresses (IANA, RFC 6890 and its successors; read in 2026) as ranges, each before any that
//! holds it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Class::{
    self, Broadcast, Internet, LinkLocal, Loopback, Multicast, Private, Reserved, Unspecified,
};

/// Address, length of the prefix, class.
pub(super) type RangeV4 = (Ipv4Addr, u8, Class);
pub(super) type RangeV6 = (Ipv6Addr, u8, Class);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8, class: Class) -> RangeV4 {
    (Ipv4Addr::new(a, b, c, d), length, class)
}

pub(super) const V4: [RangeV4; 23] = [
    v4(0, 0, 0, 0, 32, Unspecified),
    v4(0, 0, 0, 0, 8, Reserved), // this network (RFC 791)
    v4(10, 0, 0, 0, 8, Private),
    // Metadata services outside the link-local range: Alibaba's, and the one through which Azure's agents are reached.
    v4(100, 100, 100, 200, 32, LinkLocal),
    v4(168, 63, 129, 16, 32, LinkLocal),
    v4(100, 64, 0, 0, 10, Private), // shared address space (RFC 6598)
    v4(127, 0, 0, 0, 8, Loopback),
    v4(169, 254, 0, 0, 16, LinkLocal),
    v4(172, 16, 0, 0, 12, Private),
    v4(192, 0, 0, 0, 24, Reserved), // protocol assignments (RFC 6890); a metadata service of Oracle's too
    v4(192, 0, 2, 0, 24, Reserved), // documentation (RFC 5737)
    v4(192, 88, 99, 0, 24, Reserved), // 6to4 relays, given up (RFC 7526)
    v4(192, 168, 0, 0, 16, Private),
    v4(198, 18, 0, 0, 15, Reserved),   // benchmarks (RFC 2544)
    v4(198, 51, 100, 0, 24, Reserved), // documentation
    v4(203, 0, 113, 0, 24, Reserved),  // documentation
    v4(255, 255, 255, 255, 32, Broadcast),
    v4(224, 0, 0, 0, 4, Multicast),
    v4(240, 0, 0, 0, 4, Reserved), // future use (RFC 1112)
    // What is routed everywhere although it lies in or beside a special block, for those who compare.
    v4(192, 31, 196, 0, 24, Internet), // AS112 (RFC 7535)
    v4(192, 52, 193, 0, 24, Internet), // AMT (RFC 7450)
    v4(192, 175, 48, 0, 24, Internet), // AS112 (RFC 7534)
    v4(0, 0, 0, 0, 0, Internet),
];

#[allow(clippy::too_many_arguments)]
const fn v6(
    a: u16,
    b: u16,
    c: u16,
    d: u16,
    e: u16,
    f: u16,
    g: u16,
    h: u16,
    length: u8,
    class: Class,
) -> RangeV6 {
    (Ipv6Addr::new(a, b, c, d, e, f, g, h), length, class)
}

pub(super) const V6: [RangeV6; 19] = [
    v6(0, 0, 0, 0, 0, 0, 0, 0, 128, Unspecified),
    v6(0, 0, 0, 0, 0, 0, 0, 1, 128, Loopback),
    v6(0x64, 0xff9b, 0, 0, 0, 0, 0, 0, 96, Internet), // NAT64 (RFC 6052); what it holds is judged too
    // NAT64 of a network's own (RFC 8215): where the IPv4 address lies in it is the network's choice, so it can't be judged.
    v6(0x64, 0xff9b, 1, 0, 0, 0, 0, 0, 48, Reserved),
    v6(0x100, 0, 0, 0, 0, 0, 0, 0, 64, Reserved), // discarded (RFC 6666)
    v6(0x2001, 0, 0, 0, 0, 0, 0, 0, 23, Reserved), // protocol assignments, Teredo among them
    v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0, 32, Reserved), // documentation (RFC 3849)
    v6(0x2002, 0, 0, 0, 0, 0, 0, 0, 16, Internet), // 6to4; what it holds is judged too
    v6(0x3fff, 0, 0, 0, 0, 0, 0, 0, 20, Reserved), // documentation (RFC 9637)
    v6(0x2000, 0, 0, 0, 0, 0, 0, 0, 3, Internet), // all that is allocated for everybody (RFC 4291)
    // Metadata services: Amazon's and Google's.
    v6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254, 128, LinkLocal),
    v6(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254, 128, LinkLocal),
    v6(0xfc00, 0, 0, 0, 0, 0, 0, 0, 7, Private), // unique local (RFC 4193)
    v6(0xfe80, 0, 0, 0, 0, 0, 0, 0, 10, LinkLocal),
    v6(0xfec0, 0, 0, 0, 0, 0, 0, 0, 10, Reserved), // site-local, given up (RFC 3879)
    v6(0xff00, 0, 0, 0, 0, 0, 0, 0, 8, Multicast),
    v6(0x5f00, 0, 0, 0, 0, 0, 0, 0, 16, Reserved), // segment routing (RFC 9602)
    v6(0, 0, 0, 0, 0, 0, 0, 0, 96, Reserved),      // IPv4-compatible, given up (RFC 4291)
    v6(0, 0, 0, 0, 0, 0, 0, 0, 0, Reserved),       // unallocated
];

/// Groups and ports by which things on the private network are found: mDNS (RFC 6762) and SSDP (UPnP).
pub(super) const DISCOVERY_V4: [(Ipv4Addr, u16); 2] =
    [(Ipv4Addr::new(224, 0, 0, 251), 5353), (Ipv4Addr::new(239, 255, 255, 250), 1900)];
/// The same for IPv6, in the link-local and site-local scopes.
pub(super) const DISCOVERY_V6: [(Ipv6Addr, u16); 3] = [
    (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb), 5353),
    (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc), 1900),
    (Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 0, 0xc), 1900),
];

pub(super) fn class_v4(address: Ipv4Addr) -> Class {
    let holds = |(prefix, length, _): &&RangeV4| {
        (u32::from(address) ^ u32::from(*prefix)).checked_shr(32 - u32::from(*length)).unwrap_or(0) == 0
    };
    V4.iter().find(holds).map_or(Reserved, |(_, _, class)| *class)
}

pub(super) fn class_v6(address: Ipv6Addr) -> Class {
    let holds = |(prefix, length, _): &&RangeV6| {
        (u128::from(address) ^ u128::from(*prefix)).checked_shr(128 - u32::from(*length)).unwrap_or(0) == 0
    };
    V6.iter().find(holds).map_or(Reserved, |(_, _, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_is_hidden_by_one_before_it_and_every_prefix_is_plain() {
        for (index, (prefix, length, _)) in V4.iter().enumerate() {
            let mask = u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0);
            assert_eq!(u32::from(*prefix) & !mask, 0, "{prefix}/{length}");
            for (before, shorter, _) in &V4[..index] {
                let mask = u32::MAX.checked_shl(32 - u32::from(*shorter)).unwrap_or(0);
                let hidden = shorter <= length && u32::from(*prefix) & mask == u32::from(*before);
                assert!(!hidden, "{prefix}/{length} lies in {before}/{shorter}");
            }
        }
        for (index, (prefix, length, _)) in V6.iter().enumerate() {
            let mask = u128::MAX.checked_shl(128 - u32::from(*length)).unwrap_or(0);
            assert_eq!(u128::from(*prefix) & !mask, 0, "{prefix}/{length}");
            for (before, shorter, _) in &V6[..index] {
                let mask = u128::MAX.checked_shl(128 - u32::from(*shorter)).unwrap_or(0);
                let hidden = shorter <= length && u128::from(*prefix) & mask == u128::from(*before);
                assert!(!hidden, "{prefix}/{length} lies in {before}/{shorter}");
            }
        }
    }
}
