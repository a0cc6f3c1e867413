//! `--allow-host NAME[:PORT]`, and what a manifest declares in its place.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{Class, Peer, Protocol, Route, classify};

/// A host that a package may connect to whatever its capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// In small letters without a final dot; or an address as it is written canonically.
    pub name: String,
    /// The one port, or every one.
    pub port: Option<u16>,
}

/// Why a host can't be allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowedHostError {
    /// It is no name.
    #[error("{0:?} is no host name: write NAME, NAME:PORT, an address, or [ADDRESS]:PORT for IPv6")]
    Name(String),
    /// It is no port.
    #[error("{0:?} is no port: write a number from 1 to 65535")]
    Port(String),
}

impl AllowedHost {
    /// A host whose port was written apart from its name, as in a manifest.
    ///
    /// # Errors
    /// When the name is none, or holds a port too.
    pub fn with_port(name: &str, port: Option<u16>) -> Result<AllowedHost, AllowedHostError> {
        let host: AllowedHost = name.parse()?;
        match host.port {
            Some(_) => Err(AllowedHostError::Name(name.to_owned())),
            None => Ok(AllowedHost { port, ..host }),
        }
    }

    /// The address, if an address stands for the name.
    pub fn address(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }

    /// Whether a name that is asked for is this one.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.strip_suffix('.').unwrap_or(name))
    }

    /// Whether the port is open.
    pub fn opens(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }

    /// Whether it opens an address that its name was resolved to. Whoever owns a public name must not choose an address of the
    /// user's network with it.
    pub fn leads_to(&self, address: IpAddr) -> bool {
        let peer = Peer { address, port: 0, protocol: Protocol::Tcp, route: Route::Other };
        self.is_private_name() || classify(&peer).iter().all(|class| class == Class::Internet)
    }

    /// Whether the name itself says that the host is on the private network: a public name that leads there would let
    /// whoever owns the name choose an address of the user's network.
    pub fn is_private_name(&self) -> bool {
        // RFC 6762, RFC 8375, ICANN's reservation of .internal, and names that only a local resolver knows.
        const ENDS: [&str; 5] = [".local", ".home.arpa", ".internal", ".lan", ".localdomain"];
        !self.name.contains('.') || ENDS.iter().any(|end| self.name.ends_with(end))
    }
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<AllowedHost, AllowedHostError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(AllowedHost { name: address.to_string(), port: None });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        let port = port
            .map(|port| {
                port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(AllowedHostError::Port(port.into()))
            })
            .transpose()?;
        let bad = || AllowedHostError::Name(text.to_owned());
        if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            let address: IpAddr = inner.parse().map_err(|_| bad())?;
            return Ok(AllowedHost { name: address.to_string(), port });
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        // RFC 1035: 253 characters.
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(bad());
        }
        Ok(AllowedHost { name, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.name.contains(':')) {
            (None, _) => f.write_str(&self.name),
            (Some(port), false) => write!(f, "{}:{port}", self.name),
            (Some(port), true) => write!(f, "[{}]:{port}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for (text, name, port) in [
            ("Example.COM.", "example.com", None),
            ("pypi.org:443", "pypi.org", Some(443)),
            ("10.1.2.3", "10.1.2.3", None),
            ("10.1.2.3:80", "10.1.2.3", Some(80)),
            ("2001:4860::8888", "2001:4860::8888", None),
            ("[2001:4860::8888]:53", "2001:4860::8888", Some(53)),
            ("nas", "nas", None),
        ] {
            let host: AllowedHost = text.parse().unwrap();
            assert_eq!((host.name.as_str(), host.port), (name, port), "{text}");
            assert_eq!(host.to_string().parse::<AllowedHost>().unwrap(), host);
        }
        for bad in [
            "",
            ":80",
            "a:0",
            "a:65536",
            "a:b",
            "a b",
            "a..b",
            "-x y",
            "[::1",
            "exa\u{301}mple",
            "*.example.com",
        ] {
            assert!(bad.parse::<AllowedHost>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_port_apart_from_the_name_is_the_same_as_one_behind_it() {
        for (name, port, text) in
            [("PyPI.org", Some(443), "pypi.org:443"), ("::1", Some(1), "[::1]:1"), ("nas", None, "nas")]
        {
            assert_eq!(AllowedHost::with_port(name, port), text.parse(), "{text}");
        }
        for bad in ["nas:80", "a..b", "nas:", ""] {
            assert!(AllowedHost::with_port(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_public_name_leads_to_no_address_of_the_users_network() {
        for (name, address, leads) in [
            ("pypi.org", "151.101.0.223", true),
            ("pypi.org", "192.168.1.1", false),
            ("pypi.org", "127.0.0.1", false),
            ("nas.local", "192.168.1.1", true),
        ] {
            let host: AllowedHost = name.parse().unwrap();
            assert_eq!(host.leads_to(address.parse().unwrap()), leads, "{name} {address}");
        }
    }

    #[test]
    fn only_names_that_nobody_can_own_are_private() {
        for (name, private) in [
            ("nas", true),
            ("printer.local", true),
            ("a.home.arpa", true),
            ("example.com", false),
            ("local.com", false),
        ] {
            assert_eq!(name.parse::<AllowedHost>().unwrap().is_private_name(), private, "{name}");
        }
    }
}
