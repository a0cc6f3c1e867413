//! The relay: from the container's entrances to outlets on the host's network, and back.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lowbox_policy::network::{Access, Protocol};
use rustix::event::{Timespec, epoll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::frame::{Heard, MAX_FRAME, Undelivered, deliver, own_address, read, undelivered};
use super::outlets::{Entrance, FIRST, Inside, LIFE, Outlets};
use crate::network::judge::Judge;
use crate::sys;

/// Datagrams from one source before another one has its turn.
const TURN: usize = 64;

/// The number of the wire among what is waited for; those of exempt ports follow.
const WIRE: u64 = 0;

/// Exempt ports at most.
const MAX_EXEMPT: usize = 256;

/// What both the relay's thread and the broker's work on.
pub(in crate::network) struct Relay<'a> {
    poll: OwnedFd,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    judge: Judge<'a>,
    wire: Option<OwnedFd>,
    /// Sockets of the container's loopback interface at ports that are the host's, and the address that each stands for.
    exempt: Vec<(UdpSocket, SocketAddr)>,
    outlets: Outlets,
    swept: Instant,
}

impl<'a> Relay<'a> {
    /// A relay without an entrance.
    ///
    /// # Errors
    /// What epoll_create(2) reports.
    pub(in crate::network) fn new(judge: Judge<'a>) -> io::Result<Relay<'a>> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let state = State {
            judge,
            wire: None,
            exempt: Vec::new(),
            outlets: Outlets::default(),
            swept: Instant::now(),
        };
        Ok(Relay { poll, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes the broker's end of the wire.
    ///
    /// # Errors
    /// EEXIST when there is one.
    pub(in crate::network) fn add_wire(&self, wire: OwnedFd) -> io::Result<()> {
        let mut state = self.state();
        if state.wire.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        without_waiting(&wire)?;
        self.listen(&wire, WIRE)?;
        state.wire = Some(wire);
        Ok(())
    }

    /// Takes a socket of the container's loopback interface that stands for the same port of the host's.
    ///
    /// # Errors
    /// ENOBUFS when there are too many.
    pub(in crate::network) fn add_exempt(&self, socket: OwnedFd, stands_for: SocketAddr) -> io::Result<()> {
        let mut state = self.state();
        if state.exempt.len() >= MAX_EXEMPT {
            return Err(io::Error::from_raw_os_error(libc::ENOBUFS));
        }
        without_waiting(&socket)?;
        self.listen(&socket, WIRE + 1 + state.exempt.len() as u64)?;
        state.exempt.push((UdpSocket::from(socket), stands_for));
        Ok(())
    }

    /// Whether a program may send to this peer, and whether the host's network has a way to it.
    ///
    /// # Errors
    /// EACCES when the access check says no; what connect(2) reports.
    pub(in crate::network) fn consider(&self, peer: SocketAddr) -> io::Result<()> {
        if !self.state().judge.may(peer, Protocol::Udp, Access::Connect) {
            return Err(io::Error::from_raw_os_error(libc::EACCES));
        }
        let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        UdpSocket::bind(any)?.connect(peer)
    }

    /// Opens a port of the host's to those peers who may send to the program, at both families' addresses.
    ///
    /// # Errors
    /// EACCES when nobody may; EADDRINUSE when somebody has it.
    pub(in crate::network) fn serve(&self, port: u16) -> io::Result<()> {
        let mut state = self.state();
        if port == 0 || !state.judge.policy.accepts_anything() {
            return Err(io::Error::from_raw_os_error(libc::EACCES));
        }
        let (v4, new) = self.serve_at(&mut state, port, false)?;
        match self.serve_at(&mut state, port, true) {
            // The other half is of no use then.
            Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {
                if new {
                    state.outlets.close(v4);
                }
                Err(error)
            }
            // A host without IPv6 has no peers there.
            _ => Ok(()),
        }
    }

    /// The outlet's number, and whether it is new.
    fn serve_at(&self, state: &mut State<'_>, port: u16, v6: bool) -> io::Result<(u64, bool)> {
        let inside = Inside { entrance: Entrance::Wire, address: SocketAddr::new(own_address(v6), port) };
        if let Some(number) = state.outlets.number_of(inside) {
            let outlet = state.outlets.get(number);
            if outlet.and_then(|outlet| outlet.socket.local_addr().ok()).is_some_and(|at| at.port() == port) {
                return Ok((number, false));
            }
            // What the program's last socket at this port was given is another one of the host's.
            state.outlets.close(number);
        }
        self.open(state, inside, port, true).map(|number| (number, true))
    }

    fn open(&self, state: &mut State<'_>, inside: Inside, port: u16, served: bool) -> io::Result<u64> {
        let number = state.outlets.open(inside, port, served, Instant::now())?;
        if let Some(outlet) = state.outlets.get(number)
            && let Err(error) = self.listen(&outlet.socket, number)
        {
            state.outlets.close(number);
            return Err(error);
        }
        Ok(number)
    }

    fn listen(&self, source: impl AsFd, number: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        Ok(epoll::add(&self.poll, source, data, epoll::EventFlags::IN)?)
    }

    /// Carries until the wire is gone, which it never is while the container lives.
    ///
    /// # Errors
    /// What epoll_wait(2) reports.
    pub(in crate::network) fn run(&self) -> io::Result<()> {
        let mut buffer = vec![0_u8; MAX_FRAME];
        let mut waits = false;
        loop {
            let mut events = Vec::with_capacity(16);
            let until = Timespec { tv_sec: LIFE.as_secs() as i64 / 4, tv_nsec: 0 };
            match epoll::wait(
                &self.poll,
                rustix::buffer::spare_capacity(&mut events),
                waits.then_some(&until),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut state = self.state();
            for event in &events {
                let (number, flags) = (event.data.u64(), event.flags);
                match number {
                    WIRE => self.carry_out(&mut state, &mut buffer)?,
                    exempt @ ..FIRST => {
                        self.carry_from_exempt(&mut state, (exempt - WIRE - 1) as usize, &mut buffer);
                    }
                    _ => state.carry_back(number, flags, &mut buffer),
                }
            }
            let now = Instant::now();
            if now.duration_since(state.swept) >= Duration::from_secs(LIFE.as_secs() / 4) {
                state.swept = now;
                state.outlets.sweep(now);
            }
            waits = !state.outlets.is_empty();
        }
    }

    fn carry_out(&self, state: &mut State<'_>, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..TURN {
            let Some(wire) = &state.wire else { return Ok(()) };
            let length = match recv(wire, &mut *buffer, RecvFlags::empty()) {
                Ok((length, _)) => length.min(buffer.len()),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            match read(&buffer[..length]) {
                Some(Heard::Datagram { from, to, payload }) => {
                    let inside = Inside { entrance: Entrance::Wire, address: from };
                    self.send(state, inside, to, payload);
                }
                // The server is gone: its port of the host's is free again.
                Some(Heard::Nobody { at, .. }) => {
                    let inside = Inside { entrance: Entrance::Wire, address: at };
                    if let Some(number) = state.outlets.number_of(inside) {
                        state.outlets.close(number);
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn carry_from_exempt(&self, state: &mut State<'_>, index: usize, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let Some((socket, stands_for)) = state.exempt.get(index) else { return };
            // An error is of an answer that nobody waited for.
            let Ok((length, from)) = socket.recv_from(buffer) else { return };
            let inside = Inside { entrance: Entrance::Exempt(index), address: from };
            let to = *stands_for;
            self.send(state, inside, to, &buffer[..length]);
        }
    }

    /// Sends what a program sent, if it may.
    fn send(&self, state: &mut State<'_>, inside: Inside, to: SocketAddr, payload: &[u8]) {
        let now = Instant::now();
        let open = state.outlets.number_of(inside);
        let known = open.and_then(|number| state.outlets.get(number)?.known(to, now));
        let granted = match known {
            Some(granted) => granted,
            None => {
                let granted = state.judge.may(to, Protocol::Udp, Access::Connect);
                // A refused peer is no reason for a socket.
                let number = match (open, granted) {
                    (None, true) => self.open(state, inside, 0, false).ok(),
                    (open, _) => open,
                };
                match number.and_then(|number| state.outlets.get(number)) {
                    Some(outlet) => outlet.learn(to, granted, now),
                    None if granted => return,
                    None => {}
                }
                granted
            }
        };
        if !granted {
            return state.tell(inside, to, Undelivered::Prohibited);
        }
        let Some(number) = state.outlets.number_of(inside) else { return };
        let Some(outlet) = state.outlets.get(number) else { return };
        // An error that waits is of an earlier datagram, to whomever: it is told where the outlet is heard.
        let sent = outlet.socket.send_to(payload, to).or_else(|_| outlet.socket.send_to(payload, to));
        match sent.as_ref().map_err(io::Error::raw_os_error) {
            Err(Some(libc::ENETUNREACH | libc::EHOSTUNREACH)) => state.tell(inside, to, Undelivered::Host),
            Err(Some(libc::EACCES | libc::EPERM)) => state.tell(inside, to, Undelivered::Prohibited),
            // Full, or too long: lost, as datagrams are.
            _ => {}
        }
    }
}

impl State<'_> {
    /// What an outlet heard: datagrams, and errors of what was sent.
    fn carry_back(&mut self, number: u64, flags: epoll::EventFlags, buffer: &mut [u8]) {
        if flags.contains(epoll::EventFlags::ERR) {
            self.errors(number);
        }
        for _ in 0..TURN {
            let Some(outlet) = self.outlets.get(number) else { return };
            let Ok((length, from)) = outlet.socket.recv_from(buffer) else { return };
            let (inside, now) = (outlet.inside, Instant::now());
            // Who was spoken to may answer; others if they may speak first.
            let awaited = outlet.awaits(from, now);
            let first = inside.entrance == Entrance::Wire;
            if awaited || (first && self.judge.may(from, Protocol::Udp, Access::Accept)) {
                self.hand_in(inside, from, &buffer[..length]);
            }
        }
    }

    /// Errors that peers and routers sent back, each with whom it is about.
    fn errors(&mut self, number: u64) {
        let Some(outlet) = self.outlets.get(number) else { return };
        let inside = outlet.inside;
        let mut about = Vec::new();
        while about.len() < TURN {
            match sys::next_error(outlet.socket.as_fd()) {
                Ok(Some(error)) => about.push(error),
                _ => break,
            }
        }
        // It would be told to the next one who sends otherwise.
        let _ = outlet.socket.take_error();
        let now = Instant::now();
        about.retain(|(peer, _)| outlet.awaits(*peer, now));
        for (peer, errno) in about {
            match errno {
                libc::ECONNREFUSED => self.tell(inside, peer, Undelivered::Port),
                libc::EHOSTUNREACH | libc::ENETUNREACH => self.tell(inside, peer, Undelivered::Host),
                _ => {}
            }
        }
    }

    fn hand_in(&self, inside: Inside, from: SocketAddr, payload: &[u8]) {
        match inside.entrance {
            Entrance::Wire => self.write(deliver(from, inside.address, payload)),
            Entrance::Exempt(index) => {
                if let Some((socket, _)) = self.exempt.get(index) {
                    let _ = socket.send_to(payload, inside.address);
                }
            }
        }
    }

    /// Tells a program that what it sent did not arrive. What came by an exempt port has no such way back.
    fn tell(&self, inside: Inside, to: SocketAddr, why: Undelivered) {
        if inside.entrance == Entrance::Wire {
            self.write(undelivered(inside.address, to, why));
        }
    }

    fn write(&self, frame: Option<Vec<u8>>) {
        if let (Some(wire), Some(frame)) = (&self.wire, frame) {
            let _ = send(wire, &frame, SendFlags::NOSIGNAL);
        }
    }
}

/// What pid 1 hands over must not stall anybody.
fn without_waiting(file: &OwnedFd) -> io::Result<()> {
    Ok(fcntl_setfl(file, fcntl_getfl(file)? | OFlags::NONBLOCK)?)
}
