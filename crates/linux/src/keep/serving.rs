//! A keeper at work: between its callers and pid 1.

mod hearing;

use std::any::Any;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;
use rustix::process::Signal;

use super::calling::{Called, Calling, State};
use super::message::Answer;
use super::place::Place;
use super::proof::Proof;
use super::stay::Stay;
use super::surroundings::Surroundings;
use super::{MOST_CALLERS, PATIENCE};
use crate::launch::message::send;
use crate::launch::starter::{Order, Start};
use crate::supervise::idle::Idle;
use crate::supervise::{Consented, KeptParts, Looked};

/// A wait(2) status: ended by SIGKILL.
const KILLED: i32 = libc::SIGKILL;
/// Signals that end a keeper, and its container with the registry written.
const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];
/// A container with its callers.
pub(super) struct Serving {
    parts: KeptParts,
    place: Place,
    origin: Origin,
    /// What the first caller asks for.
    first: Option<Start>,
    consented: Option<Consented>,
    callers: Vec<Calling>,
    next: u32,
    stay: Stay,
    /// Until when pid 1 has to have ended.
    ending: Option<Instant>,
    /// Pid 1 could not be told to end a program whose caller is gone.
    is_deaf: bool,
    held: Held,
}

/// What a container was made of.
pub(super) struct Origin {
    pub(super) likeness: Vec<u8>,
    /// The keeper's, before anything was made.
    pub(super) surroundings: Surroundings,
    /// What of the host's is in it.
    pub(super) places: Vec<PathBuf>,
    /// Something was mounted or unmounted there while it was made: nobody knows which of both it has.
    pub(super) is_unsettled: bool,
}

/// The prefix's lock, and the files of an installed package.
pub(super) type Held = (Vec<File>, Box<dyn Any>);

impl Serving {
    pub(super) fn new(
        parts: KeptParts,
        place: Place,
        origin: Origin,
        first: Start,
        consented: Option<Consented>,
        keep: Duration,
        held: Held,
    ) -> Serving {
        let mut stay = Stay::new(keep, Instant::now());
        if origin.is_unsettled {
            stay.spoil();
        }
        Serving {
            parts,
            place,
            origin,
            first: Some(first),
            consented,
            callers: Vec::new(),
            next: 0,
            stay,
            ending: None,
            is_deaf: false,
            held,
        }
    }

    /// Until the container has ended.
    pub(super) fn serve(mut self, first: OwnedFd) {
        self.callers.push(Calling::new(first, None));
        let mut rest = Idle::default();
        while self.go_on(&mut rest) {}
        for caller in &mut self.callers {
            match caller.state {
                State::Starting(..) => caller.answer(&hearing::not_started(caller.is_first())),
                State::Runs { .. } => caller.answer(&Answer::Ended(KILLED)),
                State::New | State::Answered => {}
            }
        }
        let Serving { parts, place, callers, held, .. } = self;
        // Nothing of it is left when the callers hear of the end.
        drop(parts);
        drop(place);
        drop(held);
        drop(callers);
    }

