//! What a keeper does about what it hears, from its callers and from pid 1.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, SendFlags};

use super::{Origin, Serving};
use crate::keep::calling::{Called, State};
use crate::keep::likeness::{self, difference};
use crate::keep::message::{Answer, Ask};
use crate::keep::proof::Secret;
use crate::launch::memory_file::{read_bytes, write};
use crate::launch::message::{receive, send, would_block};
use crate::launch::starter::{Order, Report, Start};

/// Why nothing is started.
const NOTHING_STARTS: &str = "Wine's server, or what starts programs beside it, does not run in the container; start the program again";
/// The same where the container has to stay for others.
const NOTHING_STARTS_HERE: &str = "what starts programs in the package's container has ended or does not answer, and other programs run there: wait \
                                   for their end, or give this one a name of its own (--name)";

impl Serving {
    /// Hears one caller, who may be gone.
    pub(super) fn hear(&mut self, at: usize) {
        let asked = receive::<Ask>(self.callers[at].link.as_fd(), RecvFlags::DONTWAIT);
        match asked {
            Ok(Some((ask, descriptors))) => self.carry_out(at, ask, descriptors),
            Err(error) if would_block(&error) => {}
            Ok(None) | Err(_) => {
                let gone = self.callers.remove(at);
                let Some(id) = gone.id() else { return };
                // Who ends lowbox wants the program to end. Nobody is left who would see what it does in the background.
                self.kill(id);
                if !self.runs_something() {
                    self.end(Order::EndAtOnce);
                }
            }
        }
    }

    fn carry_out(&mut self, at: usize, ask: Ask, descriptors: Vec<OwnedFd>) {
        let fds: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
        let is_new = matches!(self.callers[at].state, State::New);
        match ask {
            Ask::Signal(number) => {
                if let Some(id) = self.callers[at].signal(number) {
                    self.order(Order::Signal(id, number));
                }
            }
            Ask::EndIdle if self.is_in_use() => self.callers[at].answer(&Answer::InUse),
            Ask::EndIdle => self.make_room(at),
            Ask::First { .. } | Ask::Join { .. } if !is_new || self.ending.is_some() => {
                self.callers[at].answer(&Answer::Ending);
            }
            Ask::First { controlling } => {
                let file = self.first.take().and_then(|first| write(&Start { controlling, ..first }).ok());
                match (file, fds.as_slice()) {
                    (Some(file), [a, b, c]) => self.start(at, &[file.as_fd(), *a, *b, *c]),
                    _ => self.callers[at].answer(&Answer::Ending),
                }
            }
            Ask::Join { keep, secret } => {
                let ([likeness, ..], [_, start, a, b, c]) = (descriptors.as_slice(), fds.as_slice()) else {
                    return self.callers[at].answer(&Answer::Ending);
                };
                let Ok(theirs) = read_bytes(likeness, likeness::MOST) else {
                    return self.callers[at].answer(&Answer::Ending);
                };
                match (self.unlike(at, secret, &theirs), self.is_in_use()) {
                    (Some(_), false) => self.make_room(at),
                    (Some(what), true) => self.callers[at].answer(&Answer::Different { what }),
                    (None, false) if self.stay.is_spent(Instant::now()) => self.make_room(at),
                    (None, true) if self.stay.is_shut() => {
                        self.callers[at].answer(&failed(NOTHING_STARTS_HERE));
                    }
                    _ => {
                        self.stay.for_another(Duration::from_secs(keep.into()));
                        self.start(at, &[*start, *a, *b, *c]);
                    }
                }
            }
        }
    }

