//! Socket families and types that reach the kernel or beyond the machine.

use super::super::attack::{Attack, Judge, attack};
use Judge::Gained;

const NAMESPACES: &[&str] = &["unshare", "--user", "--map-root-user", "--net", "--"];

/// `args`: family, type, protocol.
const fn socket(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "socket", Gained, args)
}

pub const ATTACKS: &[Attack] = &[
    socket("raw-ipv4", &["2", "3", "1"]).unconfined(NAMESPACES),
    socket("raw-ipv6", &["10", "3", "58"]).unconfined(NAMESPACES),
    socket("ping-as-datagram", &["2", "2", "1"]).unconfined(PING),
    socket("packet", &["17", "3", "0x300"]).unconfined(NAMESPACES),
    attack("netlink-route-change", "netlink_route", Gained, &[]).unconfined(NAMESPACES),
    socket("netlink-sock-diag", &["16", "3", "4"]),
    socket("netlink-netfilter", &["16", "3", "12"]),
    socket("netlink-audit", &["16", "3", "9"]),
    socket("netlink-uevent", &["16", "3", "15"]),
    socket("netlink-generic", &["16", "3", "16"]),
    socket("netlink-xfrm", &["16", "3", "6"]),
    socket("netlink-generic-high-bits", &["0x100000010", "0x100000003", "0x100000010"]),
    socket("vsock", &["40", "1", "0"]),
    socket("alg", &["38", "5", "0"]),
    socket("mptcp", &["2", "1", "262"]),
    socket("sctp", &["2", "1", "132"]),
    socket("bluetooth", &["31", "3", "1"]),
    socket("can", &["29", "3", "1"]),
    socket("tipc", &["30", "2", "0"]),
    socket("rds", &["21", "5", "0"]),
    socket("xdp", &["44", "3", "0"]).unconfined(NAMESPACES),
    socket("kcm", &["41", "2", "0"]),
    socket("smc", &["43", "1", "0"]),
    socket("qipcrtr", &["42", "2", "0"]),
    socket("unix-datagram", &["1", "2", "0"]),
    socket("unix-datagram-high-bits", &["0x100000001", "0x100000002", "0"]),
    socket("unix-raw-is-datagram", &["1", "3", "0"]),
];

/// The kernel lets groups of net.ipv4.ping_group_range make such sockets.
const PING: &[&str] = &[
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--",
    "sh",
    "-c",
    "echo '0 0' > /proc/sys/net/ipv4/ping_group_range; exec \"$@\"",
    "sh",
];
