//! Whether a token may connect to a peer, or be connected to from it: the access check on every object that the peer's
//! address is.

use lowbox_security::derive::capability_sid;
use lowbox_security::{AccessMask, Request, SecurityDescriptor, Token, UserHalf, access_check_untold};

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
        // An allowed host opens what is routed. Neither the host itself, nor a metadata service, nor a group is one.
        let named = named && classes.iter().all(|class| matches!(class, Class::Internet | Class::Private));
        let exempt = access == Access::Connect && self.loopback_ports.contains(&peer.port);
        let granted = classes.iter().all(|class| {
            self.check(self.descriptor(class), access)
                || (named && access == Access::Connect && self.check(&self.exempt, access))
                || (exempt && self.is_own_host(class, peer) && self.check(&self.exempt, access))
        });
        Decision { granted, classes }
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

    fn descriptor(&self, class: Class) -> &SecurityDescriptor {
        &self.destinations[class as usize]
    }

    fn check(&self, descriptor: &SecurityDescriptor, access: Access) -> bool {
        let request = Request {
            desired: access.mask(),
            mapping: NETWORK_MAPPING,
            // The host's firewall is the user's half.
            user_half: UserHalf::Host,
            parent: None,
        };
        access_check_untold(descriptor, &self.token, &request).granted
    }
}
