//! A keeper at work: between its callers and pid 1.

use std::any::Any;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::Signal;

use super::likeness::{self, difference};
use super::message::{Answer, Ask};
use super::place::Place;
use super::{MOST_CALLERS, PATIENCE};
use crate::launch::memory_file::{read_bytes, write};
use crate::launch::message::{receive, send, would_block};
use crate::launch::starter::{Order, Report, Start};
use crate::supervise::idle::Idle;
use crate::supervise::{Consented, KeptParts, Looked};

/// A wait(2) status: ended by SIGKILL.
const KILLED: i32 = libc::SIGKILL;
/// Signals for a program that has not begun.
const MOST_EARLY_SIGNALS: usize = 16;
/// Signals that end a keeper, and its container with the registry written.
const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

/// A container with its callers.
pub(super) struct Serving {
    parts: KeptParts,
    place: Place,
    likeness: Vec<u8>,
    /// What the first caller asks for.
    first: Option<Start>,
    consented: Option<Consented>,
    callers: Vec<Calling>,
    next: u32,
    keep: Duration,
    /// Since when no program runs.
    idle: Instant,
    /// Until when pid 1 has to have ended.
    ending: Option<Instant>,
    held: Held,
}

/// The prefix's lock, and the files of an installed package.
pub(super) type Held = (Vec<File>, Box<dyn Any>);

/// One that asks.
struct Calling {
    link: OwnedFd,
    since: Instant,
    state: State,
    /// The container was made for it.
    is_first: bool,
}

enum State {
    /// It has not asked for anything.
    New,
    /// Its program is being started; signals for it.
    Starting(u32, Vec<i32>),
    Runs(u32),
    /// It has its answer, and goes.
    Answered,
}

impl Calling {
    fn id(&self) -> Option<u32> {
        match self.state {
            State::Starting(id, _) | State::Runs(id) => Some(id),
            State::New | State::Answered => None,
        }
    }

    /// Until when it has to have asked, or its program to have begun. The first one's waits for Wine's server.
    fn deadline(&self) -> Instant {
        self.since + if self.is_first { 6 * PATIENCE } else { PATIENCE }
    }

    /// A program has ended what starts programs here. Who has not made this container makes another one, and who has would see the same
    /// again.
    fn not_started(&self) -> Answer {
        let why = "Wine's server, or what starts programs beside it, does not run in the container; start the program again";
        match self.is_first {
            true => Answer::Failed { why: why.to_owned(), code: 125 },
            false => Answer::Ending,
        }
    }

    /// A caller that doesn't listen is not waited for.
    fn answer(&self, answer: &Answer) {
        let _ = send(self.link.as_fd(), answer, &[], SendFlags::DONTWAIT);
    }
}

impl Serving {
    pub(super) fn new(
        parts: KeptParts,
        place: Place,
        likeness: Vec<u8>,
        first: Start,
        consented: Option<Consented>,
        keep: Duration,
        held: Held,
    ) -> Serving {
        Serving {
            parts,
            place,
            likeness,
            first: Some(first),
            consented,
            callers: Vec::new(),
            next: 0,
            keep,
            idle: Instant::now(),
            ending: None,
            held,
        }
    }

