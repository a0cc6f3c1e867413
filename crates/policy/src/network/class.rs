//! What an address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{embedded, ranges};

/// The classes of network destinations. The order is that of strictness: of several, the last is the one to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Routed everywhere.
    Internet,
    /// The home or work network: RFC 1918, unique local addresses, shared address space (RFC 6598: a provider's NAT or an
    /// overlay network, never the internet), mDNS and SSDP.
    Private,
    /// The host itself.
    Loopback,
    /// A neighbour without a router, or a cloud's metadata service.
    LinkLocal,
    /// A group.
    Multicast,
    /// No address: to connect to it reaches the host itself.
    Unspecified,
    /// Everybody on a wire.
    Broadcast,
    /// Nothing that a program has business with.
    Reserved,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 8] = [
        Class::Internet,
        Class::Private,
        Class::Loopback,
        Class::LinkLocal,
        Class::Multicast,
        Class::Unspecified,
        Class::Broadcast,
        Class::Reserved,
    ];

    /// The name in `destinations.txt`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Internet => "internet",
            Class::Private => "private",
            Class::Loopback => "loopback",
            Class::LinkLocal => "linklocal",
            Class::Multicast => "multicast",
            Class::Unspecified => "unspecified",
            Class::Broadcast => "broadcast",
            Class::Reserved => "reserved",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Internet => "the internet",
            Class::Private => "the private network",
            Class::Loopback => "the host itself",
            Class::LinkLocal => "link-local or a metadata service",
            Class::Multicast => "a multicast group",
            Class::Unspecified => "no address (the host itself)",
            Class::Broadcast => "broadcast",
            Class::Reserved => "reserved",
        })
    }
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What the host's routing table says of an address (rtnetlink(7), `rtm_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Route {
    /// Nothing that the address does not say itself.
    #[default]
    Other,
    /// It is an address of the host's own: whoever connects to it reaches the host's services.
    Local,
    /// The broadcast address of a network that the host is in.
    Broadcast,
}

/// The other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// What the host's routes say of it.
    pub route: Route,
}

/// All that an address is: an address that holds another one is what both are, and access to it needs access to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes(u8);

impl Classes {
    fn one(class: Class) -> Classes {
        Classes(1 << class as u8)
    }

    fn and(self, class: Class) -> Classes {
        Classes(self.0 | Classes::one(class).0)
    }

    /// Each of them, the least strict first.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.0 & Classes::one(*class).0 != 0)
    }

    /// The strictest: what there is to tell.
    pub fn strictest(self) -> Class {
        self.iter().last().unwrap_or(Class::Reserved)
    }
}

/// What the peer is.
pub fn classify(peer: &Peer) -> Classes {
    let classes = match peer.address {
        IpAddr::V4(address) => Classes::one(of_v4(address, peer)),
        IpAddr::V6(address) => match embedded::mapped(address) {
            // It is that address, written otherwise: the kernel speaks IPv4 to it.
            Some(v4) => Classes::one(of_v4(v4, peer)),
            None => embedded::held(address)
                .into_iter()
                .flatten()
                .fold(Classes::one(of_v6(address, peer)), |classes, v4| classes.and(of_v4(v4, peer))),
        },
    };
    match peer.route {
        Route::Other => classes,
        Route::Local => classes.and(Class::Loopback),
        Route::Broadcast => classes.and(Class::Broadcast),
    }
}

fn of_v4(address: Ipv4Addr, peer: &Peer) -> Class {
    if peer.protocol == Protocol::Udp && ranges::DISCOVERY_V4.contains(&(address, peer.port)) {
        return Class::Private;
    }
    ranges::class_v4(address)
}

fn of_v6(address: Ipv6Addr, peer: &Peer) -> Class {
    if peer.protocol == Protocol::Udp && ranges::DISCOVERY_V6.contains(&(address, peer.port)) {
        return Class::Private;
    }
    ranges::class_v6(address)
}
