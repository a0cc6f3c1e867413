//! Whether a token may connect to a peer, or be connected to from it: the access check on every object that the peer's
//! address is.

use lowbox_security::derive::capability_sid;
use lowbox_security::{
    AccessMask, Request, SecurityDescriptor, Token, TraceStep, UserHalf, access_check, access_check_untold,
};
use serde::Serialize;

use super::destination::{ACCEPT, CONNECT, NETWORK_MAPPING, descriptors, granted_to};
use super::{AllowedHost, Class, Classes, Peer, classify};

/// The capabilities that open a network, the narrowest first.
pub const NETWORK_CAPABILITIES: [&str; 3] =
    ["internetClient", "internetClientServer", "privateNetworkClientServer"];

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The program connects, or sends.
    Connect,
    /// The program is connected to.
    Accept,
}

impl Access {
    fn mask(self) -> AccessMask {
        match self {
            Access::Connect => CONNECT,
            Access::Accept => ACCEPT,
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub granted: bool,
    /// What the peer is.
    pub classes: Classes,
}

/// The object by which a peer may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The destinations of its class (`destinations.txt`), which capabilities open.
    Class,
    /// An allowed host's entry for the package.
    AllowedHost,
    /// A loopback exemption's entry for the package.
    LoopbackExemption,
}

/// A check that a decision is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DestinationCheck {
    /// The class that it is about: each that the peer is needs one that grants.
    pub class: Class,
    /// Whose descriptor was checked.
    pub way: Way,
    /// That descriptor in SDDL.
    pub descriptor: String,
    /// The result.
    pub granted: bool,
    /// How it came about.
    pub trace: Vec<TraceStep>,
}

/// What would let a program connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opening {
    /// This capability.
    Capability(&'static str),
    /// Allowing the host.
    AllowedHost,
    /// Exempting the port of the host's loopback.
    LoopbackExemption,
}

/// What of networks a token may use.
#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    token: Token,
    destinations: Vec<SecurityDescriptor>,
    exempt: SecurityDescriptor,
    loopback_ports: Vec<u16>,
    hosts: Vec<AllowedHost>,
}

impl NetworkPolicy {
    /// The policy of a token, with the ports of the host's loopback that its package is exempted for, and the hosts that it
    /// may connect to beside.
    pub fn new(token: &Token, loopback_ports: Vec<u16>, hosts: Vec<AllowedHost>) -> NetworkPolicy {
        let package = token.app_container.as_ref().map(|container| &container.package);
        NetworkPolicy {
            token: token.clone(),
            destinations: descriptors(token),
            exempt: granted_to(package),
            loopback_ports,
            hosts,
        }
    }

    /// Whether anything beyond the container's own network can be reached at all.
    pub fn opens_anything(&self) -> bool {
        !self.loopback_ports.is_empty() || !self.hosts.is_empty() || self.opens_by_capability()
    }

    /// Whether a capability opens a network: then every name may be resolved.
    pub fn opens_by_capability(&self) -> bool {
        Class::ALL.into_iter().any(|class| self.connects(class))
    }

    /// Whether peers of any class may connect to the program.
    pub fn accepts_anything(&self) -> bool {
        Class::ALL.into_iter().any(|class| self.accepts(class))
    }

    /// Whether peers of this class may connect to the program.
    pub fn accepts(&self, class: Class) -> bool {
        self.check(self.descriptor(class), Access::Accept)
    }

    /// Whether the program may connect to peers of this class, by its capabilities.
    pub fn connects(&self, class: Class) -> bool {
        self.check(self.descriptor(class), Access::Connect)
    }

    /// Whether the private network is open.
    pub fn opens_private(&self) -> bool {
        self.connects(Class::Private)
    }

    /// The ports of the host's loopback that are open.
    pub fn loopback_ports(&self) -> &[u16] {
        &self.loopback_ports
    }

    /// The hosts that are open beside.
    pub fn hosts(&self) -> &[AllowedHost] {
        &self.hosts
    }

    /// The decision. `named` says that the peer's address and port are of a host that is allowed by name.
    pub fn decide(&self, peer: &Peer, access: Access, named: bool) -> Decision {
        let classes = classify(peer);
        let granted = classes.iter().all(|class| {
            self.ways(class, peer, access, named).any(|(_, descriptor)| self.check(descriptor, access))
        });
        Decision { granted, classes }
    }

