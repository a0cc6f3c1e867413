//! Carrying bytes between the caller's pipes and the program's: see [`pipes`](crate::launch::pipes).

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, pipe_with, splice};

use super::gate::TerminalGate;
use super::watch::ENDING;
use crate::launch::pipes::Relay;
use crate::sys::SignalFd;

/// Threads that carry.
#[derive(Debug)]
pub(crate) struct Carriers {
    /// Hangs up when everything that the program wrote has been carried out.
    done: OwnedFd,
    /// From where what the program writes is taken, as long as that goes on.
    outward: Vec<Outward>,
}

/// What the program writes to one pipe.
#[derive(Debug)]
struct Outward {
    from: Weak<OwnedFd>,
    /// Bytes that were carried.
    carried: Arc<AtomicU64>,
}

/// Most bytes of one splice(2).
const PIECE: usize = 1 << 20;

impl Carriers {
    /// Starts a thread for each pipe. They end with the process, or with their pipe. What the program writes passes the gate, if
    /// there is one: the pipe may lead to the terminal.
    ///
    /// # Errors
    /// What pipe2(2) reports, EAGAIN where no thread can be made.
    pub(crate) fn start(relays: Vec<Relay>, gate: Option<&TerminalGate>) -> io::Result<Option<Carriers>> {
        if relays.is_empty() {
            return Ok(None);
        }
        let (done, doing) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut outward = Vec::new();
        for relay in relays {
            let (from, to, inward) = relay.into_way();
            let (from, carried) = (Arc::new(from), Arc::new(AtomicU64::new(0)));
            if !inward {
                outward.push(Outward { from: Arc::downgrade(&from), carried: carried.clone() });
            }
            let doing = if inward { None } else { Some(doing.try_clone()?) };
            let gate = gate.filter(|_| !inward).cloned();
            std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
                carry(&from, &to, gate.as_ref(), &carried);
                drop((from, to, doing));
            })?;
        }
        Ok(Some(Carriers { done, outward }))
    }

    /// Waits, after the container has ended, until what it wrote has been carried out, however slow the reader is; a signal that
    /// ends lowbox ends the wait.
    pub(crate) fn finish(&self, signals: &SignalFd) {
        wait_until_carried(&self.done, signals);
    }

    /// Waits only for what was written until now: others may go on writing.
    pub(crate) fn finish_what_is_there(&self, signals: &SignalFd) {
        const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        // A piece is in one of both pipes at any time (splice(2)).
        let count = |pipe: &Outward| pipe.carried.load(Ordering::Relaxed);
        let before: Vec<u64> = self.outward.iter().map(count).collect();
        let is_out = |(pipe, before): (&Outward, &u64)| {
            let Some(from) = pipe.from.upgrade() else { return true };
            let is_empty = rustix::io::ioctl_fionread(&*from).is_ok_and(|bytes| bytes == 0);
            // Who writes without a pause never leaves it empty; what was there fits a pipe and what is on its way.
            let room = fcntl_getpipe_size(&*from).unwrap_or(PIECE) + PIECE;
            is_empty || count(pipe) - before > room as u64
        };
        while !self.outward.iter().zip(&before).all(is_out) {
            let mut events = [PollFd::new(signals, PollFlags::IN)];
            if !matches!(poll(&mut events, Some(&PAUSE)), Ok(_) | Err(rustix::io::Errno::INTR)) {
                return;
            }
            while let Ok(Some(number)) = signals.next() {
                if ENDING.iter().any(|signal| signal.as_raw() == number) {
                    return;
                }
            }
        }
    }
}

/// Until `done` hangs up, or a signal that ends lowbox comes.
pub(super) fn wait_until_carried(done: &OwnedFd, signals: &SignalFd) {
    loop {
        let mut events = [PollFd::new(done, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        if !matches!(poll(&mut events, None), Ok(_) | Err(rustix::io::Errno::INTR)) {
            return;
        }
        if !events[0].revents().is_empty() {
            return;
        }
        while let Ok(Some(number)) = signals.next() {
            if ENDING.iter().any(|signal| signal.as_raw() == number) {
                return;
            }
        }
    }
}

/// Until one side is closed.
fn carry(from: &OwnedFd, to: &OwnedFd, gate: Option<&TerminalGate>, carried: &AtomicU64) {
    // Whoever holds the terminal waits for what passes, which must not wait for a reader then.
    let flags = if gate.is_some() { SpliceFlags::MOVE | SpliceFlags::NONBLOCK } else { SpliceFlags::MOVE };
    loop {
        let passing = gate.map(TerminalGate::pass);
        let moved = splice(from, None, to, None, PIECE, flags);
        drop(passing);
        match moved {
            Ok(0) => return,
            Ok(bytes) => drop(carried.fetch_add(bytes as u64, Ordering::Relaxed)),
            Err(rustix::io::Errno::INTR) => {}
            // The caller may have set its pipe not to wait.
            Err(rustix::io::Errno::AGAIN) => {
                for (fd, what) in [(from, PollFlags::IN), (to, PollFlags::OUT)] {
                    let _ = poll(&mut [PollFd::new(fd, what)], None);
                }
            }
            Err(_) => return,
        }
    }
}
