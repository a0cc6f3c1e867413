//! What an address is and who may speak to it, case by case, and with Python's ipaddress as a second opinion.

use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use lowbox_policy::network::{
    Access, AllowedHost, Class, NETWORK_CAPABILITIES, NetworkPolicy, Peer, Protocol, Route, classify,
};
use lowbox_security::derive::{capability_sid, package_sid};
use lowbox_security::{AppContainer, Integrity, Token};

const CASES: &str = include_str!("network_cases.txt");

fn token(capabilities: &[&str]) -> Token {
    Token {
        user: "S-1-22-1-1000".parse().unwrap(),
        groups: Vec::new(),
        app_container: Some(AppContainer {
            package: package_sid("a_b"),
            capabilities: capabilities.iter().map(|name| capability_sid(name)).collect(),
            less_privileged: false,
        }),
        integrity: Integrity::Low,
        privileges: Vec::new(),
    }
}

fn policy(capabilities: &[&str]) -> NetworkPolicy {
    NetworkPolicy::new(&token(capabilities), Vec::new(), Vec::new())
}

fn peer(address: IpAddr, port: u16, protocol: Protocol) -> Peer {
    Peer { address, port, protocol, route: Route::Other }
}

fn tcp(address: &str) -> Peer {
    peer(address.parse().unwrap(), 443, Protocol::Tcp)
}

/// Address, class, the four columns.
fn cases() -> impl Iterator<Item = (IpAddr, &'static str, Vec<&'static str>)> {
    CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut words = line.split('#').next().unwrap().split_whitespace();
        (words.next().unwrap().parse().unwrap(), words.next().unwrap(), words.collect())
    })
}

#[test]
fn every_address_of_the_table_is_what_it_says_and_opens_to_whom_it_says() {
    let mut tried = 0;
    for (address, class, columns) in cases() {
        let peer = peer(address, 443, Protocol::Tcp);
        assert_eq!(classify(&peer).strictest().name(), class, "{address}");
        let sets = std::iter::once(Vec::new()).chain(NETWORK_CAPABILITIES.iter().map(|name| vec![*name]));
        assert_eq!(columns.len(), 4, "{address}");
        for (set, expected) in sets.zip(columns) {
            let policy = policy(&set);
            let may = |access| policy.decide(&peer, access, false).granted;
            assert_eq!(may(Access::Connect), expected.contains('c'), "{address} connect with {set:?}");
            assert_eq!(may(Access::Accept), expected.contains('a'), "{address} accept with {set:?}");
            tried += 1;
        }
    }
    assert!(tried >= 200, "{tried} cases");
}

#[test]
fn an_address_that_holds_one_of_another_network_needs_both() {
    let both = policy(&["internetClient", "privateNetworkClientServer"]);
    for address in ["64:ff9b::10.0.0.1", "2002:a00:1::1", "fd00::5efe:808:808"] {
        assert!(both.decide(&tcp(address), Access::Connect, false).granted, "{address}");
    }
    let all = policy(&NETWORK_CAPABILITIES);
    for address in
        ["127.0.0.1", "169.254.169.254", "::", "0.0.0.0", "fe80::1", "64:ff9b::a9fe:a9fe", "224.0.0.251"]
    {
        assert!(!all.decide(&tcp(address), Access::Connect, false).granted, "{address}");
    }
}

#[test]
fn discovery_on_the_private_network_is_by_udp_on_its_ports_alone() {
    let private = policy(&["privateNetworkClientServer"]);
    for (address, port) in
        [("224.0.0.251", 5353), ("239.255.255.250", 1900), ("ff02::fb", 5353), ("ff02::c", 1900)]
    {
        let address: IpAddr = address.parse().unwrap();
        let may =
            |port, protocol| private.decide(&peer(address, port, protocol), Access::Connect, false).granted;
        assert!(may(port, Protocol::Udp), "{address}");
        assert!(!may(port + 1, Protocol::Udp) && !may(port, Protocol::Tcp), "{address}");
        let internet = policy(&["internetClientServer"]);
        assert!(!internet.decide(&peer(address, port, Protocol::Udp), Access::Connect, false).granted);
    }
}

#[test]
fn an_address_of_the_hosts_own_is_the_host_whatever_its_class() {
    let all = policy(&NETWORK_CAPABILITIES);
    for address in ["8.8.8.8", "10.0.0.1", "2a00::1"] {
        let peer = |route| Peer { route, ..tcp(address) };
        assert!(all.decide(&peer(Route::Other), Access::Connect, false).granted);
        assert!(!all.decide(&peer(Route::Local), Access::Connect, false).granted);
        assert!(!all.decide(&peer(Route::Broadcast), Access::Connect, false).granted);
    }
}

