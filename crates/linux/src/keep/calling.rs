//! One that asks a keeper to start a program.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::net::SendFlags;

use super::PATIENCE;
use super::message::Answer;
use super::peer::Peer;
use super::proof::Proof;
use crate::launch::message::send;

/// Signals for a program that has not begun.
const MOST_EARLY_SIGNALS: usize = 16;

/// One that asks.
pub(super) struct Calling {
    pub(super) link: OwnedFd,
    pub(super) since: Instant,
    pub(super) state: State,
    /// Who has called; `None` for the one for which the container was made.
    pub(super) called: Option<Called>,
}

/// Who has called, and what they have to find to join.
pub(super) struct Called {
    pub(super) peer: Peer,
    pub(super) proof: Proof,
}

pub(super) enum State {
    /// It has not asked for anything.
    New,
    /// Its program is being started; signals for it.
    Starting(u32, Vec<i32>),
    /// Its program runs.
    Runs {
        id: u32,
        /// Its caller sent it a signal, of which it may end.
        signalled: bool,
    },
    /// It has its answer, and goes.
    Answered,
}

impl Calling {
    pub(super) fn new(link: OwnedFd, called: Option<Called>) -> Calling {
        Calling { link, since: Instant::now(), state: State::New, called }
    }

    /// The container was made for it.
    pub(super) fn is_first(&self) -> bool {
        self.called.is_none()
    }

    pub(super) fn id(&self) -> Option<u32> {
        match self.state {
            State::Starting(id, _) | State::Runs { id, .. } => Some(id),
            State::New | State::Answered => None,
        }
    }

    /// Until when it has to have asked, or its program to have begun. The first one's waits for Wine's server.
    pub(super) fn deadline(&self) -> Instant {
        self.since + if self.is_first() { 6 * PATIENCE } else { PATIENCE }
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting(..))
    }

    /// A signal for its program; `Some` if it can be sent now, to the program of this number.
    pub(super) fn signal(&mut self, number: i32) -> Option<u32> {
        match &mut self.state {
            State::Runs { id, signalled } => {
                *signalled = true;
                return Some(*id);
            }
            State::Starting(_, early) if early.len() < MOST_EARLY_SIGNALS => early.push(number),
            _ => {}
        }
        None
    }

    /// Its program begins. Returns the signals that came before.
    pub(super) fn begins(&mut self, id: u32) -> Vec<i32> {
        self.send(&Answer::Began);
        match std::mem::replace(&mut self.state, State::Runs { id, signalled: false }) {
            State::Starting(_, early) => early,
            _ => Vec::new(),
        }
    }

    /// The last thing it hears.
    pub(super) fn answer(&mut self, answer: &Answer) {
        self.send(answer);
        self.state = State::Answered;
    }

    /// A caller that doesn't listen is not waited for.
    pub(super) fn send(&self, answer: &Answer) {
        let _ = send(self.link.as_fd(), answer, &[], SendFlags::DONTWAIT);
    }
}
