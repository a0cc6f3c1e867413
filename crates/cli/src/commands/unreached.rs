//! What `run -v` says of networks: each peer that the program was not let connect to, once, with what would open it.

use std::collections::HashSet;
use std::net::SocketAddr;

use lowbox_linux::prepare::{Prepared, Request};
use lowbox_policy::network::{Access, Class, NetworkPolicy, Peer, Protocol, Route, classify};

use crate::output;

/// Refusals after which the rest is only counted.
const MAX_SHOWN: usize = 50;

/// Collects them while the program runs.
pub struct Unreached {
    policy: NetworkPolicy,
    seen: HashSet<(SocketAddr, bool)>,
    left_out: usize,
}

impl Unreached {
    pub fn new(request: &Request, prepared: &Prepared) -> Unreached {
        let policy =
            NetworkPolicy::new(&prepared.token, request.loopback_ports.clone(), request.hosts.clone());
        Unreached { policy, seen: HashSet::new(), left_out: 0 }
    }

    /// Says that the program was not let connect to `address`, or bind to it.
    pub fn consider(&mut self, address: SocketAddr, bind: bool) {
        if self.seen.len() >= MAX_SHOWN {
            self.left_out += usize::from(!self.seen.contains(&(address, bind)));
        } else if self.seen.insert((address, bind)) {
            output::say(&self.message(address, bind));
        }
    }

    fn message(&self, address: SocketAddr, bind: bool) -> String {
        let route = Route::Other;
        let peer = Peer { address: address.ip(), port: address.port(), protocol: Protocol::Tcp, route };
        if bind {
            return format!(
                "denied: bind to {address}\n  would grant it: --capability internetClientServer, or \
                 --capability privateNetworkClientServer"
            );
        }
        let class = classify(&peer).strictest();
        let mut message = format!("denied: connect to {address} ({class})");
        if self.policy.decide(&peer, Access::Connect, false).granted {
            // The class is open, so it is not the class.
            message.push_str(
                "\n  the address is the host's own, or one for UDP, for which this kernel has no way out of a container (lowbox \
                 doctor)",
            );
            return message;
        }
        let capabilities = self.policy.what_would_grant(&peer, Access::Connect);
        if let Some(name) = capabilities.first() {
            message.push_str(&format!("\n  would grant it: --capability {name}"));
        } else if class == Class::Loopback {
            message.push_str(&format!("\n  would grant it: --allow-loopback {}", address.port()));
        } else {
            message.push_str("\n  no capability grants it");
        }
        message
    }
}

impl Drop for Unreached {
    fn drop(&mut self) {
        if self.left_out > 0 {
            output::say(&format!("{} more refused connections are not shown", self.left_out));
        }
    }
}
