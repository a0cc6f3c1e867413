//! The access check on a peer, with what the host's network says of its address.

use std::net::SocketAddr;

use lowbox_policy::network::{Access, NetworkPolicy, Peer, Protocol};

use super::allowed::Allowed;
use super::route::Routes;

/// Decides.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) policy: &'a NetworkPolicy,
    pub(super) allowed: &'a Allowed,
    pub(super) routes: Routes,
}

impl Judge<'_> {
    /// Whether the program may speak to the peer, or be spoken to.
    pub(super) fn may(&mut self, peer: SocketAddr, protocol: Protocol, access: Access) -> bool {
        // Without the kernel's word it may be an address of the host's own.
        let Ok(route) = self.routes.of(peer.ip().to_canonical()) else { return false };
        let named = self.allowed.holds(peer.ip().to_canonical(), peer.port());
        let peer = Peer { address: peer.ip(), port: peer.port(), protocol, route };
        self.policy.decide(&peer, access, named).granted
    }
}
