//! UDP sockets that are connected or bound. Their datagrams need no supervision: they leave by the wire, at whose other end each
//! is decided on (`network::datagrams`). But a program that may not hears of it at once, and a server's port has to be the host's.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::net::getsockname;

use super::connect::{Prepared, Reach, own_network};
use super::inet::{self, Inet};
use super::socket_call::SocketCall;
use crate::network::datagrams::frame::own_address;
use crate::network::link::Link;
use crate::network::message::{Answer, Ask};
use crate::sys;

/// Whether the program may send where it connects to. The connection itself is the kernel's.
///
/// # Errors
/// EACCES, and what a socket of the host's network would report.
pub(super) fn consider(call: &SocketCall, v6: bool, link: &Link, reach: &Reach<'_>) -> io::Result<()> {
    // What is no address, or takes one away, the kernel answers for.
    let Ok(address) = inet::address(&call.address, v6) else { return Ok(()) };
    if inet::is_own(address.ip()) {
        return Ok(());
    }
    match link.ask(&Ask::Datagrams(address))?.0 {
        Answer::Failed(errno) => Err(io::Error::from_raw_os_error(errno)),
        Answer::Accepted => Ok(()),
        Answer::Refused | Answer::Made { .. } => {
            if let Some(refusals) = &reach.refusals {
                refusals.tell(address, false);
            }
            Err(io::Error::from_raw_os_error(libc::EACCES))
        }
    }
}

/// A UDP socket that is bound where peers may send to the program.
pub(super) struct Datagrams {
    call: SocketCall,
    address: SocketAddr,
    link: Arc<Link>,
}

/// What is done about a bind(2).
///
/// # Errors
/// What the kernel says of the socket.
pub(super) fn prepare_to_serve(call: SocketCall, inet: &Inet, link: &Arc<Link>) -> io::Result<Prepared> {
    let own = sys::network_cookie(call.socket.as_fd())? == own_network()?;
    let unbound = SocketAddr::try_from(getsockname(&call.socket)?).is_ok_and(|name| name.port() == 0);
    // Where bind(2) is going to fail, nobody's port is taken.
    let serves = |address: &SocketAddr| {
        let ip = address.ip().to_canonical();
        ip.is_unspecified() || ip == own_address(ip.is_ipv6())
    };
    Ok(match inet::address(&call.address, inet.v6) {
        Ok(address) if own && unbound && serves(&address) => {
            Prepared::Serve(Box::new(Datagrams { call, address, link: Arc::clone(link) }))
        }
        // On the copy, as everywhere.
        _ => Prepared::Bind { socket: call.socket, address: call.address },
    })
}

impl Datagrams {
    /// Binds it, and has the broker bind the host's port.
    ///
    /// # Errors
    /// What bind(2) reports, here or there.
    pub(super) fn serve(&self) -> io::Result<()> {
        let named = self.address.port();
        if named != 0
            && let (Answer::Failed(errno), _) = self.link.ask(&Ask::Serve(named))?
        {
            return Err(io::Error::from_raw_os_error(errno));
        }
        sys::bind_raw(self.call.socket.as_fd(), &self.call.address)?;
        if named == 0 {
            // The kernel has chosen one. If somebody on the host has it, answers come all the same.
            let chosen = SocketAddr::try_from(getsockname(&self.call.socket)?)?;
            self.link.ask(&Ask::Serve(chosen.port()))?;
        }
        Ok(())
    }
}
