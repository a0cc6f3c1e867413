//! Staying beside a program that has no pid namespace: its orphans become lowbox's children, and are ended with it.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};

use super::consented::Looked;
use super::relay::Carriers;
use super::stop::{Resumed, stop};
use super::terminal::SavedTerminal;
use super::{Consented, Ending, Event, FORWARDED};
use crate::launch::LaunchError;
use crate::launch::pipes::Relay;
use crate::sys::SignalFd;

/// A running program without namespaces. Dropping it ends it and what it started.
#[derive(Debug)]
pub struct ReducedContainer {
    program: Pid,
    terminal: SavedTerminal,
    relays: Vec<Relay>,
    consented: Option<Consented>,
}

impl ReducedContainer {
    pub(crate) fn new(program: Pid, terminal: SavedTerminal, relays: Vec<Relay>) -> ReducedContainer {
        ReducedContainer { program, terminal, relays, consented: None }
    }

    /// Lets the program end when what it has by consent is revoked.
    pub fn end_when_revoked(&mut self, consented: Consented) {
        self.consented = Some(consented);
    }

    /// Stays beside the program until it ends, forwarding signals, then ends what it left running; `on_event` hears what happens.
    ///
    /// # Errors
    /// [`LaunchError::System`] if signals can't be watched.
    pub fn supervise(mut self, on_event: &mut dyn FnMut(Event)) -> Result<Ending, LaunchError> {
        let carriers = Carriers::start(std::mem::take(&mut self.relays), None)
            .map_err(LaunchError::system("carrying what goes through pipes"))?;
        let mut watched = FORWARDED.to_vec();
        watched.extend([Signal::TSTP, Signal::CONT, Signal::CHILD]);
        let signals = SignalFd::block(&watched).map_err(LaunchError::system("signals"))?;
        let mut ending = None;
        let ending = loop {
            // The program may have ended before its signal was blocked.
            if let Some(ending) = ending.or_else(|| self.reap()) {
                break ending;
            }
            if let Looked::Revoked(what) = self.consented.as_mut().map_or(Looked::Not, Consented::look) {
                on_event(Event::Revoked(what));
                break Ending::Killed;
            }
            let mut events = vec![PollFd::new(&signals, PollFlags::IN)];
            let revocations = self.consented.as_ref().and_then(Consented::descriptor);
            events.extend(revocations.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            let look = self.consented.as_ref().and_then(Consented::timeout);
            match poll(&mut events, look.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(LaunchError::System { what: "poll", source: error.into() }),
            }
            while let Ok(Some(number)) = signals.next() {
                ending = ending.or_else(|| self.forward(number, &signals));
            }
        };
        self.end();
        if let Some(carriers) = carriers {
            carriers.finish(&signals);
        }
        self.terminal.restore();
        Ok(ending)
    }

    fn reap(&self) -> Option<Ending> {
        let mut ending = None;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.program {
                ending = Some(Ending::from_status(status.as_raw()));
            }
        }
        ending
    }

    /// Passes a signal on; `Some` if it ends the program at once.
    fn forward(&self, number: i32, signals: &SignalFd) -> Option<Ending> {
        let send = |signal| {
            let _ = kill_process_group(self.program, signal);
        };
        if number == Signal::TSTP.as_raw() {
            send(Signal::STOP);
            match stop(signals, &self.terminal) {
                Resumed::Ended(signal) => return Some(Ending::Signaled(signal as u8)),
                Resumed::Continued(came) => {
                    send(Signal::CONT);
                    came.into_iter().filter_map(Signal::from_named_raw).for_each(send);
                }
            }
        } else if number != Signal::CHILD.as_raw()
            && let Some(signal) = Signal::from_named_raw(number)
        {
            send(signal);
        }
        None
    }

    /// Ends every descendant: each orphan turns up as a child of lowbox, so killing children until there are none reaches
    /// all of them.
    fn end(&self) {
        // Bounded: a program that forks as fast as it is killed must not hold lowbox for ever. What is left is confined.
        for _ in 0..1000 {
            let children = children();
            if children.is_empty() {
                return;
            }
            for child in children {
                let _ = kill_process(child, Signal::KILL);
            }
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
            let pause = Timespec { tv_sec: 0, tv_nsec: Duration::from_millis(1).as_nanos() as i64 };
            let _ = poll(&mut [], Some(&pause));
        }
    }
}

impl Drop for ReducedContainer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether [`children`] can be asked: without it a process that left the program's group would live on.
pub(crate) fn sees_children() -> bool {
    let own = getpid().as_raw_pid();
    std::fs::read(format!("/proc/{own}/task/{own}/children")).is_ok()
}

/// The calling process's children (proc(5), /proc/PID/task/TID/children).
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_pid();
    let text = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw)).collect()
}
