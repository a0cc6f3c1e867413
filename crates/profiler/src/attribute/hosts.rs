//! Hosts that could be allowed in the place of a network: a narrower choice, for the user to make.

use std::collections::BTreeSet;

use lowbox_policy::Operation;
use lowbox_policy::network::{AllowedHost, Class, NETWORK_CAPABILITIES};

use super::{CoveredBy, Needed, Outcome};
use crate::record::{Access, Object, Right};

/// As many as a manifest may declare: a program that reaches more uses the network.
const MOST: usize = 100;

/// The hosts for all that the capabilities of networks are needed for; none if they would not do: it serves, asked for names that are
/// not known, or reaches what no host's name may lead to. That a name leads to the addresses that were connected to is not recorded, so
/// it is to be tried.
pub(super) fn hosts(accesses: &[Access], outcomes: &[Outcome], capabilities: &[Needed]) -> Vec<AllowedHost> {
    let networks: Vec<usize> = (0..capabilities.len())
        .filter(|at| NETWORK_CAPABILITIES.contains(&capabilities[*at].capability.name))
        .collect();
    let by_network = |by: CoveredBy| networks.iter().any(|at| by.needs(*at));
    let all: Vec<&Access> = accesses
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| by_network(outcome.by))
        .map(|(access, _)| access)
        .collect();
    of(&all).filter(|hosts| hosts.len() <= MOST).unwrap_or_default()
}

fn of(accesses: &[&Access]) -> Option<Vec<AllowedHost>> {
    let (mut names, mut peers) = (Vec::new(), Vec::new());
    for access in accesses {
        match (&*access.object, access.right) {
            (Object::HostName { name }, Right::Resolve) => {
                names.push(std::str::from_utf8(name.as_bytes()).ok()?.parse::<AllowedHost>().ok()?);
            }
            (Object::Network { address, port, .. }, Right::Do(Operation::Connect)) => {
                peers.push((address.to_canonical(), *port, access.object.class()?));
            }
            // A file of the resolver's beside.
            (Object::File { .. }, _) => {}
            _ => return None,
        }
    }
    let ports: BTreeSet<u16> = peers.iter().map(|(_, port, _)| *port).collect();
    let only = ports.first().copied().filter(|_| ports.len() == 1);
    let mut found: BTreeSet<(String, Option<u16>)> =
        names.iter().map(|host| (host.name.clone(), only)).collect();
    for (address, port, class) in peers {
        let private = match class {
            Class::Internet => false,
            Class::Private => true,
            _ => return None,
        };
        // Whoever owns a public name opens nothing of the private network with it.
        if !names.iter().any(|host| host.is_private_name() == private) {
            found.insert((address.to_string(), Some(port).filter(|port| *port > 0)));
        }
    }
    Some(found.into_iter().map(|(name, port)| AllowedHost { name, port }).collect())
}
