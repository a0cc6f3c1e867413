//! What becomes of a touch, from the first look to the verdict.

mod carrying_out;
mod choosing;
mod revoking;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::asking::Asking;
use super::choosing::Choices;
use super::crier::Crier;
use super::denied::Denied;
use super::grantor::Grantor;
use super::grants::Grants;
use super::memory::{Memory, Recalled};
use super::offer::{Choice, Found, NoOffer, Offer};
use super::refusal::Refusal;
use super::throttle::{Limit, Throttle, ThrottleLimits, Touch as Throttled};
use super::touch::{Touch, Verdict, send_message};
use super::way::{NoWay, Way, follow};
use super::{Answer, Asked, Asker, Broker, Notice, Prompting, Question};
use crate::launch;
use crate::wine::{Drive, windows_path};

/// Who answers.
pub(super) enum Answers {
    Allow,
    Deny,
    Ask(Asking<Question, Answer>),
}

impl Answers {
    pub(super) fn of(prompting: Prompting, timeout: Duration) -> io::Result<Answers> {
        Ok(match prompting {
            Prompting::Allow => Answers::Allow,
            Prompting::Off | Prompting::Deny => Answers::Deny,
            Prompting::Ask(mut prompter) => {
                let ask = move |question: &Question| prompter.ask(question, Instant::now() + timeout);
                Answers::Ask(Asking::start(ask)?)
            }
        })
    }
}

pub(super) use revoking::Stop;

/// The broker's state.
pub(super) struct Desk {
    touches: OwnedFd,
    grants: Grants,
    memory: Memory,
    pub(super) answers: Answers,
    pub(super) choices: Choices,
    crier: Crier,
    package: String,
    /// Answered with no, or not to be offered.
    denied: Denied,
    /// Granted for reading, and the user wants no question about writing.
    read_only: HashSet<PathBuf>,
    /// Taken back in this run: nobody is asked about them again.
    revoked: HashSet<PathBuf>,
    throttle: Throttle<PathBuf, u64>,
    /// Questions that are raised and not asked yet; what the one that is asked is about.
    queue: VecDeque<Offer>,
    asked: Option<Offer>,
    questions: u64,
    /// What a Windows program calls its files.
    drives: Vec<Drive>,
}

impl Desk {
    /// In the thread that owns it from then on: the consent store is opened here.
    pub(super) fn new(asked: launch::Asked, broker: Broker, answers: Answers, choices: Choices) -> Desk {
        let Broker { say, judge, package, program, folder, how, run, for_run, questions, drives, .. } =
            broker;
        let mut memory = Memory::new(package.clone(), program, folder, how, run);
        memory.hold_later(for_run);
        // Nobody is disturbed by what a policy answers.
        let limits = match answers {
            Answers::Ask(_) => ThrottleLimits::default(),
            _ => ThrottleLimits { per_minute: usize::MAX, ..ThrottleLimits::default() },
        };
        Desk {
            touches: asked.touches,
            grants: Grants::new(asked.grantor, judge),
            memory,
            answers,
            choices,
            crier: Crier::new(say),
            package,
            denied: Denied::default(),
            read_only: HashSet::new(),
            revoked: HashSet::new(),
            throttle: Throttle::new(limits),
            queue: VecDeque::new(),
            asked: None,
            questions,
            drives,
        }
    }

    pub(super) fn touches(&self) -> &OwnedFd {
        &self.touches
    }