#[test]
fn a_loopback_exemption_opens_one_port_of_the_loopback_interface_for_connecting() {
    let policy = NetworkPolicy::new(&token(&[]), vec![8080], Vec::new());
    let may =
        |address: &str, port, access| policy.decide(&Peer { port, ..tcp(address) }, access, false).granted;
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.1.2.3"] {
        assert!(may(address, 8080, Access::Connect), "{address}");
        assert!(!may(address, 8081, Access::Connect), "{address}");
        assert!(!may(address, 8080, Access::Accept), "{address}");
    }
    for address in ["0.0.0.0", "::", "10.0.0.1", "8.8.8.8", "169.254.169.254", "64:ff9b::127.0.0.1"] {
        assert!(!may(address, 8080, Access::Connect), "{address}");
    }
    let own = Peer { route: Route::Local, port: 8080, ..tcp("10.0.0.1") };
    assert!(!policy.decide(&own, Access::Connect, false).granted);
}

#[test]
fn an_allowed_host_opens_what_is_routed_and_nothing_else() {
    let hosts: Vec<AllowedHost> = vec!["example.com".parse().unwrap()];
    let policy = NetworkPolicy::new(&token(&[]), Vec::new(), hosts);
    for (_, class, _) in cases().filter(|(_, class, _)| *class == "internet" || *class == "private") {
        assert!(Class::ALL.iter().any(|known| known.name() == class));
    }
    for (address, class, _) in cases() {
        let peer = peer(address, 443, Protocol::Tcp);
        let routed = classify(&peer).iter().all(|class| matches!(class, Class::Internet | Class::Private));
        assert_eq!(policy.decide(&peer, Access::Connect, true).granted, routed, "{address} {class}");
        assert!(!policy.decide(&peer, Access::Connect, false).granted, "{address}");
        assert!(!policy.decide(&peer, Access::Accept, true).granted, "{address}");
    }
}

#[test]
fn what_would_have_granted_it_is_told() {
    let none = policy(&[]);
    let told = |address, access| none.what_would_grant(&tcp(address), access);
    assert_eq!(told("8.8.8.8", Access::Connect), ["internetClient", "internetClientServer"]);
    assert_eq!(told("8.8.8.8", Access::Accept), ["internetClientServer"]);
    assert_eq!(told("10.0.0.1", Access::Connect), ["privateNetworkClientServer"]);
    assert!(told("169.254.169.254", Access::Connect).is_empty());
}

/// Where the class and ipaddress differ, and why. A prefix, then the reason.
const DIFFERENCES: [(&str, &str); 20] = [
    ("100.64.", "shared space: neither global nor private to Python; here it is the private network"),
    ("100.127.", "shared space"),
    ("100.100.100.200", "a metadata service in shared space"),
    ("168.63.129.16", "a metadata service with a global address"),
    ("fd00:ec2::254", "a metadata service with a unique local address"),
    ("fd20:ce::254", "a metadata service with a unique local address"),
    ("64:ff9b::", "NAT64 is global to Python; here what it holds counts too"),
    ("2002:", "6to4 is global to some versions and private to others; here what it holds counts"),
    ("2a00::5efe:", "ISATAP under a global prefix: what it holds counts too"),
    ("2a00::200:5efe:", "ISATAP under a global prefix: what it holds counts too"),
    ("fd00::5efe:7f00:1", "ISATAP of loopback under a unique local prefix"),
    ("192.88.99.", "6to4 relays are given up (RFC 7526), Python calls them global"),
    ("192.0.0.", "protocol assignments: Python calls some of them global"),
    ("2001:20::", "ORCHIDv2 is no address to connect to, Python calls it global"),
    ("2001:10::", "ORCHID was given up, and some versions call it global"),
    ("3fff::", "documentation since RFC 9637, after this Python"),
    ("5f00::", "segment routing since RFC 9602, after this Python"),
    ("64:ff9b:1::", "NAT64 of a network's own: private to some versions; here nobody gets it"),
    ("fec0::", "site-local was given up, and Python calls it private or global by version"),
    ("::ffff:0:808:808", "IPv4-translated: Python does not know it"),
];

#[test]
fn pythons_ipaddress_agrees_but_for_reasoned_differences() {
    let mut child = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network_cases.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let addresses: Vec<IpAddr> = cases().map(|(address, ..)| address).collect();
    let text: String = addresses.iter().map(|address| format!("{address}\n")).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let mut compared = 0;
    for (address, line) in addresses.iter().zip(told.lines()) {
        let (named, words) = line.split_once(' ').unwrap();
        assert_eq!(named, address.to_string());
        let says = |word: &str| words.split(',').any(|said| said == word);
        let class = classify(&peer(*address, 443, Protocol::Tcp)).strictest();
        let agrees = match class {
            Class::Internet => says("global") && !says("private") && !says("multicast"),
            Class::Private => says("private") && !says("global") && !says("loopback") && !says("link_local"),
            Class::Loopback => says("loopback"),
            Class::LinkLocal => says("link_local"),
            Class::Multicast => says("multicast"),
            Class::Unspecified => says("unspecified"),
            // Python has no word for it.
            Class::Broadcast => says("reserved"),
            // Whatever is neither global nor one of the others.
            Class::Reserved => {
                (says("reserved") || says("private") || !says("global"))
                    && !says("loopback")
                    && !says("link_local")
            }
        };
        let excepted = DIFFERENCES.iter().any(|(prefix, _)| named.starts_with(prefix));
        assert!(agrees || excepted, "{named}: here {}, to Python {words}", class.name());
        compared += usize::from(agrees);
    }
    assert!(compared >= 95, "only {compared} agree");
}
