//! TCP beyond the container: pid 1 has the network broker make a socket of the host's network, and puts it in the place of the
//! program's.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::sockopt::socket_error;
use rustix::net::{getpeername, getsockname};

use super::inet::{self, CLOSED, LISTENING, SYN_RECEIVED, SYN_SENT};
use super::refusals::Refusals;
use super::replace::Places;
use super::socket_call::SocketCall;
use crate::network::link::Link;
use crate::network::message::{Answer, Ask, Purpose, Wanted};
use crate::network::options::{self, Part};
use crate::sys;

/// What is done about a call on a TCP socket.
pub(super) enum Way {
    /// The kernel does it, on pid 1's copy of the socket, with this address.
    Native(Vec<u8>),
    /// The broker makes a socket for it.
    Remote(SocketAddr),
}

fn error<T>(errno: i32) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(errno))
}

/// How a connect(2) is done. `own` says whether the socket lives in the container's network.
///
/// # Errors
/// What the call fails with.
pub(super) fn way_to_connect(call: &SocketCall, v6: bool, own: bool, link: &Link) -> io::Result<Way> {
    let socket = call.socket.as_fd();
    let unspecified = call.address.len() >= 2 && call.address[..2] == [0, 0];
    if unspecified && !own {
        // It would undo what the socket was made for.
        return error(libc::EACCES);
    }
    match (inet::state(socket)?, own) {
        (CLOSED, _) => {}
        // The container's network leads nowhere but to itself.
        (_, true) => return Ok(Way::Native(call.address.clone())),
        (SYN_SENT | SYN_RECEIVED, false) => return error(libc::EALREADY),
        (LISTENING, false) => return error(libc::EISCONN),
        // The kernel tells once that it is connected, and then that it is already. The peer is the one that was decided on.
        (_, false) => {
            let peer = getpeername(socket)?.and_then(|peer| SocketAddr::try_from(peer).ok());
            return match peer {
                Some(peer) => Ok(Way::Native(raw(peer))),
                None => error(libc::EISCONN),
            };
        }
    }
    if !own && let Err(pending) = socket_error(socket)? {
        return Err(pending.into());
    }
    if unspecified {
        return Ok(Way::Native(call.address.clone()));
    }
    let address = inet::address(&call.address, v6)?;
    let exempt = address.ip().to_canonical().is_loopback() && link.is_exempt(address.port());
    match inet::is_own(address.ip()) && !exempt {
        true if own => Ok(Way::Native(call.address.clone())),
        true => error(libc::EADDRNOTAVAIL),
        false => Ok(Way::Remote(address)),
    }
}

/// How a bind(2) is done.
///
/// # Errors
/// What the call fails with.
pub(super) fn way_to_bind(call: &SocketCall, v6: bool, own: bool) -> io::Result<Way> {
    let address = inet::address(&call.address, v6)?;
    // Where a socket of the host's network is bound says nothing of who may connect to it.
    if !own || address.ip().to_canonical().is_loopback() {
        return Ok(Way::Native(call.address.clone()));
    }
    if local_port(call.socket.as_fd())? != 0 {
        return error(libc::EINVAL);
    }
    Ok(Way::Remote(address))
}

/// How a listen(2) is done: on a socket that is bound to nothing it binds to every address.
///
/// # Errors
/// What the call fails with; EACCES where peers of the host's networks may not connect to the program.
pub(super) fn way_to_listen(call: &SocketCall, v6: bool, own: bool, link: &Link) -> io::Result<Way> {
    let socket = call.socket.as_fd();
    match (link.serves(), own) {
        (false, true) => return Ok(Way::Native(Vec::new())),
        // What was connected once, or was to be, is no way in.
        (false, false) if inet::state(socket)? != LISTENING => return error(libc::EACCES),
        _ => {}
    }
    if !own || inet::state(socket)? != CLOSED || local_port(socket)? != 0 {
        return Ok(Way::Native(Vec::new()));
    }
    let any = if v6 { SocketAddr::from(([0_u16; 8], 0)) } else { SocketAddr::from(([0_u8; 4], 0)) };
    Ok(Way::Remote(any))
}

