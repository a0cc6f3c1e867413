//! `lowbox explain --connect HOST:PORT`: whether a program may connect there, by what, and what would let it.

mod answer;
mod lookup;
mod page;

use std::net::IpAddr;
use std::str::FromStr;

use lowbox_linux::host::{Addresses, route_to};
use lowbox_policy::network::{AllowedHost, NetworkPolicy, Opening, Peer, Protocol, classify};

use crate::failure::Failure;
use crate::output;
use answer::{Address, Answer, Granted, Suggestion, Verdict};
use lookup::look_up;

/// A host or address with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    host: AllowedHost,
    port: u16,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Destination, String> {
        let host: AllowedHost =
            text.parse().map_err(|error: lowbox_policy::network::AllowedHostError| error.to_string())?;
        let port = host.port.ok_or("name a port too: HOST:PORT, or [ADDRESS]:PORT for IPv6")?;
        Ok(Destination { host, port })
    }
}

/// Explains.
///
/// # Errors
/// A name that the host can't resolve; a kernel that can't be asked for its routes.
pub fn explain(destination: &Destination, policy: &NetworkPolicy, json: bool) -> Result<(), Failure> {
    let answer = answer(destination, policy, &look_up(&destination.host)?)?;
    if json { output::json(&answer) } else { page::page(&answer).print() }
}

fn answer(destination: &Destination, policy: &NetworkPolicy, found: &Addresses) -> Result<Answer, Failure> {
    let host = &destination.host;
    let by_name = host.address().is_none();
    // What the host's table of names says needs no resolver.
    let resolves = by_name.then(|| found.by_table || policy.resolves(&host.name));
    let judged = found.addresses.iter().map(|address| judge(destination, policy, found.by_table, *address));
    let addresses: Vec<Address> = judged.collect::<Result<_, _>>()?;
    let every = |granted: fn(&Address) -> bool| resolves != Some(false) && addresses.iter().all(granted);
    let mut notes = Vec::new();
    if resolves == Some(false) {
        notes.push(format!(
            "the program may not resolve {}; a capability or --allow-host for the name would let it resolve the name",
            host.name
        ));
    }
    if !by_name && policy.hosts().iter().any(|allowed| allowed.address().is_none()) {
        notes.push(
            "an address that an allowed host's name leads to is open too, once the program has resolved it"
                .into(),
        );
    }
    Ok(Answer {
        asked: host.to_string(),
        host: host.name.clone(),
        port: destination.port,
        resolves,
        granted: Granted { tcp: every(|one| one.tcp.granted), udp: every(|one| one.udp.granted) },
        addresses,
        notes,
    })
}

fn judge(
    destination: &Destination,
    policy: &NetworkPolicy,
    by_table: bool,
    address: IpAddr,
) -> Result<Address, Failure> {
    let (host, port) = (&destination.host, destination.port);
    let route = route_to(address).map_err(|error| {
        Failure::new(format!("the kernel's routes, which it can't be asked for: {error}"))
    })?;
    let leads = |allowed: &AllowedHost| by_table || allowed.leads_to(address);
    let named = policy.hosts().iter().filter(|allowed| allowed.opens(port)).any(|allowed| {
        allowed.address() == Some(address.to_canonical()) || (allowed.is_named(&host.name) && leads(allowed))
    });
    let verdict = |protocol| {
        let peer = Peer { address, port, protocol, route };
        let decision = policy.decide(&peer, lowbox_policy::network::Access::Connect, named);
        // A name that does not open the address is of no use; the address itself is.
        let argument = match leads(host) {
            true => host.to_string(),
            false => AllowedHost { name: address.to_string(), port: Some(port) }.to_string(),
        };
        let suggest = |opening| match opening {
            Opening::Capability(name) => Suggestion::Capability { name },
            Opening::AllowedHost => Suggestion::AllowHost { argument: argument.clone() },
            Opening::LoopbackExemption => Suggestion::AllowLoopback { port },
        };
        Verdict {
            granted: decision.granted,
            checks: policy.explain(&peer, lowbox_policy::network::Access::Connect, named),
            would_grant: policy.openings(&peer, named).into_iter().map(suggest).collect(),
        }
    };
    let classes = classify(&Peer { address, port, protocol: Protocol::Tcp, route }).iter().collect();
    Ok(Address {
        address,
        route: route.into(),
        classes,
        named,
        tcp: verdict(Protocol::Tcp),
        udp: verdict(Protocol::Udp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_host_with_a_port() {
        for (text, shown) in
            [("PyPI.org:443", "pypi.org:443"), ("[::1]:80", "[::1]:80"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(text.parse::<Destination>().unwrap().host.to_string(), shown);
        }
        for bad in ["pypi.org", "10.0.0.1", "::1", "a:0", "a b:1", ":1", ""] {
            assert!(bad.parse::<Destination>().is_err(), "{bad}");
        }
    }
}
