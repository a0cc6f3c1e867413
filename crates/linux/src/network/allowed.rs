//! Addresses of the hosts that are allowed by name: only those that the broker resolved itself, each for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lowbox_policy::network::AllowedHost;

/// Addresses that are remembered at most; the one that ends first makes room.
const MAX_ADDRESSES: usize = 1024;

/// A program may keep an address longer than its name server says: connections are made from what was resolved once.
const LEAST: Duration = Duration::from_secs(300);
const MOST: Duration = Duration::from_secs(24 * 3600);

/// The hosts and what is known of their addresses.
#[derive(Debug)]
pub(super) struct Allowed {
    hosts: Vec<AllowedHost>,
    /// By address and port (`None`: every port), until when.
    resolved: Mutex<HashMap<(IpAddr, Option<u16>), Instant>>,
    /// Of the host's table of names (hosts(5)), for as long as the container lives.
    lasting: Vec<(IpAddr, Option<u16>)>,
}

impl Allowed {
    /// `table` is the text of the host's hosts(5).
    pub(super) fn new(hosts: &[AllowedHost], table: &str) -> Allowed {
        let mut lasting: Vec<(IpAddr, Option<u16>)> =
            hosts.iter().filter_map(|host| Some((host.address()?, host.port))).collect();
        for line in table.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            let names: Vec<&str> = words.collect();
            for host in hosts.iter().filter(|host| names.iter().any(|name| host.is_named(name))) {
                lasting.push((address.to_canonical(), host.port));
            }
        }
        Allowed { hosts: hosts.to_vec(), resolved: Mutex::default(), lasting }
    }

    /// Whether a name may be asked for, as one of them.
    pub(super) fn names(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| host.is_named(name))
    }

    /// Takes note of what a name resolved to.
    pub(super) fn learn(&self, name: &str, address: IpAddr, seconds: u32, now: Instant) {
        let address = address.to_canonical();
        let until = now + Duration::from_secs(seconds.into()).clamp(LEAST, MOST);
        let mut resolved = self.resolved.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for host in self.hosts.iter().filter(|host| host.is_named(name) && host.leads_to(address)) {
            if resolved.len() >= MAX_ADDRESSES {
                resolved.retain(|_, until| *until > now);
            }
            if resolved.len() >= MAX_ADDRESSES
                && let Some(first) = resolved.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key)
            {
                resolved.remove(&first);
            }
            let entry = resolved.entry((address, host.port)).or_insert(until);
            *entry = until.max(*entry);
        }
    }

    /// Whether address and port are of such a host.
    pub(super) fn holds(&self, address: IpAddr, port: u16) -> bool {
        let keys = [(address, Some(port)), (address, None)];
        if self.lasting.iter().any(|known| keys.contains(known)) {
            return true;
        }
        let resolved = self.resolved.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let now = Instant::now();
        keys.iter().any(|key| resolved.get(key).is_some_and(|until| *until > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_was_resolved_for_an_allowed_name_is_held_on_its_port_and_for_a_while() {
        let hosts =
            ["pypi.org:443".parse().unwrap(), "nas.local".parse().unwrap(), "10.9.9.9:80".parse().unwrap()];
        let allowed = Allowed::new(&hosts, "# table\n93.184.216.34 other PyPI.org\n10.0.0.1 unnamed\n");
        assert!(allowed.holds(address("93.184.216.34"), 443) && !allowed.holds(address("93.184.216.34"), 80));
        assert!(allowed.holds(address("10.9.9.9"), 80) && !allowed.holds(address("10.0.0.1"), 443));
        let now = Instant::now();
        allowed.learn("pypi.org", address("151.101.0.223"), 0, now);
        allowed.learn("evil.org", address("6.6.6.6"), 60, now);
        allowed.learn("pypi.org", address("192.168.1.1"), 60, now);
        allowed.learn("pypi.org", address("169.254.169.254"), 60, now);
        allowed.learn("NAS.local.", address("192.168.1.2"), 60, now);
        assert!(allowed.holds(address("151.101.0.223"), 443) && !allowed.holds(address("151.101.0.223"), 22));
        assert!(!allowed.holds(address("6.6.6.6"), 443));
        assert!(!allowed.holds(address("192.168.1.1"), 443), "rebinding");
        assert!(!allowed.holds(address("169.254.169.254"), 443), "rebinding");
        assert!(allowed.holds(address("192.168.1.2"), 1), "a name that nobody owns");
        if let Some(past) = now.checked_sub(Duration::from_secs(301)) {
            allowed.learn("pypi.org", address("151.101.64.223"), 1, past);
            assert!(!allowed.holds(address("151.101.64.223"), 443), "its time is over");
        }
        for index in 0..3000_u32 {
            allowed.learn("pypi.org", IpAddr::V4((0x0801_0000 + index).into()), 60, now);
        }
        assert!(allowed.resolved.lock().unwrap().len() <= MAX_ADDRESSES);
    }
}