/// A socket that the broker makes for a call.
pub(super) struct Remote {
    pub(super) call: SocketCall,
    pub(super) v6: bool,
    pub(super) address: SocketAddr,
    pub(super) purpose: Purpose,
    /// For listen(2): the length of its queue.
    pub(super) backlog: Option<i32>,
    pub(super) link: Arc<Link>,
    pub(super) refusals: Option<Arc<Refusals>>,
}

impl Remote {
    /// Has it made and puts it in place. What it returns waits for its connection.
    ///
    /// # Errors
    /// What the call fails with; EINPROGRESS among it.
    pub(super) fn begin(&self, listener: BorrowedFd<'_>) -> io::Result<Option<Connecting>> {
        let old = self.call.socket.as_fd();
        let part = if self.purpose == Purpose::Connect { Part::Early } else { Part::All };
        let options = options::set_on(old, self.v6, part);
        let wanted = Wanted { purpose: self.purpose, v6: self.v6, address: self.address, options };
        let asked = self.link.begin(&Ask::Socket(wanted));
        // While the broker is at it.
        let late = match part {
            Part::Early => options::set_on(old, self.v6, Part::Late),
            _ => Vec::new(),
        };
        let places = Places::of(&self.call);
        let waits = !fcntl_getfl(old)?.contains(OFlags::NONBLOCK);
        let (pending, new): (bool, OwnedFd) = match asked.answer()? {
            (Answer::Made { pending }, Some(socket)) => (pending, socket),
            (Answer::Failed(errno), _) => return error(errno),
            (Answer::Refused | Answer::Made { .. } | Answer::Accepted, _) => {
                if let Some(refusals) = &self.refusals {
                    refusals.tell(self.address, self.purpose == Purpose::Bind);
                }
                return error(libc::EACCES);
            }
        };
        if let Some(backlog) = self.backlog {
            rustix::net::listen(&new, backlog)?;
        }
        options::apply(new.as_fd(), &late);
        if waits {
            // The broker has set this flag alone.
            fcntl_setfl(&new, OFlags::RDWR)?;
        }
        places?.take(listener, &self.call, new.as_fd())?;
        match (pending, waits) {
            (false, _) => Ok(None),
            (true, false) => error(libc::EINPROGRESS),
            (true, true) => {
                let connecting = Connecting { socket: new, address: self.address };
                // A peer on the same machine has answered already.
                let mut events = [PollFd::new(&connecting.socket, PollFlags::OUT)];
                match poll(&mut events, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                    Ok(1) => connecting.finish().map(|()| None),
                    _ => Ok(Some(connecting)),
                }
            }
        }
    }
}

/// A connection that was begun on a socket that waits.
pub(super) struct Connecting {
    socket: OwnedFd,
    address: SocketAddr,
}

impl Connecting {
    /// Waits for it as the kernel does: in this state the address is not looked at, and a failure meanwhile is told.
    ///
    /// # Errors
    /// What connect(2) reports.
    pub(super) fn finish(&self) -> io::Result<()> {
        sys::connect_raw(self.socket.as_fd(), &raw(self.address))
    }
}

fn local_port(socket: BorrowedFd<'_>) -> io::Result<u16> {
    let name = SocketAddr::try_from(getsockname(socket)?)?;
    Ok(name.port())
}

/// The address as the kernel takes it.
fn raw(address: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(28);
    match address {
        SocketAddr::V4(address) => {
            bytes.extend((libc::AF_INET as u16).to_ne_bytes());
            bytes.extend(address.port().to_be_bytes());
            bytes.extend(address.ip().octets());
            bytes.extend([0; 8]);
        }
        SocketAddr::V6(address) => {
            bytes.extend((libc::AF_INET6 as u16).to_ne_bytes());
            bytes.extend(address.port().to_be_bytes());
            bytes.extend([0; 4]);
            bytes.extend(address.ip().octets());
            bytes.extend([0; 4]);
        }
    }
    bytes
}
