//! What must stay shut although networks are open: every capability, or an exemption for one port of the host's loopback.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use Judge::{Event, Watch};

const EVERY: &[&str] = &[
    "--capability",
    "internetClient",
    "--capability",
    "internetClientServer",
    "--capability",
    "privateNetworkClientServer",
];
const V4: &[&str] = &["inet", "tcp", "127.0.0.1"];

/// A port for which the package is exempted; a service of the host listens there during the attack, so one at a time.
const ALLOWED: &str = "47213";
const EXEMPT: &[&str] = &["--allow-loopback", ALLOWED];
const BESIDE: &[&str] = &["/usr/bin/python3", "-B", "{programs}/allowed_service.py", ALLOWED];

const fn tcp(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "tcp_connect.py", Event, args).victim(V4).lowbox(EVERY)
}

/// By a socket that was allowed to lead elsewhere.
const fn again(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "tcp_again.py", Event, args).victim(V4).lowbox(EXEMPT).around(BESIDE).alone()
}

pub const ATTACKS: &[Attack] = &[
    tcp("loopback-with-every-network", &["plain", "127.0.0.1", "{victim_port}"]),
    tcp("loopback-mapped-with-every-network", &["plain", "::ffff:127.0.0.1", "{victim_port}"]),
    tcp("loopback-by-no-address", &["plain", "0.0.0.0", "{victim_port}"]),
    tcp("loopback-by-no-address6", &["plain", "::ffff:0.0.0.0", "{victim_port}"]),
    tcp("loopback-fast-open-with-every-network", &["fastopen", "127.0.0.1", "{victim_port}"]),
    tcp("loopback-mptcp-with-every-network", &["mptcp", "127.0.0.1", "{victim_port}"]),
    tcp("hosts-own-address", &["plain", "{own_address}", "{victim_port}"])
        .victim(&["inet", "tcp", "0.0.0.0"])
        .prepare(find_own_address),
    attack("udp-to-an-arbitrary-server", "udp_send.py", Event, &["{own_address}", "{victim_port}"])
        .victim(&["inet", "udp", "0.0.0.0"])
        .lowbox(EVERY)
        .prepare(find_own_address),
    attack("loopback-udp-with-every-network", "udp_send.py", Event, &["127.0.0.1", "{victim_port}"])
        .victim(&["inet", "udp", "127.0.0.1"])
        .lowbox(EVERY),
    attack("address-swapped-during-connect", "tcp_race", Event, &[ALLOWED, "{victim_port}"])
        .victim(V4)
        .lowbox(EXEMPT)
        .around(BESIDE)
        .alone(),
    again("disconnect-and-connect", &["disconnect", ALLOWED, "{victim_port}"]),
    again("sendto-connects", &["sendto", ALLOWED, "{victim_port}"]),
    again("sendmsg-connects", &["sendmsg", ALLOWED, "{victim_port}"]),
    again("sendmmsg-connects", &["sendmmsg", ALLOWED, "{victim_port}"]),
    again("fast-open-by-option", &["option", ALLOWED, "{victim_port}"]),
    attack("listen-on-what-was-connected", "tcp_again.py", Watch(host_reads), &["listen", ALLOWED, "0"])
        .lowbox(EXEMPT)
        .around(BESIDE)
        .alone(),
    attack("bind-with-every-network", "bind_served.py", Watch(host_reads), &["bind"]).lowbox(EVERY),
    attack("listen-without-bind-with-every-network", "bind_served.py", Watch(host_reads), &["listen"])
        .lowbox(EVERY),
    attack("bind-as-a-client", "bind_served.py", Watch(host_reads), &["bind"])
        .lowbox(&["--capability", "internetClient"]),
];

/// An address of the host's own, other than loopback; loopback where it has none.
fn find_own_address(live: &mut Live) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // Nothing is sent: the kernel picks the address.
    let own = socket.connect("93.184.216.34:53").and_then(|()| socket.local_addr());
    let own = own.map_or_else(|_| "127.0.0.1".to_owned(), |own| own.ip().to_string());
    live.scene.set("own_address", &own);
    Ok(())
}

/// Whether the program serves the host, over the host's loopback interface.
fn host_reads(live: &mut Live) -> io::Result<bool> {
    let port = if live.ready() { live.scene.get("port").parse().unwrap_or(0) } else { 0_u16 };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) else {
        return Ok(false);
    };
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut bytes = [0; 6];
    Ok(port != 0 && stream.read_exact(&mut bytes).is_ok() && &bytes == b"served")
}
