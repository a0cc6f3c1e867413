//! Sockets of the host's network for one purpose each.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use lowbox_policy::network::{Access, BpfInstruction, Protocol, inbound_filter, peer_filter};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

use super::judge::Judge;
use super::message::{Answer, Purpose, Wanted};
use super::options;
use crate::sys::lock_filter;

/// Makes sockets as the policy says.
pub(super) struct Maker<'a> {
    pub(super) judge: Judge<'a>,
}

impl Maker<'_> {
    /// Decides, and makes the socket.
    pub(super) fn make(&mut self, ask: &Wanted) -> (Answer, Option<OwnedFd>) {
        let made = match ask.purpose {
            Purpose::Connect if !self.may(ask.address, Access::Connect) => return (Answer::Refused, None),
            Purpose::Connect => self.connected(ask),
            Purpose::Bind if !self.may_bind(ask.address.ip()) => return (Answer::Refused, None),
            Purpose::Bind => self.bound(ask),
            Purpose::Accept if !self.may(ask.address, Access::Accept) => return (Answer::Refused, None),
            Purpose::Accept => return (Answer::Accepted, None),
        };
        match made {
            Ok((socket, pending)) => (Answer::Made { pending }, Some(socket)),
            Err(error) => (Answer::Failed(error.raw_os_error().unwrap_or(libc::EIO)), None),
        }
    }

    fn may(&mut self, address: SocketAddr, access: Access) -> bool {
        self.judge.may(address, Protocol::Tcp, access)
    }

    /// Who may connect is asked for each peer; here only that the loopback interface is the host's own.
    fn may_bind(&self, address: IpAddr) -> bool {
        self.judge.policy.accepts_anything() && !address.to_canonical().is_loopback()
    }

    /// A socket that begins to connect. Where the kernel lets an ordinary process say so, it hears nobody but its peer, whatever
    /// is done with it later.
    fn connected(&self, ask: &Wanted) -> io::Result<(OwnedFd, bool)> {
        let socket = socket(ask)?;
        second_layer(&socket, || peer_filter(ask.address.ip(), ask.address.port()))?;
        match connect(&socket, &plain(ask.address)) {
            Ok(()) => Ok((socket, false)),
            Err(rustix::io::Errno::INPROGRESS) => Ok((socket, true)),
            Err(error) => Err(error.into()),
        }
    }

    fn bound(&self, ask: &Wanted) -> io::Result<(OwnedFd, bool)> {
        let socket = socket(ask)?;
        // A port is not shared with other programs of the same user, whose connections it would take.
        options::unset_shared_port(socket.as_fd())?;
        second_layer(&socket, || inbound_filter(&|class| self.judge.policy.accepts(class)))?;
        bind(&socket, &plain(ask.address))?;
        Ok((socket, false))
    }
}

/// Locks a filter where the kernel lets an ordinary process attach one. Some want CAP_NET_ADMIN for it; what the filter holds is
/// held by the supervised calls as well.
fn second_layer(socket: &OwnedFd, filter: impl Fn() -> Vec<BpfInstruction>) -> io::Result<()> {
    /// Whether the kernel has refused it once.
    static REFUSED: AtomicBool = AtomicBool::new(false);
    if REFUSED.load(Ordering::Relaxed) {
        return Ok(());
    }
    match lock_filter(socket.as_fd(), &filter()) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            REFUSED.store(true, Ordering::Relaxed);
            Ok(())
        }
        locked => locked,
    }
}

fn socket(ask: &Wanted) -> io::Result<OwnedFd> {
    let family = if ask.v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    options::apply(socket.as_fd(), &ask.options);
    Ok(socket)
}

/// Without a scope or a flow label: what is reached is what was decided.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}