    /// Until the container has ended.
    pub(super) fn serve(mut self, first: OwnedFd) {
        self.callers.push(Calling { link: first, since: Instant::now(), state: State::New, is_first: true });
        let mut rest = Idle::default();
        while self.go_on(&mut rest) {}
        for caller in &self.callers {
            match caller.state {
                State::Starting(..) => caller.answer(&caller.not_started()),
                State::Runs(_) => caller.answer(&Answer::Ended(KILLED)),
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
                self.callers.iter().for_each(|caller| caller.answer(&revoked));
                return false;
            }
        }
        let now = Instant::now();
        if self.ending.is_some_and(|end| now >= end) {
            return false;
        }
        let is_silent = |caller: &Calling| matches!(caller.state, State::New) && now >= caller.deadline();
        self.callers.retain(|caller| !is_silent(caller));
        if self.ending.is_none() && (self.is_over(now) || self.is_stuck(now)) {
            self.end();
        }
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
                self.end();
            }
        }
        if called
            && hears
            && let Some(link) = self.place.accept()
        {
            self.callers.push(Calling { link, since: Instant::now(), state: State::New, is_first: false });
        }
        true
    }

    fn runs_something(&self) -> bool {
        self.callers.iter().any(|caller| caller.id().is_some())
    }

    /// The same, or the program is about to be started for which the container was made.
    fn is_in_use(&self) -> bool {
        self.runs_something() || (self.first.is_some() && !self.callers.is_empty())
    }

    /// Whether it was kept long enough.
    fn is_over(&self, now: Instant) -> bool {
        let is_awaited = self.callers.iter().any(|caller| matches!(caller.state, State::New));
        // The first one may have ended before its program was started.
        let is_orphaned = self.first.is_some() && self.callers.is_empty();
        is_orphaned || (!self.runs_something() && !is_awaited && now >= self.idle + self.keep)
    }

    /// Whether a program inside keeps others from starting.
    fn is_stuck(&self, now: Instant) -> bool {
        let waits = |caller: &Calling| matches!(caller.state, State::Starting(..));
        self.callers.iter().any(|caller| waits(caller) && now >= caller.deadline())
    }

    /// How long poll(2) may wait.
    fn timeout(&self, now: Instant) -> Option<Timespec> {
        let callers = self.callers.iter().filter_map(|caller| match caller.state {
            State::New | State::Starting(..) => Some(caller.deadline()),
            State::Runs(_) | State::Answered => None,
        });
        let over = (!self.runs_something()).then_some(self.idle + self.keep);
        let until = match self.ending {
            Some(ending) => Some(ending),
            None => callers.chain(over).min(),
        };
        let until = until.map(|until| until.saturating_duration_since(now));
        let until = until.and_then(|left| Timespec::try_from(left).ok());
        let look = self.consented.as_ref().and_then(Consented::timeout);
        until.into_iter().chain(look).min()
    }

    /// One that can't be sent is for a container that is gone, or is ended when its time is over.
    fn order(&self, order: Order) {
        let _ = send(self.parts.control.as_fd(), &order, &[], SendFlags::DONTWAIT);
    }

    /// Has pid 1 end everything.
    fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now() + PATIENCE);
            self.order(Order::End);
        }
    }

    /// Hears one caller, who may be gone.
    fn hear(&mut self, at: usize) {
        let asked = receive::<Ask>(self.callers[at].link.as_fd(), RecvFlags::DONTWAIT);
        match asked {
            Ok(Some((ask, descriptors))) => self.carry_out(at, ask, descriptors),
            Err(error) if would_block(&error) => {}
            Ok(None) | Err(_) => {
                let gone = self.callers.remove(at);
                let Some(id) = gone.id() else { return };
                // Who ends lowbox wants the program to end. Nobody is left who would see what it does in the background.
                self.order(Order::Signal(id, libc::SIGKILL));
                if !self.runs_something() {
                    self.end();
                }
            }
        }
    }

    fn carry_out(&mut self, at: usize, ask: Ask, descriptors: Vec<OwnedFd>) {
        let fds: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
        let is_new = matches!(self.callers[at].state, State::New);
        match ask {
            Ask::Signal(number) => match &mut self.callers[at].state {
                State::Runs(id) => {
                    let id = *id;
                    self.order(Order::Signal(id, number));
                }
                State::Starting(_, early) if early.len() < MOST_EARLY_SIGNALS => early.push(number),
                _ => {}
            },
            Ask::EndIdle if self.is_in_use() => self.answer(at, &Answer::InUse),
            Ask::EndIdle => {
                self.answer(at, &Answer::Ending);
                self.end();
            }
            Ask::First { .. } | Ask::Join { .. } if !is_new || self.ending.is_some() => {
                self.answer(at, &Answer::Ending);
            }
            Ask::First { controlling } => {
                let file = self.first.take().and_then(|first| write(&Start { controlling, ..first }).ok());
                match (file, fds.as_slice()) {
                    (Some(file), [a, b, c]) => self.start(at, &[file.as_fd(), *a, *b, *c]),
                    _ => self.answer(at, &Answer::Ending),
                }
            }
            Ask::Join { keep } => {
                let ([likeness, ..], [_, start, a, b, c]) = (descriptors.as_slice(), fds.as_slice()) else {
                    return self.answer(at, &Answer::Ending);
                };
                let Ok(theirs) = read_bytes(likeness, likeness::MOST) else {
                    return self.answer(at, &Answer::Ending);
                };
                if theirs == self.likeness {
                    self.keep = Duration::from_secs(keep.into());
                    self.start(at, &[*start, *a, *b, *c]);
                } else if self.is_in_use() {
                    let what = difference(&self.likeness, &theirs);
                    self.answer(at, &Answer::Different { what });
                } else {
                    self.answer(at, &Answer::Ending);
                    self.end();
                }
            }
        }
    }

    fn answer(&mut self, at: usize, answer: &Answer) {
        self.callers[at].answer(answer);
        self.callers[at].state = State::Answered;
    }

    fn start(&mut self, at: usize, descriptors: &[BorrowedFd<'_>]) {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let control = self.parts.control.as_fd();
        if send(control, &Order::Start(id), descriptors, SendFlags::DONTWAIT).is_ok() {
            self.callers[at].state = State::Starting(id, Vec::new());
            self.callers[at].since = Instant::now();
        } else {
            self.answer(at, &Answer::Ending);
        }
    }

    /// Hears pid 1. False when it is gone.
    fn report(&mut self) -> bool {
        let report = match receive::<Report>(self.parts.control.as_fd(), RecvFlags::DONTWAIT) {
            Ok(Some((report, _))) => report,
            Ok(None) => return false,
            Err(error) => return would_block(&error),
        };
        let (Report::Began(id) | Report::Failed(id) | Report::Ended(id, _)) = report;
        let Some(at) = self.callers.iter().position(|caller| caller.id() == Some(id)) else {
            // Its caller went before it began, when there was no process yet that could be ended.
            if let Report::Began(_) = report {
                self.order(Order::Signal(id, libc::SIGKILL));
            }
            return true;
        };
        match report {
            Report::Began(_) => {
                self.callers[at].answer(&Answer::Began);
                let state = std::mem::replace(&mut self.callers[at].state, State::Runs(id));
                if let State::Starting(_, early) = state {
                    early.into_iter().for_each(|number| self.order(Order::Signal(id, number)));
                }
            }
            Report::Failed(_) => {
                // Nobody could use it any more, and another container can't be made before it has ended.
                let answer = self.callers[at].not_started();
                self.answer(at, &answer);
                self.end();
            }
            Report::Ended(_, status) => {
                self.answer(at, &Answer::Ended(status));
                self.idle = Instant::now();
            }
        }
        true
    }
}
