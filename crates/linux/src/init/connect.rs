//! connect(2) on behalf of the program, and bind(2) and listen(2) where peers may connect to it.
//!
//! A read-only bind does not stop a connection to a unix socket behind it, and Landlock (as of ABI 7) has no right for
//! it. So the program never connects itself: pid 1 copies the address once, decides on the copy, and connects the very
//! socket of the program. A socket on a mount of the container's own passes; one on a granted tree only if its object
//! says so. Abstract addresses and those of other families act in the container's own network namespace, but for what a
//! capability opens of the host's networks (`remote`).

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags, fstat, openat2, statx};
use rustix::net::AddressFamily;
use rustix::net::sockopt::socket_domain;

use super::datagrams::{self, Datagrams};
use super::inet::{self, Inet};
use super::refusals::Refusals;
use super::remote::{Remote, Way, way_to_bind, way_to_connect, way_to_listen};
use super::socket_call::SocketCall;
use super::waiting;
use crate::network::link::Link;
use crate::network::message::Purpose;
use crate::sys::{self, Notification};

/// What a program may reach.
pub(super) struct Reach<'a> {
    /// Mounts on which sockets may be connected to.
    pub(super) connectable: &'a [u64],
    /// The way to the host's networks, if any is open.
    pub(super) link: Option<Arc<Link>>,
    /// Where refusals are told, if they are.
    pub(super) refusals: Option<Arc<Refusals>>,
}

/// Serves one call of connect(2), bind(2) or listen(2), in a thread of its own: a full backlog stalls nobody else, and whether a
/// socket waits is not asked, because the program can change that at any moment.
pub(super) fn serve(listener: &OwnedFd, call: Notification, reach: &Reach<'_>) {
    match prepare(listener.as_fd(), &call, reach) {
        Ok(Prepared::ByTheProgram) => {
            let _ = sys::continue_notification(listener.as_fd(), call.id);
        }
        // The broker answers at once, so a thread is only for a connection that waits.
        Ok(Prepared::Remote(remote)) => match remote.begin(listener.as_fd()) {
            Ok(Some(waits)) => waiting::carry_out(listener, call.id, move |_| waits.finish()),
            Ok(None) => waiting::answer(listener.as_fd(), call.id, Ok(())),
            Err(error) => waiting::answer(listener.as_fd(), call.id, Err(error)),
        },
        Ok(prepared) => waiting::carry_out(listener, call.id, move |_| prepared.carry_out()),
        Err(error) => waiting::answer(listener.as_fd(), call.id, Err(error)),
    }
}

/// A decided call.
pub(super) enum Prepared {
    /// Connects the program's own socket to a decided address.
    Connect {
        socket: OwnedFd,
        address: Vec<u8>,
        /// Holds the object that `address` names by its descriptor.
        _target: Option<OwnedFd>,
        refusals: Option<Arc<Refusals>>,
    },
    /// Binds it.
    Bind { socket: OwnedFd, address: Vec<u8> },
    /// Binds a UDP socket, whose port is to be the host's too.
    Serve(Box<Datagrams>),
    /// Makes it listen.
    Listen { socket: OwnedFd, backlog: i32 },
    /// A socket of the host's network takes its place.
    Remote(Box<Remote>),
    /// Whatever the call finds when it goes on is decided by other layers.
    ByTheProgram,
}

impl Prepared {
    fn carry_out(&self) -> io::Result<()> {
        match self {
            Prepared::Connect { socket, address, refusals, .. } => {
                let connected = sys::connect_raw(socket.as_fd(), address);
                if let (Err(error), Some(refusals)) = (&connected, refusals)
                    && error.raw_os_error() == Some(libc::ENETUNREACH)
                {
                    let v6 = socket_domain(socket).is_ok_and(|domain| domain == AddressFamily::INET6);
                    if let Ok(address) = inet::address(address, v6) {
                        refusals.tell(address, false);
                    }
                }
                connected
            }
            Prepared::Bind { socket, address } => sys::bind_raw(socket.as_fd(), address),
            Prepared::Serve(datagrams) => datagrams.serve(),
            Prepared::Listen { socket, backlog } => Ok(rustix::net::listen(socket, *backlog)?),
            // Neither comes here.
            Prepared::Remote(_) | Prepared::ByTheProgram => Err(io::Error::from_raw_os_error(libc::EIO)),
        }
    }
}

fn prepare(listener: BorrowedFd<'_>, call: &Notification, reach: &Reach<'_>) -> io::Result<Prepared> {
    let called = SocketCall::read(listener, call)?;
    let inet = inet::inet(called.socket.as_fd())?;
    match i64::from(call.number) {
        libc::SYS_connect => prepare_connect(called, inet, reach),
        number => match (inet, &reach.link) {
            (Some(inet), Some(link)) if inet.tcp => {
                prepare_to_serve(called, &inet, number == libc::SYS_bind, link, reach)
            }
            (Some(inet), Some(link))
                if inet.udp && number == libc::SYS_bind && link.is_wired() && link.serves() =>
            {
                datagrams::prepare_to_serve(called, &inet, link)
            }
            // Only here is a path resolved, as the program resolves it. If it puts a socket of the host's network in the other's
            // place meanwhile, that one is bound, which nobody hears of: to listen is another call.
            _ if number == libc::SYS_bind => Ok(Prepared::ByTheProgram),
            _ => Ok(Prepared::Listen { socket: called.socket, backlog: called.second }),
        },
    }
}

