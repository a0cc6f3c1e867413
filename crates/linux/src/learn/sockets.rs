//! What calls on sockets reach.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lowbox_policy::network::{Protocol, Route};
use lowbox_profiler::Raw;
use lowbox_profiler::record::{Object, Right};
use rustix::process::Pid;

use crate::init::inet::{Inet, address, inet, is_own};
use crate::init::socket_call::open_thread;
use crate::network::resolvers;
use crate::network::route::Routes;
use crate::sys;

/// sizeof(struct sockaddr_storage).
const MAX_ADDRESS: usize = 128;

/// An address that a call names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A unix socket's path, as the program gave it.
    Path(PathBuf),
    /// A unix socket's abstract name.
    Abstract(Raw),
    /// An internet address, in the kernel's form.
    Internet(Vec<u8>),
}

/// Reads a copy of struct sockaddr. `None` for what reaches nothing.
pub(super) fn read(bytes: &[u8]) -> Option<Address> {
    let family = i32::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
    match family {
        libc::AF_UNIX => match &bytes[2..] {
            [] => None,
            [0, name @ ..] => Some(Address::Abstract(name.into())),
            path => {
                let path = path.split(|&byte| byte == 0).next()?;
                Some(Address::Path(PathBuf::from(OsStr::from_bytes(path))))
            }
        },
        libc::AF_INET | libc::AF_INET6 => Some(Address::Internet(bytes.to_vec())),
        _ => None,
    }
}

/// Copies an address from the caller's memory.
pub(super) fn copy(thread: Pid, at: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8; length];
    let fits = at != 0 && (1..=MAX_ADDRESS).contains(&length);
    (fits && sys::read_process_memory(thread, at, &mut bytes).ok()? == length).then_some(bytes)
}

/// What an internet address leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Somebody.
    Peer(Object),
    /// One of the host's resolvers, in whose place a container has its own.
    Resolver,
}

/// What is known of networks.
#[derive(Debug)]
pub(super) struct Sockets {
    routes: Option<Routes>,
    resolvers: Vec<SocketAddr>,
    /// Ports that the program has sockets at: over its own loopback interface it reaches those without any right.
    own_ports: HashSet<u16>,
    /// Abstract names that the program gave its own sockets.
    own_names: HashSet<Raw>,
}

/// So many abstract names are known; more count as the host's.
const MAX_NAMES: usize = 10_000;

impl Sockets {
    pub(super) fn new() -> Sockets {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Sockets::with(&text)
    }

    /// Of a program that is isolated, which has this resolv.conf(5), or none: then it asks its own loopback interface in vain.
    pub(super) fn inside(resolver_file: Option<&str>) -> Sockets {
        Sockets::with(resolver_file.unwrap_or_default())
    }

    fn with(text: &str) -> Sockets {
        let (routes, resolvers) = (Routes::open().ok(), resolvers(text));
        Sockets { routes, resolvers, own_ports: HashSet::new(), own_names: HashSet::new() }
    }

    /// Whether names are asked for there.
    pub(super) fn is_resolver(&self, peer: SocketAddr) -> bool {
        self.resolvers.contains(&SocketAddr::new(peer.ip().to_canonical(), peer.port()))
    }

    /// What connecting or sending to an internet address reaches.
    pub(super) fn reached(&mut self, thread: Pid, number: i32, bytes: &[u8]) -> Option<Reached> {
        let (_, kind) = internet(thread, number)?;
        let peer = address(bytes, kind.v6).ok()?;
        let ip = peer.ip().to_canonical();
        if is_own(ip) && self.own_ports.contains(&peer.port()) {
            return None;
        }
        if self.is_resolver(peer) {
            return Some(Reached::Resolver);
        }
        Some(Reached::Peer(self.network(SocketAddr::new(ip, peer.port()), &kind)?))
    }

    /// Notes the abstract name of a socket, unless somebody has it already: then the program doesn't get it.
    pub(super) fn named(&mut self, name: Raw, isolated: bool) {
        // An isolated program has a network with names of its own; else they are those of lowbox.
        let taken = !isolated && std::fs::read("/proc/net/unix").is_ok_and(|list| has_name(&list, &name));
        if !taken && self.own_names.len() < MAX_NAMES {
            self.own_names.insert(name);
        }
    }

