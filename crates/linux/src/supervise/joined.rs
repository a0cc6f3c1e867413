//! lowbox beside a program in a container that another lowbox keeps ([`keep`](crate::keep)).

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::Signal;

use super::idle::Idle;
use super::relay::Carriers;
use super::stop::{Resumed, stop};
use super::terminal_relay::TerminalRelay;
use super::{Ending, Event, TerminalGate, Watch};
use crate::keep::{Answer, Ask};
use crate::launch::LaunchError;
use crate::launch::message::{receive, send, would_block};
use crate::launch::pipes::Relay;
use crate::launch::pty::Pty;

/// A program in a kept container. Dropping it ends the program.
#[derive(Debug)]
pub struct Joined {
    /// The way to the keeper.
    pub(crate) link: OwnedFd,
    pub(crate) watch: Watch,
    pub(crate) relays: Vec<Relay>,
    /// The program's own terminal, if it has one.
    pub(crate) own: Option<(Pty, TerminalGate)>,
}

impl Watch {
    /// The keeper's next answer; `None` if there is none within the time, or the keeper is gone.
    ///
    /// # Errors
    /// As [`Watch::wait_for`].
    pub(crate) fn answer(
        &mut self,
        link: &OwnedFd,
        within: Option<Duration>,
    ) -> Result<Option<Answer>, LaunchError> {
        let until = within.map(|within| Instant::now() + within);
        if !self.wait_until(link.as_fd(), until)? {
            return Ok(None);
        }
        Ok(receive(link.as_fd(), RecvFlags::empty()).ok().flatten().map(|(answer, _)| answer))
    }
}

impl Joined {
    /// Stays beside the program until it ends, forwarding signals; `on_event` hears what happens.
    ///
    /// # Errors
    /// [`LaunchError::System`] if signals can't be watched; the program is ended then.
    pub fn supervise(mut self, on_event: &mut dyn FnMut(Event)) -> Result<Ending, LaunchError> {
        let own = self.own.take();
        let gate = own.as_ref().map(|(_, gate)| gate.clone());
        let carriers = Carriers::start(std::mem::take(&mut self.relays), gate.as_ref());
        let carriers = carriers.map_err(|error| self.failed("carrying what goes through pipes", error))?;
        let terminal = own.map(|(pty, gate)| TerminalRelay::start(pty, &gate)).transpose();
        let terminal = terminal.map_err(|error| self.failed("the program's terminal", error))?;
        let own = terminal.as_ref();
        let early = std::mem::take(&mut self.watch.early);
        let mut ending = early.into_iter().find_map(|number| self.forward(number, own));
        let mut idle = Idle::default();
        let mut is_there = true;
        while ending.is_none() && is_there {
            let mut events =
                [PollFd::new(&self.link, PollFlags::IN), PollFd::new(&self.watch.signals, PollFlags::IN)];
            match poll(&mut events, idle.timeout()) {
                Ok(0) => idle.rest(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(self.failed("poll", error.into())),
            }
            let (link, signal) = (events[0].revents(), events[1].revents());
            if !signal.is_empty() {
                while let Ok(Some(number)) = self.watch.signals.next() {
                    ending = ending.or_else(|| self.forward(number, own));
                }
            }
            if !link.is_empty() {
                match receive::<Answer>(self.link.as_fd(), RecvFlags::DONTWAIT) {
                    Ok(Some((Answer::Ended(status), _))) => ending = Some(Ending::from_status(status)),
                    Ok(Some((Answer::Revoked(what), _))) => on_event(Event::Revoked(what)),
                    Ok(Some(_)) => {}
                    Err(error) if would_block(&error) => {}
                    // The keeper is gone, and the container with it.
                    Ok(None) | Err(_) => is_there = false,
                }
            }
        }
        let Joined { link, watch, .. } = self;
        // A program that has not ended is ended now.
        drop(link);
        if let Some(gate) = gate {
            gate.end_before_others();
        }
        let restored = terminal.and_then(|terminal| terminal.finish(&watch.signals));
        if let Some(carriers) = carriers {
            carriers.finish_what_is_there(&watch.signals);
        }
        watch.terminal.restore();
        drop(restored);
        Ok(ending.unwrap_or(Ending::Killed))
    }

    /// Passes a signal on; `Some` if it ends the program at once.
    fn forward(&self, number: i32, own: Option<&TerminalRelay>) -> Option<Ending> {
        // A keeper that is gone is noticed by the loop.
        let ask = |number| drop(send(self.link.as_fd(), &Ask::Signal(number), &[], SendFlags::empty()));
        if number == Signal::TSTP.as_raw() {
            ask(Signal::STOP.as_raw());
            let _held = own.and_then(TerminalRelay::hold);
            match stop(&self.watch.signals, &self.watch.terminal) {
                Resumed::Ended(signal) => return Some(Ending::Signaled(signal as u8)),
                Resumed::Continued(came) => {
                    own.inspect(|own| own.resize());
                    ask(Signal::CONT.as_raw());
                    came.into_iter().for_each(ask);
                }
            }
        } else if number == Signal::CONT.as_raw() {
            own.inspect(|own| own.take_again());
            ask(number);
        } else if let Some(own) = own.filter(|_| number == Signal::WINCH.as_raw()) {
            own.resize();
        } else {
            ask(number);
        }
        None
    }

    fn failed(&self, what: &'static str, source: std::io::Error) -> LaunchError {
        self.watch.terminal.restore();
        LaunchError::System { what, source }
    }
}
