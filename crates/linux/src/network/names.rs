//! Names: the broker asks the host's resolvers what the container's resolver was asked.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lowbox_policy::network::{Class, NetworkPolicy, Peer, Protocol, Route, classify};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::rand::{GetRandomFlags, getrandom};

use super::allowed::Allowed;
use super::query::{Query, no_such_name, server_failure, set_id};
use super::resolvers::{of_container, resolvers};

/// Where the container's own resolver listens, as systemd-resolved does on the host.
pub(crate) const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// The longest message between pid 1 and the broker: its head and a DNS message.
pub(crate) const MAX_NAMES_MESSAGE: usize = HEAD + u16::MAX as usize;

/// Whether it came by TCP, and the number by which pid 1 knows who asked.
pub(crate) const HEAD: usize = 5;

/// Questions that wait at the same time; one that comes while so many do is not answered, and asked again.
const MAX_WAITING: usize = 32;

/// For each resolver.
const PATIENCE: Duration = Duration::from_secs(3);

const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The text of the container's resolv.conf(5), made after the host's.
pub fn resolver_file() -> String {
    of_container(&host_file(), RESOLVER)
}

fn host_file() -> String {
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open(RESOLV_CONF) {
        // What is not text names no resolver.
        let _ = file.take(64 * 1024).read_to_string(&mut text);
    }
    text
}

/// Answers until pid 1 is gone.
pub(super) fn serve(channel: BorrowedFd<'_>, policy: &NetworkPolicy, allowed: &Allowed) {
    let waiting = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        loop {
            let mut message = vec![0_u8; MAX_NAMES_MESSAGE];
            let length = match recv(channel, &mut message[..], RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok((length @ 1.., _)) => length,
                _ => return,
            };
            message.truncate(length);
            if length < HEAD || waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
                if length >= HEAD {
                    waiting.fetch_sub(1, Ordering::Relaxed);
                }
                continue;
            }
            let waiting = &waiting;
            let spawned = std::thread::Builder::new().stack_size(128 * 1024).spawn_scoped(scope, move || {
                let (head, asked) = message.split_at(HEAD);
                if let Some(answer) = answer(asked, head[0] != 0, policy, allowed) {
                    // Who asked may be gone.
                    let _ = send(channel, &[head, &answer].concat(), SendFlags::NOSIGNAL);
                }
                waiting.fetch_sub(1, Ordering::Relaxed);
            });
            if spawned.is_err() {
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
    });
}

/// `None` for what is no question.
fn answer(asked: &[u8], by_tcp: bool, policy: &NetworkPolicy, allowed: &Allowed) -> Option<Vec<u8>> {
    let query = Query::parse(asked)?;
    let named = allowed.names(query.name());
    if !named && !is_open(&query, policy) {
        return no_such_name(asked);
    }
    let mut number = [0; 2];
    getrandom(&mut number[..], GetRandomFlags::empty()).ok()?;
    let id = u16::from_be_bytes(number);
    let mut forwarded = asked.to_vec();
    set_id(&mut forwarded, id);
    let wanted = query.with_id(id);
    for resolver in resolvers(&host_file()) {
        let told = match by_tcp {
            true => ask_by_tcp(resolver, &forwarded, &wanted),
            false => ask_by_udp(resolver, &forwarded, &wanted),
        };
        let Ok(mut told) = told else { continue };
        if named {
            for (address, seconds) in wanted.addresses(&told) {
                allowed.learn(query.name(), address, seconds, Instant::now());
            }
        }
        set_id(&mut told, query.id());
        return Some(told);
    }
    server_failure(asked)
}

/// Whether a capability lets the program ask for the name. Names and addresses that belong to the private network are told with
/// its capability alone.
fn is_open(query: &Query, policy: &NetworkPolicy) -> bool {
    if !policy.opens_by_capability() {
        return false;
    }
    match query.reverse() {
        Some(address) => {
            let peer = Peer { address, port: 0, protocol: Protocol::Tcp, route: Route::Other };
            policy.opens_private() || classify(&peer).iter().all(|class| class == Class::Internet)
        }
        None => policy.resolves(query.name()),
    }
}

/// A socket that hears this resolver alone.
fn ask_by_udp(resolver: SocketAddr, message: &[u8], wanted: &Query) -> io::Result<Vec<u8>> {
    let any: IpAddr = match resolver {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(resolver)?;
    socket.send(message)?;
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = vec![0_u8; u16::MAX as usize];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        if wanted.is_answered_by(&buffer[..length]) {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

fn ask_by_tcp(resolver: SocketAddr, message: &[u8], wanted: &Query) -> io::Result<Vec<u8>> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut stream = TcpStream::connect_timeout(&resolver, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut buffer = vec![0_u8; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut buffer)?;
    if wanted.is_answered_by(&buffer) { Ok(buffer) } else { Err(io::ErrorKind::InvalidData.into()) }
}