    pub(super) fn grantor(&self) -> &Grantor {
        self.grants.grantor()
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    pub(super) fn say(&mut self, notice: &Notice) {
        self.crier.say(notice);
    }

    /// Readable when the consent store may have changed.
    pub(super) fn watched(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.memory.watch().and_then(|watch| watch.descriptor())
    }

    pub(super) fn tell(&mut self) {
        for notice in self.memory.notices() {
            self.crier.say(&notice);
        }
    }

    /// Decides, or asks.
    pub(super) fn touched(&mut self, touch: Touch) {
        let id = touch.id;
        if touch.chooses {
            return self.choose(touch);
        }
        // Pid 1 sends canonical paths only. It is next to the program, so that is looked at here.
        if !is_canonical(&touch.path) {
            return self.verdict(id, false);
        }
        self.decide(touch, None);
    }

    /// The same for something that was named by this way.
    fn decide(&mut self, touch: Touch, way: Option<Way>) {
        let id = touch.id;
        // Hundreds of threads may wait for one answer: they cost no look each. Pid 1 looks again after it, and then a way is shown.
        if self.throttle.is_open(&touch.path) {
            return self.join(touch.path, id);
        }
        if let Some(granted) = self.at_once(&touch) {
            let granted = granted && self.show(way.as_ref());
            return self.verdict(id, granted);
        }
        let path = touch.path.clone();
        let found = match Found::look(touch, way, &self.grants) {
            Ok(found) => found,
            Err(NoOffer::Nothing) => return self.send(Verdict { id, granted: false, missing: true }),
            Err(NoOffer::Link(mut touch)) => {
                return match follow(&mut touch, &self.grants) {
                    Ok(way) => self.decide(*touch, Some(way)),
                    Err(NoWay::Nothing) => self.verdict(id, false),
                    Err(NoWay::Refused(why)) => self.not_offered(id, path, why),
                };
            }
        };
        if matches!(self.answers, Answers::Deny) {
            found.let_go(&self.grants);
            self.denied.insert(&path);
            return self.verdict(id, false);
        }
        // Before anything is looked through: whatever the program touches, that is done for questions that are asked.
        if let Err((limit, say)) = self.throttle.room(Instant::now()) {
            found.let_go(&self.grants);
            return self.refuse(id, limit, say);
        }
        let offer = match Offer::make(found, &mut self.grants, &self.memory) {
            Ok(offer) => offer,
            Err(why) => return self.not_offered(id, path, why),
        };
        match self.answers {
            Answers::Deny => {}
            Answers::Allow => {
                let wanted = offer.touch.wanted;
                let answer =
                    if offer.folder.is_some() { Answer::Folder(wanted) } else { Answer::This(wanted) };
                let decided = clock_gettime(ClockId::Monotonic);
                let decided = decided.tv_sec * 1_000_000_000 + decided.tv_nsec;
                let granted = self.carry_out(&offer, answer, false);
                self.verdict(id, granted);
                offer.let_go(&self.grants);
                let chosen = offer.folder.or(offer.this).filter(|_| granted);
                if let Some(Choice { path, .. }) = chosen {
                    self.crier.say(&Notice::Granted { path, rights: wanted, decided });
                }
            }
            Answers::Ask(_) => self.raise(offer),
        }
    }

    /// What needs no question: what was decided before.
    fn at_once(&mut self, touch: &Touch) -> Option<bool> {
        let path = touch.path.as_path();
        if self.denied.contains(path) || self.grants.judge().is_settled(path) {
            return Some(false);
        }
        if let Some((place, rights)) = self.grants.covering(path) {
            if touch.wanted.write && self.read_only.contains(&place) {
                return Some(false);
            }
            if rights.contains(touch.wanted) && (place != path || !touch.needs_folder) {
                let again = self.grants.again(&place, touch.wanted, &self.memory);
                return Some(again.unwrap_or_else(|why| self.failed(&place, why)));
            }
        }
        let revoked = path.ancestors().any(|place| self.revoked.contains(place));
        match self.memory.recall(path, touch.wanted) {
            Recalled::Nothing if revoked => Some(false),
            Recalled::Nothing => None,
            Recalled::Denied => Some(false),
            Recalled::Allowed { consent, object } => self.grant_again(&consent, object),
        }
    }

    fn not_offered(&mut self, id: u64, path: PathBuf, why: Refusal) {
        // What is so only for the moment is looked at again.
        let new = why == Refusal::Busy || self.denied.insert(&path);
        if new && !matches!(self.answers, Answers::Deny) {
            self.crier.say(&Notice::NotOffered { path, why: why.to_string() });
        }
        self.verdict(id, false);
    }

    fn raise(&mut self, offer: Offer) {
        let id = offer.touch.id;
        match self.throttle.touch(offer.touch.path.clone(), id, Instant::now()) {
            Throttled::Ask => {
                self.queue.push_back(offer);
                self.ask_next();
            }
            Throttled::Joined => offer.let_go(&self.grants),
            Throttled::Refused { waiter, limit, say } => {
                offer.let_go(&self.grants);
                self.refuse(waiter, limit, say);
            }
        }
    }

    /// Waits for the answer to the question that is open about `path`.
    fn join(&mut self, path: PathBuf, id: u64) {
        if let Throttled::Refused { waiter, limit, say } = self.throttle.touch(path, id, Instant::now()) {
            self.refuse(waiter, limit, say);
        }
    }

    /// What is over a limit is *no*.
    fn refuse(&mut self, id: u64, limit: Limit, say: bool) {
        if say {
            self.crier.say(&Notice::Limit(limit));
        }
        self.verdict(id, false);
    }

    /// Asks the next question that is still one.
    fn ask_next(&mut self) {
        while self.asked.is_none() {
            let Some(offer) = self.queue.pop_front() else { return };
            if let Some(granted) = self.at_once(&offer.touch) {
                self.settle(&offer, granted);
                continue;
            }
            let question = self.question(&offer);
            let asked = matches!(&self.answers, Answers::Ask(asking) if asking.ask(question));
            if asked {
                self.asked = Some(offer);
            } else {
                self.settle(&offer, false);
            }
        }
    }

    fn question(&mut self, offer: &Offer) -> Question {
        let Touch { path, wanted, executable, arguments, .. } = &offer.touch;
        self.questions += 1;
        Question {
            id: self.questions,
            package: self.package.clone(),
            asked: Asked::File {
                path: path.clone(),
                kind: offer.kind,
                makes: offer.makes(),
                this: offer.this.is_some(),
                named: offer.way.as_ref().map(|way| way.named.clone()),
                windows: windows_path(&self.drives, path),
                wanted: *wanted,
                folder: offer.folder.as_ref().map(|folder| folder.path.clone()),
            },
            asker: Some(Asker {
                executable: executable.clone(),
                arguments: arguments.clone(),
                pid: offer.touch.pid(),
            }),
        }
    }

    /// Somebody answered.
    pub(super) fn answered(&mut self, answer: Option<Answer>) {
        let Some(offer) = self.asked.take() else { return };
        let granted = match answer {
            None => {
                self.crier.say(&Notice::NoAnswer { path: offer.touch.path.clone() });
                false
            }
            Some(answer) => self.carry_out(&offer, answer, true),
        };
        if !granted {
            self.denied.insert(&offer.touch.path);
        }
        self.settle(&offer, granted);
        self.ask_next();
    }

    /// Nobody answers any more.
    pub(super) fn nobody_answers(&mut self) {
        self.answers = Answers::Deny;
        for offer in self.asked.take().into_iter().chain(std::mem::take(&mut self.queue)) {
            self.settle(&offer, false);
        }
    }

    /// Everybody who waits for the question goes on.
    fn settle(&mut self, offer: &Offer, granted: bool) {
        offer.let_go(&self.grants);
        for id in self.throttle.finish(&offer.touch.path) {
            self.verdict(id, granted);
        }
    }

    fn verdict(&self, id: u64, granted: bool) {
        self.send(Verdict { id, granted, missing: false });
    }

    fn send(&self, verdict: Verdict) {
        // If pid 1 is gone the loop sees it.
        let _ = send_message(self.touches.as_fd(), &verdict, true);
    }
}

/// Whether the path is absolute and every component a name.
fn is_canonical(path: &Path) -> bool {
    path.is_absolute() && path.components().skip(1).all(|part| matches!(part, Component::Normal(_)))
}
