//! The host's resolvers, as resolv.conf(5) names them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// resolv.conf(5): MAXNS.
const MAX_RESOLVERS: usize = 3;
const PORT: u16 = 53;

/// The resolvers that a resolv.conf names; the host itself if it names none.
pub(crate) fn resolvers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            // An address with a scope is a neighbour's, which a resolver of more than one network is not.
            (Some("nameserver"), Some(address)) => address.parse::<IpAddr>().ok(),
            _ => None,
        }
    });
    let mut resolvers: Vec<SocketAddr> =
        named.take(MAX_RESOLVERS).map(|address| SocketAddr::new(address, PORT)).collect();
    if resolvers.is_empty() {
        resolvers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    }
    resolvers
}

/// The container's resolv.conf: its own resolver, with the domains that the host's are searched in.
pub(super) fn of_container(host: &str, resolver: Ipv4Addr) -> String {
    let mut text = format!("nameserver {resolver}\n");
    let searched = host.lines().rev().find(|line| {
        let keyword = line.split_whitespace().next();
        matches!(keyword, Some("search" | "domain"))
    });
    if let Some(line) = searched {
        let plain = |name: &&str| {
            name.len() <= 253
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        let domains: Vec<&str> = line.split_whitespace().skip(1).filter(plain).take(6).collect();
        if !domains.is_empty() {
            text.push_str(&format!("search {}\n", domains.join(" ")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_resolvers_are_asked_and_the_container_names_its_own() {
        let text = "# c\nsearch corp.example a\x1bb lan\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\nnameserver 2001:4860:4860::8888\noptions edns0\n";
        let found = resolvers(text);
        assert_eq!(found, ["127.0.0.53:53".parse().unwrap(), "[2001:4860:4860::8888]:53".parse().unwrap()]);
        assert_eq!(resolvers(""), ["127.0.0.1:53".parse().unwrap()]);
        let own = of_container(text, Ipv4Addr::new(127, 0, 0, 53));
        assert_eq!(own, "nameserver 127.0.0.53\nsearch corp.example lan\n");
    }
}