    /// A name that the container has of its own.
    pub(super) fn has_own_name(&mut self, name: Raw) {
        self.own_names.insert(name);
    }

    /// Whether it is the name of a socket of the program's own.
    pub(super) fn is_own_name(&self, name: &Raw) -> bool {
        self.own_names.contains(name)
    }

    /// Notes the port of a socket that is given an address. Listening, and receiving datagrams, on the loopback interface is the
    /// program's own affair.
    pub(super) fn bound(&mut self, thread: Pid, number: i32, bytes: &[u8]) -> Option<(Object, Right)> {
        let (_, kind) = internet(thread, number)?;
        let place = address(bytes, kind.v6).ok()?;
        if kind.tcp || place.port() == 0 {
            return None;
        }
        self.offered(place, &kind)
    }

    /// The same of one that listens.
    pub(super) fn listens(&mut self, thread: Pid, number: i32) -> Option<(Object, Right)> {
        let (socket, kind) = internet(thread, number)?;
        let place = SocketAddr::try_from(rustix::net::getsockname(&socket).ok()?).ok()?;
        self.offered(place, &kind)
    }

    fn offered(&mut self, place: SocketAddr, kind: &Inet) -> Option<(Object, Right)> {
        self.own_ports.insert(place.port());
        let ip = place.ip().to_canonical();
        if ip.is_loopback() {
            return None;
        }
        Some((self.network(SocketAddr::new(ip, place.port()), kind)?, Right::Listen))
    }

    fn network(&mut self, peer: SocketAddr, kind: &Inet) -> Option<Object> {
        let protocol = match kind {
            Inet { tcp: true, .. } => Protocol::Tcp,
            Inet { udp: true, .. } => Protocol::Udp,
            _ => {
                return Some(Object::Other {
                    class: "socket".into(),
                    name: peer.to_string().as_str().into(),
                });
            }
        };
        let route = self.routes.as_mut().and_then(|routes| routes.of(peer.ip()).ok()).unwrap_or(Route::Other);
        Some(Object::Network { address: peer.ip(), port: peer.port(), protocol, route, name: None })
    }
}

/// Whether a list of sockets (proc_net(5), unix) holds an abstract name. It shows null bytes as `@`.
pub(crate) fn has_name(list: &[u8], name: &Raw) -> bool {
    let plain = |byte: &u8| if *byte == 0 { b'@' } else { *byte };
    let end: Vec<u8> = b" @".iter().copied().chain(name.as_bytes().iter().map(plain)).collect();
    list.split(|&byte| byte == b'\n').any(|line| line.ends_with(&end))
}

/// The caller's socket, if it is an internet socket.
pub(super) fn internet(thread: Pid, number: i32) -> Option<(OwnedFd, Inet)> {
    let socket = sys::duplicate_descriptor_of(open_thread(thread).ok()?.as_fd(), number).ok()?;
    let kind = inet(socket.as_fd()).ok()??;
    Some((socket, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_path_a_name_or_a_peer() {
        let unix = |rest: &[u8]| [&(libc::AF_UNIX as u16).to_ne_bytes()[..], rest].concat();
        assert_eq!(read(&unix(b"/run/x\0junk")), Some(Address::Path("/run/x".into())));
        assert_eq!(read(&unix(b"\0name\0")), Some(Address::Abstract((&b"name\0"[..]).into())));
        assert_eq!(read(&unix(b"")), None);
        assert_eq!(read(&[0, 0, 1, 2]), None, "AF_UNSPEC disconnects");
        let internet = [&(libc::AF_INET as u16).to_ne_bytes()[..], &[0; 14]].concat();
        assert_eq!(read(&internet), Some(Address::Internet(internet.clone())));
        assert_eq!(read(&[1]), None);
    }

    #[test]
    fn an_abstract_name_is_found_in_the_kernels_list() {
        let name = format!("lowbox-test-{}", std::process::id());
        let address = rustix::net::SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap();
        let has = || has_name(&std::fs::read("/proc/net/unix").unwrap(), &name.as_str().into());
        assert!(!has());
        let socket =
            rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None)
                .unwrap();
        rustix::net::bind(&socket, &address).unwrap();
        assert!(has());
        assert!(!has_name(&std::fs::read("/proc/net/unix").unwrap(), &"lowbox-tes".into()));
    }
}
