//! accept(2) where peers of the host's networks may connect: for each the network broker is asked, and one that may not is gone
//! before the program hears of it. It is made on pid 1's copy of every socket, because the program can put another one at
//! the number at any moment.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with, sockopt};
use rustix::process::Pid;

use super::connect::{Reach, own_network};
use super::inet;
use super::socket_call::SocketCall;
use super::waiting;
use crate::network::link::Link;
use crate::network::message::{Answer, Ask, Purpose, Wanted};
use crate::sys::{self, Notification};

/// Calls that wait for a peer at the same time.
const MAX_WAITING: usize = 512;
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How often a waiting call is looked after: whether it waits still, and whether a signal came for it.
const ROUND: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// A call, and where it wants the peer's address.
struct Accept {
    call: SocketCall,
    address: u64,
    length: u64,
    flags: i32,
    link: Option<Arc<Link>>,
}

/// Serves one call of accept(2) or accept4(2); one that waits waits in a thread of its own.
pub(super) fn serve(listener: &OwnedFd, call: Notification, reach: &Reach<'_>) {
    let id = call.id;
    let (accept, waits) = match prepare(listener.as_fd(), &call, reach) {
        Ok(prepared) => prepared,
        Err(error) => return waiting::answer(listener.as_fd(), id, Err(error)),
    };
    let again = || waiting::answer(listener.as_fd(), id, Err(io::Error::from_raw_os_error(libc::EAGAIN)));
    if WAITING.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        return again();
    }
    let spawned = listener.try_clone().and_then(|listener| {
        std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            accept.carry_out(listener.as_fd(), waits);
            WAITING.fetch_sub(1, Ordering::Relaxed);
        })
    });
    if spawned.is_err() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        again();
    }
}

fn prepare(
    listener: BorrowedFd<'_>,
    notification: &Notification,
    reach: &Reach<'_>,
) -> io::Result<(Accept, bool)> {
    let call = SocketCall::read(listener, notification)?;
    let [_, address, length, fourth, ..] = notification.arguments;
    let flags = if i64::from(notification.number) == libc::SYS_accept4 { fourth as i32 } else { 0 };
    if flags & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) != 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let waits = !fcntl_getfl(&call.socket)?.contains(OFlags::NONBLOCK);
    let of_the_host = inet::inet(call.socket.as_fd())?.is_some()
        && sys::network_cookie(call.socket.as_fd())? != own_network()?;
    let link = reach.link.clone().filter(|_| of_the_host);
    Ok((Accept { call, address, length, flags, link }, waits))
}

impl Accept {
    /// Answers the call.
    fn carry_out(&self, listener: BorrowedFd<'_>, waits: bool) {
        let handed_over = self
            .next(listener, waits)
            .and_then(|(peer, name)| self.hand_over(listener, &peer, name.as_ref()));
        if let Err(error) = handed_over {
            waiting::answer(listener, self.call.id, Err(error));
        }
    }

    /// The next peer that may be accepted.
    fn next(&self, listener: BorrowedFd<'_>, waits: bool) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
        loop {
            if waits {
                self.wait(listener)?;
            }
            let (peer, name) = acceptfrom_with(&self.call.socket, SocketFlags::CLOEXEC)?;
            let Some(link) = &self.link else { return Ok((peer, name)) };
            let address = name.clone().and_then(|name| SocketAddr::try_from(name).ok());
            let accepted = match address {
                Some(address) => {
                    let (purpose, options) = (Purpose::Accept, Vec::new());
                    let ask = Ask::Socket(Wanted { purpose, v6: address.is_ipv6(), address, options });
                    matches!(link.ask(&ask)?, (Answer::Accepted, _))
                }
                None => false,
            };
            if accepted {
                return Ok((peer, name));
            }
            // It hears a reset, as where nobody listens.
            let _ = sockopt::set_socket_linger(&peer, Some(Duration::ZERO));
        }
    }

    /// Until there is a peer. Signals do not interrupt a supervised call by themselves.
    fn wait(&self, listener: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            let mut events = [PollFd::new(&self.call.socket, PollFlags::IN)];
            match poll(&mut events, Some(&ROUND)) {
                Ok(0) if !sys::notification_is_alive(listener, self.call.id) => {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
                Ok(0) if has_signal(self.call.thread) => {
                    return Err(io::Error::from_raw_os_error(libc::EINTR));
                }
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn hand_over(
        &self,
        listener: BorrowedFd<'_>,
        peer: &OwnedFd,
        name: Option<&SocketAddrAny>,
    ) -> io::Result<()> {
        if self.flags & libc::SOCK_NONBLOCK != 0 {
            fcntl_setfl(peer, fcntl_getfl(peer)? | OFlags::NONBLOCK)?;
        }
        if self.address != 0 {
            self.write_name(name)?;
        }
        let close_on_exec = self.flags & libc::SOCK_CLOEXEC != 0;
        sys::respond_with_descriptor(listener, self.call.id, peer.as_fd(), close_on_exec)
    }

    /// The peer's name, cut to the room that there is, and its whole length.
    fn write_name(&self, name: Option<&SocketAddrAny>) -> io::Result<()> {
        let mut room = [0_u8; 4];
        if sys::read_process_memory(self.call.thread, self.length, &mut room)? != room.len() {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let room = usize::try_from(i32::from_ne_bytes(room))
            .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        let name: Vec<u8> = name.map(sys::address_bytes).unwrap_or_default();
        let shown = &name[..name.len().min(room)];
        if !shown.is_empty() {
            sys::write_process_memory(self.call.thread, self.address, shown)?;
        }
        sys::write_process_memory(self.call.thread, self.length, &(name.len() as u32).to_ne_bytes())
    }
}

/// Whether a signal waits that the thread does not block (proc(5)).
fn has_signal(thread: Pid) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{}/status", thread.as_raw_pid())).unwrap_or_default();
    let mask = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    };
    (mask("SigPnd:") | mask("ShdPnd:")) & !mask("SigBlk:") & !mask("SigIgn:") != 0
}