fn prepare_connect(called: SocketCall, inet: Option<Inet>, reach: &Reach<'_>) -> io::Result<Prepared> {
    let working_directory = PathBuf::from(format!("/proc/{}/cwd", called.thread.as_raw_pid()));
    let unix = socket_domain(&called.socket)? == AddressFamily::UNIX;
    if let Some(path) = unix_path(&called.address).filter(|_| unix) {
        let target = resolve(path, &working_directory)?;
        permit(target.as_fd(), reach.connectable)?;
        let address = unix_address(&format!("/proc/self/fd/{}", target.as_raw_fd()));
        return Ok(Prepared::Connect {
            socket: called.socket,
            address,
            _target: Some(target),
            refusals: None,
        });
    }
    let own = sys::network_cookie(called.socket.as_fd())? == own_network()?;
    let tcp = inet.as_ref().filter(|inet| inet.tcp);
    let address = match (tcp, &reach.link) {
        (Some(inet), Some(link)) => match way_to_connect(&called, inet.v6, own, link)? {
            Way::Native(address) => address,
            Way::Remote(address) => {
                return Ok(remote(called, inet.v6, address, Purpose::Connect, None, link, reach));
            }
        },
        (None, Some(link)) if own && link.is_wired() => {
            if let Some(inet) = inet.as_ref().filter(|inet| inet.udp) {
                datagrams::consider(&called, inet.v6, link, reach)?;
            }
            called.address
        }
        // A socket that was lent, or that came over another one, may live in the host's network, where abstract addresses
        // lie too: it stays as it is.
        _ if !own => return Err(io::Error::from_raw_os_error(libc::EACCES)),
        _ => called.address,
    };
    let refusals = reach.refusals.clone().filter(|_| inet.is_some());
    Ok(Prepared::Connect { socket: called.socket, address, _target: None, refusals })
}

fn prepare_to_serve(
    called: SocketCall,
    inet: &Inet,
    bind: bool,
    link: &Arc<Link>,
    reach: &Reach<'_>,
) -> io::Result<Prepared> {
    let own = sys::network_cookie(called.socket.as_fd())? == own_network()?;
    let backlog = (!bind).then_some(called.second);
    let way = match bind {
        true => way_to_bind(&called, inet.v6, own)?,
        false => way_to_listen(&called, inet.v6, own, link)?,
    };
    Ok(match (way, backlog) {
        (Way::Remote(address), backlog) => {
            remote(called, inet.v6, address, Purpose::Bind, backlog, link, reach)
        }
        (Way::Native(address), None) => Prepared::Bind { socket: called.socket, address },
        (Way::Native(_), Some(backlog)) => Prepared::Listen { socket: called.socket, backlog },
    })
}

fn remote(
    call: SocketCall,
    v6: bool,
    address: std::net::SocketAddr,
    purpose: Purpose,
    backlog: Option<i32>,
    link: &Arc<Link>,
    reach: &Reach<'_>,
) -> Prepared {
    let (link, refusals) = (Arc::clone(link), reach.refusals.clone());
    Prepared::Remote(Box::new(Remote { call, v6, address, purpose, backlog, link, refusals }))
}

/// The number of the container's network namespace, for as long as it lives.
pub(super) fn own_network() -> io::Result<u64> {
    static COOKIE: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    if let Some(cookie) = COOKIE.get() {
        return Ok(*cookie);
    }
    let socket = rustix::net::socket(AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    let cookie = sys::network_cookie(socket.as_fd())?;
    Ok(*COOKIE.get_or_init(|| cookie))
}

/// The path in a unix(7) address, if it is of that form: up to the first NUL, or the whole of it.
fn unix_path(address: &[u8]) -> Option<&Path> {
    let (family, path) = address.split_at_checked(2)?;
    if u16::from_ne_bytes([family[0], family[1]]) != AddressFamily::UNIX.as_raw()
        || path.is_empty()
        || path[0] == 0
    {
        return None;
    }
    let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
    Some(Path::new(OsStr::from_bytes(&path[..end])))
}

/// Resolves `path` as the program would: pid 1 has the same root, and nobody in the container can change it.
fn resolve(path: &Path, working_directory: &Path) -> io::Result<OwnedFd> {
    let base = if path.is_absolute() {
        None
    } else {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Some(rustix::fs::open(working_directory, flags, Mode::empty())?)
    };
    let base = base.as_ref().map_or(CWD, |fd| fd.as_fd());
    Ok(openat2(base, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::NO_MAGICLINKS)?)
}

/// Only a socket on a mount that the plan lets connect to.
fn permit(target: BorrowedFd<'_>, connectable: &[u64]) -> io::Result<()> {
    if FileType::from_raw_mode(fstat(target)?.st_mode) != FileType::Socket {
        return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
    }
    let mount = statx(target, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id;
    if connectable.contains(&mount) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EACCES)) }
}

fn unix_address(path: &str) -> Vec<u8> {
    let mut address = AddressFamily::UNIX.as_raw().to_ne_bytes().to_vec();
    address.extend(path.as_bytes());
    address.push(0);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_address_has_a_path() {
        let family = AddressFamily::UNIX.as_raw().to_ne_bytes();
        let address = |rest: &[u8]| [&family[..], rest].concat();
        assert_eq!(unix_path(&address(b"/run/x\0junk")), Some(Path::new("/run/x")));
        assert_eq!(unix_path(&address(b"/run/x")), Some(Path::new("/run/x")));
        assert_eq!(unix_path(&address(b"\0abstract")), None);
        assert_eq!(unix_path(&address(b"")), None);
        assert_eq!(unix_path(b"\x02\0\0\x16\x7f\0\0\x01"), None);
        assert_eq!(unix_path(b"\x01"), None);
    }
}