    fn go_on(&mut self, rest: &mut Idle) -> bool {
        match self.consented.as_mut().map_or(Looked::Not, Consented::look) {
            Looked::Not => {}
            Looked::Nothing => *rest = Idle::default(),
            Looked::Revoked(what) => {
                let revoked = Answer::Revoked(what);
                self.callers.iter().for_each(|caller| caller.send(&revoked));
                return false;
            }
        }
        let now = Instant::now();
        if self.is_deaf || self.ending.is_some_and(|end| now >= end) {
            return false;
        }
        self.lose_patience(now);
        let hears = self.callers.len() < MOST_CALLERS;
        let mut events = vec![
            PollFd::new(&self.parts.control, PollFlags::IN),
            PollFd::new(&self.parts.signals, PollFlags::IN),
            PollFd::new(self.place.listener(), if hears { PollFlags::IN } else { PollFlags::empty() }),
        ];
        events.extend(self.callers.iter().map(|caller| PollFd::new(&caller.link, PollFlags::IN)));
        let revocations = self.consented.as_ref().and_then(Consented::descriptor);
        events.extend(revocations.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let timeout = self.timeout(now);
        let chosen = match (timeout, rest.timeout()) {
            (Some(own), Some(resting)) if *resting < own => Some(*resting),
            (Some(own), _) => Some(own),
            (None, resting) => resting.copied(),
        };
        match poll(&mut events, chosen.as_ref()) {
            Ok(0) if rest.timeout().is_some() && chosen.as_ref() == rest.timeout() => rest.rest(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
        let ready: Vec<bool> = events.iter().map(|event| !event.revents().is_empty()).collect();
        drop(events);
        let [control, signal, called] = [ready[0], ready[1], ready[2]];
        // From the last to the first: one that goes does not move those that are still to be looked at.
        for at in (0..self.callers.len()).rev() {
            if ready[3 + at] {
                self.hear(at);
            }
        }
        if control && !self.report() {
            return false;
        }
        while let Ok(Some(number)) = self.parts.signals.next() {
            if signal && ENDING.iter().any(|ending| ending.as_raw() == number) {
                self.end(Order::End);
            }
        }
        if called
            && hears
            && let Some((link, peer)) = self.place.accept()
            && let Ok(proof) = Proof::offer(&link)
        {
            self.callers.push(Calling::new(link, Some(Called { peer, proof })));
        }
        true
    }

    /// Waits no longer for who says nothing, for starts that don't come about, and for the next program.
    fn lose_patience(&mut self, now: Instant) {
        let is_silent = |caller: &Calling| matches!(caller.state, State::New) && now >= caller.deadline();
        self.callers.retain(|caller| !is_silent(caller));
        // A program inside keeps others from starting.
        let is_stuck = |caller: &Calling| caller.is_starting() && now >= caller.deadline();
        for at in (0..self.callers.len()).rev().filter(|at| is_stuck(&self.callers[*at])).collect::<Vec<_>>()
        {
            self.starts_nothing(at);
        }
        if self.ending.is_none() && self.is_over(now) {
            self.end(Order::End);
        }
    }

    fn runs_something(&self) -> bool {
        self.callers.iter().any(|caller| caller.id().is_some())
    }

    /// The same, or the program is about to be started for which the container was made.
    fn is_in_use(&self) -> bool {
        self.runs_something() || (self.first.is_some() && !self.callers.is_empty())
    }

    fn is_awaited(&self) -> bool {
        self.callers.iter().any(|caller| matches!(caller.state, State::New))
    }

    /// Whether it was kept long enough.
    fn is_over(&self, now: Instant) -> bool {
        // The first one may have ended before its program was started.
        let is_orphaned = self.first.is_some() && self.callers.is_empty();
        is_orphaned || (!self.runs_something() && !self.is_awaited() && now >= self.stay.over(now))
    }

    /// How long poll(2) may wait.
    fn timeout(&self, now: Instant) -> Option<Timespec> {
        let callers = self.callers.iter().filter_map(|caller| match caller.state {
            State::New | State::Starting(..) => Some(caller.deadline()),
            State::Runs { .. } | State::Answered => None,
        });
        // Who is about to ask for something keeps it until then.
        let over = (!self.runs_something() && !self.is_awaited()).then(|| self.stay.over(now));
        let until = match self.ending {
            Some(ending) => Some(ending),
            None => callers.chain(over).min(),
        };
        let until = until.map(|until| until.saturating_duration_since(now));
        let until = until.and_then(|left| Timespec::try_from(left).ok());
        let look = self.consented.as_ref().and_then(Consented::timeout);
        until.into_iter().chain(look).min()
    }

    /// One that can't be sent is for a container that is gone, or is ended when its time is over; or it is made up for.
    fn order(&self, order: Order) -> bool {
        send(self.parts.control.as_fd(), &order, &[], SendFlags::DONTWAIT).is_ok()
    }

    /// Ends a program of which the caller is gone. If pid 1 does not hear it, all end.
    fn kill(&mut self, id: u32) {
        self.is_deaf |= !self.order(Order::Signal(id, libc::SIGKILL));
    }

    /// Has pid 1 end everything.
    fn end(&mut self, how: Order) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now() + PATIENCE);
            self.order(how);
        }
    }
}
