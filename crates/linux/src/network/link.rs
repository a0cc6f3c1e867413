//! Pid 1's end: it asks the network broker for sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard};

use super::message::{Answer, Ask, receive, send};
use crate::sys;

/// The way to the broker, and what pid 1 has to know of its policy.
#[derive(Debug)]
pub(crate) struct Link {
    channel: OwnedFd,
    /// One question at a time.
    turn: Mutex<()>,
    /// Ports of the host's loopback that are meant when the container's own are named.
    loopback_ports: Vec<u16>,
    /// Whether peers may connect to the program.
    serves: bool,
    /// Whether datagrams leave.
    wired: bool,
}

/// Exit code of pid 1 without its broker; the container ends with it.
const BROKER_LOST: i32 = 125;

impl Link {
    pub(super) fn new(channel: OwnedFd, loopback_ports: Vec<u16>, serves: bool) -> Link {
        Link { channel, turn: Mutex::new(()), loopback_ports, serves, wired: false }
    }

    /// What hangs up when the broker is gone.
    pub(crate) fn channel(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }

    /// Whether a port of the loopback interface is the host's.
    pub(crate) fn is_exempt(&self, port: u16) -> bool {
        self.loopback_ports.contains(&port)
    }

    /// Whether peers may connect to the program.
    pub(crate) fn serves(&self) -> bool {
        self.serves
    }

    /// Whether datagrams leave the container.
    pub(crate) fn is_wired(&self) -> bool {
        self.wired
    }

    /// Hands over the broker's end of the wire, and with it the ports of the container's loopback interface that are the
    /// host's. The calling process has to be able to bind to them.
    ///
    /// # Errors
    /// What socket(2) and bind(2) report.
    pub(crate) fn hand_over(&mut self, wire: &OwnedFd) -> io::Result<()> {
        self.ask_with(&Ask::Wire, Some(wire.as_fd()))?;
        self.wired = true;
        for port in &self.loopback_ports {
            for address in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
                let stands_for = SocketAddr::new(address, *port);
                let socket = match UdpSocket::bind(stands_for) {
                    // There is no IPv6 here.
                    Err(_) if address.is_ipv6() => continue,
                    socket => socket?,
                };
                self.ask_with(&Ask::Exempt(stands_for), Some(socket.as_fd()))?;
            }
        }
        Ok(())
    }

    /// Asks. A container whose broker is gone ends here.
    ///
    /// # Errors
    /// EMFILE when pid 1 has no room for the socket.
    pub(crate) fn ask(&self, ask: &Ask) -> io::Result<(Answer, Option<OwnedFd>)> {
        self.ask_with(ask, None)
    }

    fn ask_with(&self, ask: &Ask, file: Option<BorrowedFd<'_>>) -> io::Result<(Answer, Option<OwnedFd>)> {
        self.begin_with(ask, file).answer()
    }

    /// Asks, and leaves the time until the answer to the caller. Others wait meanwhile.
    pub(crate) fn begin(&self, ask: &Ask) -> Asked<'_> {
        self.begin_with(ask, None)
    }

    fn begin_with(&self, ask: &Ask, file: Option<BorrowedFd<'_>>) -> Asked<'_> {
        let turn = self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if send(self.channel.as_fd(), ask, file).is_err() {
            sys::exit_now(BROKER_LOST);
        }
        Asked { channel: self.channel.as_fd(), answered: false, _turn: turn }
    }
}

/// What was asked and not yet answered.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    channel: BorrowedFd<'a>,
    answered: bool,
    _turn: MutexGuard<'a, ()>,
}

impl Asked<'_> {
    /// Waits for the answer. A container whose broker is gone ends here.
    ///
    /// # Errors
    /// EMFILE when pid 1 has no room for the socket.
    pub(crate) fn answer(mut self) -> io::Result<(Answer, Option<OwnedFd>)> {
        self.answered = true;
        match receive(self.channel) {
            Ok(Some(answer)) => Ok(answer),
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => Err(error),
            Ok(None) | Err(_) => sys::exit_now(BROKER_LOST),
        }
    }
}

impl Drop for Asked<'_> {
    /// The next one's answer must not be this one's.
    fn drop(&mut self) {
        if !self.answered {
            let _ = receive::<Answer>(self.channel);
        }
    }
}
