//! What an empty network namespace has to stop.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use Judge::{Event, Watch};

const V4: &[&str] = &["inet", "tcp", "127.0.0.1"];
const V6: &[&str] = &["inet", "tcp", "::1"];

const fn tcp(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "tcp_connect.py", Event, args).victim(V4)
}

pub const ATTACKS: &[Attack] = &[
    tcp("loopback-tcp", &["plain", "127.0.0.1", "{victim_port}"]),
    tcp("loopback-tcp6", &["plain", "::1", "{victim_port}"]).victim(V6),
    tcp("loopback-tcp-mapped", &["plain", "::ffff:127.0.0.1", "{victim_port}"]),
    tcp("loopback-tcp-fast-open", &["fastopen", "127.0.0.1", "{victim_port}"]),
    tcp("loopback-mptcp", &["mptcp", "127.0.0.1", "{victim_port}"]),
    attack("loopback-udp", "udp_send.py", Event, &["127.0.0.1", "{victim_port}"]).victim(&[
        "inet",
        "udp",
        "127.0.0.1",
    ]),
    attack("loopback-udp6", "udp_send.py", Event, &["::1", "{victim_port}"]).victim(&["inet", "udp", "::1"]),
    attack("bind-visible-outside", "bind_visible.py", Watch(host_can_connect), &["bind"]),
    attack("listen-on-a-lent-socket", "listen_lent.py", Watch(host_can_connect), &[])
        .around(&["/usr/bin/python3", "-B", "{programs}/lent_socket.py", "inet"])
        .lowbox(&["--fd", "7:socket"])
        .refusable(),
    attack("listen-without-bind", "bind_visible.py", Watch(host_can_connect), &["listen"]),
];

fn host_can_connect(live: &mut Live) -> io::Result<bool> {
    let port = if live.ready() { live.scene.get("port").parse().unwrap_or(0) } else { 0_u16 };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(port != 0 && TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok())
}