    /// The checks of [`decide`](Self::decide), every one, with how each came about.
    pub fn explain(&self, peer: &Peer, access: Access, named: bool) -> Vec<DestinationCheck> {
        let classes = classify(peer).iter().collect::<Vec<_>>().into_iter();
        let ways = classes.flat_map(|class| {
            self.ways(class, peer, access, named).map(move |(way, descriptor)| (class, way, descriptor))
        });
        ways.map(|(class, way, descriptor)| {
            let decision = access_check(descriptor, &self.token, &request(access));
            DestinationCheck {
                class,
                way,
                descriptor: descriptor.to_sddl(),
                granted: decision.granted,
                trace: decision.trace,
            }
        })
        .collect()
    }

    /// The objects of which one has to grant access to a peer of this class.
    fn ways(
        &self,
        class: Class,
        peer: &Peer,
        access: Access,
        named: bool,
    ) -> impl Iterator<Item = (Way, &SecurityDescriptor)> {
        let connects = access == Access::Connect;
        // An allowed host opens what is routed. Neither the host itself, nor a metadata service, nor a group is one.
        let routed = || classify(peer).iter().all(|class| matches!(class, Class::Internet | Class::Private));
        let named = connects && named && routed();
        let exempt = connects && self.loopback_ports.contains(&peer.port) && self.is_own_host(class, peer);
        [
            Some((Way::Class, self.descriptor(class))),
            named.then_some((Way::AllowedHost, &self.exempt)),
            exempt.then_some((Way::LoopbackExemption, &self.exempt)),
        ]
        .into_iter()
        .flatten()
    }

    /// The exemption is for the loopback interface's addresses, not for every address of the host's.
    fn is_own_host(&self, class: Class, peer: &Peer) -> bool {
        let address = peer.address.to_canonical();
        class == Class::Loopback && address.is_loopback()
    }

    /// Which capabilities, each alone beside what the token has, would have granted it.
    pub fn what_would_grant(&self, peer: &Peer, access: Access) -> Vec<&'static str> {
        let with = |name: &&'static str| {
            let mut token = self.token.clone();
            if let Some(container) = token.app_container.as_mut() {
                container.capabilities.push(capability_sid(name));
            }
            NetworkPolicy::new(&token, self.loopback_ports.clone(), self.hosts.clone())
                .decide(peer, access, false)
                .granted
        };
        NETWORK_CAPABILITIES.into_iter().filter(with).collect()
    }

    /// What would let the program connect to the peer, each alone beside what the token has: capabilities, the narrowest first, then
    /// the entries that a user or a manifest makes for one host or port. Empty if it may already.
    pub fn openings(&self, peer: &Peer, named: bool) -> Vec<Opening> {
        let access = Access::Connect;
        if self.decide(peer, access, named).granted {
            return Vec::new();
        }
        let mut openings: Vec<Opening> =
            self.what_would_grant(peer, access).into_iter().map(Opening::Capability).collect();
        if self.decide(peer, access, true).granted {
            openings.push(Opening::AllowedHost);
        }
        let exempt = NetworkPolicy::new(&self.token, vec![peer.port], self.hosts.clone());
        if exempt.decide(peer, access, named).granted {
            openings.push(Opening::LoopbackExemption);
        }
        openings
    }

    /// Whether the program may resolve a name: an allowed host's, or by capability, where names that belong to the private network
    /// need that of the private network.
    pub fn resolves(&self, name: &str) -> bool {
        let private = || {
            name.parse::<AllowedHost>().is_ok_and(|host| host.address().is_none() && host.is_private_name())
        };
        self.hosts.iter().any(|host| host.is_named(name))
            || (self.opens_by_capability() && (self.opens_private() || !private()))
    }

    fn descriptor(&self, class: Class) -> &SecurityDescriptor {
        &self.destinations[class as usize]
    }

    fn check(&self, descriptor: &SecurityDescriptor, access: Access) -> bool {
        access_check_untold(descriptor, &self.token, &request(access)).granted
    }
}

fn request(access: Access) -> Request<'static> {
    Request {
        desired: access.mask(),
        mapping: NETWORK_MAPPING,
        // The host's firewall is the user's half.
        user_half: UserHalf::Host,
        parent: None,
    }
}
