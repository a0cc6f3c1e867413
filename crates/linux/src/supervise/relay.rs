//! Carrying bytes between the caller's pipes and the program's: see [`pipes`](crate::launch::pipes).

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};

use super::watch::ENDING;
use crate::launch::pipes::Relay;
use crate::sys::SignalFd;

/// Threads that carry.
#[derive(Debug)]
pub(crate) struct Carriers {
    /// Hangs up when everything that the program wrote has been carried out.
    done: OwnedFd,
}

impl Carriers {
    /// Starts a thread for each pipe. They end with the process, or with their pipe.
    ///
    /// # Errors
    /// What pipe2(2) reports, EAGAIN where no thread can be made.
    pub(crate) fn start(relays: Vec<Relay>) -> io::Result<Option<Carriers>> {
        if relays.is_empty() {
            return Ok(None);
        }
        let (done, doing) = pipe_with(PipeFlags::CLOEXEC)?;
        for relay in relays {
            let (from, to, inward) = relay.into_way();
            let doing = if inward { None } else { Some(doing.try_clone()?) };
            std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
                carry(&from, &to);
                drop((from, to, doing));
            })?;
        }
        Ok(Some(Carriers { done }))
    }

    /// Waits, after the container has ended, until what it wrote has been carried out, however slow the reader is; a signal that
    /// ends lowbox ends the wait.
    pub(crate) fn finish(&self, signals: &SignalFd) {
        loop {
            let mut events = [PollFd::new(&self.done, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
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
}

/// Until one side is closed.
fn carry(from: &OwnedFd, to: &OwnedFd) {
    const PIECE: usize = 1 << 20;
    loop {
        match splice(from, None, to, None, PIECE, SpliceFlags::MOVE) {
            Ok(0) => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
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