    /// What a caller would have otherwise, in words that follow on "it". Of itself a caller says only what it wants: what surrounds it, and whether it
    /// may look into the keeper, the kernel says.
    fn unlike(&self, at: usize, secret: Option<Secret>, theirs: &[u8]) -> Option<String> {
        let other_rules = || Some("was started with other capabilities or rules of Landlock".to_owned());
        let Some(Called { peer, proof }) = &self.callers[at].called else { return other_rules() };
        let (Ok(surroundings), true) = (peer.surroundings(), proof.is_given(secret)) else {
            return other_rules();
        };
        let Origin { likeness, surroundings: own, places, is_unsettled } = &self.origin;
        if let Some(what) = own.difference(&surroundings, places) {
            return Some(what);
        }
        if *is_unsettled {
            return Some("was started while something was mounted or unmounted".to_owned());
        }
        (theirs != likeness).then(|| difference(likeness, theirs))
    }

    /// Ends the container for one who wants another.
    fn make_room(&mut self, at: usize) {
        self.callers[at].answer(&Answer::Ending);
        self.end(Order::End);
    }

    fn start(&mut self, at: usize, descriptors: &[BorrowedFd<'_>]) {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let control = self.parts.control.as_fd();
        if send(control, &Order::Start(id), descriptors, SendFlags::DONTWAIT).is_ok() {
            self.callers[at].state = State::Starting(id, Vec::new());
            self.callers[at].since = Instant::now();
        } else {
            self.callers[at].answer(&Answer::Ending);
        }
    }

    /// What starts programs here is not heard of any more. Programs that run go on, and their container with them, in which no other is
    /// started; if none runs it ends. What begins after all, its caller having been answered, is ended by [`Serving::report`].
    pub(super) fn starts_nothing(&mut self, at: usize) {
        self.stay.shut();
        let is_first = self.callers[at].is_first();
        let others_run = self.callers.iter().any(|caller| matches!(caller.state, State::Runs { .. }));
        let answer = if others_run { failed(NOTHING_STARTS_HERE) } else { not_started(is_first) };
        self.callers[at].answer(&answer);
        if !self.runs_something() {
            self.end(Order::End);
        }
    }

    /// Hears pid 1. False when it is gone.
    pub(super) fn report(&mut self) -> bool {
        let report = match receive::<Report>(self.parts.control.as_fd(), RecvFlags::DONTWAIT) {
            Ok(Some((report, _))) => report,
            Ok(None) => return false,
            Err(error) => return would_block(&error),
        };
        let (Report::Began(id) | Report::Failed(id, _) | Report::NobodyStarts(id) | Report::Ended(id, _)) =
            report;
        let Some(at) = self.callers.iter().position(|caller| caller.id() == Some(id)) else {
            // Its caller went before it began, when there was no process yet that could be ended.
            if let Report::Began(_) = report {
                self.kill(id);
            }
            return true;
        };
        match report {
            Report::Began(_) => {
                let early = self.callers[at].begins(id);
                for number in early {
                    self.order(Order::Signal(id, number));
                }
            }
            // This program alone: what starts programs goes on, and so do those that it started.
            Report::Failed(_, errno) => {
                let why = io::Error::from_raw_os_error(errno);
                self.callers[at].answer(&failed(&format!("the program's process: {why}")));
                self.stay.rests(Instant::now());
            }
            Report::NobodyStarts(_) => self.starts_nothing(at),
            Report::Ended(_, status) => {
                // Not by its caller: by another program, or of its own mistake. The kernel doesn't say which.
                let was_killed = libc::WIFSIGNALED(status);
                if was_killed && matches!(self.callers[at].state, State::Runs { signalled: false, .. }) {
                    self.stay.spoil();
                }
                self.callers[at].answer(&Answer::Ended(status));
                self.stay.rests(Instant::now());
            }
        }
        true
    }
}

fn failed(why: &str) -> Answer {
    Answer::Failed { why: why.to_owned(), code: 125 }
}

/// A program has ended what starts programs here. Who has not made this container makes another one, and who has would see the same
/// again.
pub(super) fn not_started(is_first: bool) -> Answer {
    if is_first { failed(NOTHING_STARTS) } else { Answer::Ending }
}
