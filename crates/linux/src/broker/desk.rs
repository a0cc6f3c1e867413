//! What becomes of a touch, from the first look to the verdict.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use lowbox_policy::{Bind, GrantRights, NodeKind};
use rustix::time::{ClockId, clock_gettime};

use super::asking::Asking;
use super::crier::Crier;
use super::denied::Denied;
use super::grantor::{Attached, Grantor, Pin};
use super::judge::Judge;
use super::memory::{Memory, Recalled};
use super::throttle::{Throttle, ThrottleLimits, Touch as Throttled};
use super::touch::{Touch, Verdict, send_message};
use super::{Answer, Asked, Asker, Broker, Notice, Prompting, Question};
use crate::launch;
use crate::store::{Decision, Effect, Held, Outcome};

/// Who answers.
pub(super) enum Answers {
    Allow,
    Deny,
    Ask(Asking),
}

impl Answers {
    pub(super) fn of(prompting: Prompting, timeout: Duration) -> io::Result<Answers> {
        Ok(match prompting {
            Prompting::Allow => Answers::Allow,
            Prompting::Off | Prompting::Deny => Answers::Deny,
            Prompting::Ask(prompter) => Answers::Ask(Asking::start(prompter, timeout)?),
        })
    }
}

/// A grant of this run.
struct Granted {
    attached: Attached,
    pin_id: lowbox_policy::FileId,
    rights: GrantRights,
}

/// What may be answered to a touch, with the objects held that it is about.
struct Offer {
    touch: Touch,
    this: Option<Choice>,
    folder: Option<Choice>,
}

/// An object that may be granted.
#[derive(Clone)]
struct Choice {
    path: PathBuf,
    pin: Pin,
    /// What a consent to all that is wanted comes to, as long as nothing else was granted.
    binds: Vec<Bind>,
    generation: u64,
}

/// The broker's state.
pub(super) struct Desk {
    touches: OwnedFd,
    grantor: Grantor,
    judge: Judge,
    memory: Memory,
    pub(super) answers: Answers,
    crier: Crier,
    package: String,
    granted: BTreeMap<PathBuf, Granted>,
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
    /// Counts what changes what a consent comes to.
    generation: u64,
}

/// Why the broker ends before the container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The grantor is gone.
    Grantor,
    /// A consent was revoked.
    Revoked,
}

impl Desk {
    /// In the thread that owns it from then on: the consent store is opened here.
    pub(super) fn new(asked: launch::Asked, broker: Broker, answers: Answers) -> Desk {
        let Broker { say, judge, package, program, folder, how, run, questions, .. } = broker;
        let memory = Memory::new(package.clone(), program, folder, how, run);
        // Nobody is disturbed by what a policy answers.
        let limits = match answers {
            Answers::Ask(_) => ThrottleLimits::default(),
            _ => ThrottleLimits { per_minute: usize::MAX, ..ThrottleLimits::default() },
        };
        Desk {
            touches: asked.touches,
            grantor: asked.grantor,
            judge,
            memory,
            answers,
            crier: Crier::new(say),
            package,
            granted: BTreeMap::new(),
            denied: Denied::default(),
            read_only: HashSet::new(),
            revoked: HashSet::new(),
            throttle: Throttle::new(limits),
            queue: VecDeque::new(),
            asked: None,
            questions,
            generation: 0,
        }
    }

    pub(super) fn touches(&self) -> &OwnedFd {
        &self.touches
    }

    pub(super) fn grantor(&self) -> &Grantor {
        &self.grantor
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
        // Pid 1 sends canonical paths only. It is next to the program, so that is looked at here.
        if !is_canonical(&touch.path) {
            return self.verdict(id, false);
        }
        // Hundreds of threads may wait for one answer: they cost no look each.
        if self.throttle.is_open(&touch.path) {
            return self.join(touch.path, id);
        }
        if let Some(granted) = self.at_once(&touch) {
            return self.verdict(id, granted);
        }
        let offer = match self.offer(touch) {
            Ok(offer) => offer,
            Err(()) => return self.verdict(id, false),
        };
        match self.answers {
            Answers::Deny => {
                self.let_go(&offer);
                self.denied.insert(&offer.touch.path);
                self.verdict(id, false);
            }
            Answers::Allow => {
                let wanted = offer.touch.wanted;
                let answer =
                    if offer.folder.is_some() { Answer::Folder(wanted) } else { Answer::This(wanted) };
                let decided = clock_gettime(ClockId::Monotonic);
                let decided = decided.tv_sec * 1_000_000_000 + decided.tv_nsec;
                let granted = self.carry_out(&offer, answer, false);
                self.verdict(id, granted);
                self.let_go(&offer);
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
        if self.denied.contains(path) || self.judge.is_settled(path) {
            return Some(false);
        }
        if let Some((place, granted)) = self.covering(path) {
            if touch.wanted.write && self.read_only.contains(&place) {
                return Some(false);
            }
            if granted.rights.contains(touch.wanted) && (place != path || !touch.needs_folder) {
                return Some(self.again(&place, touch.wanted));
            }
        }
        let revoked = path.ancestors().any(|place| self.revoked.contains(place));
        match self.memory.recall(path, touch.wanted) {
            Recalled::Nothing if revoked => Some(false),
            Recalled::Nothing => None,
            Recalled::Denied => Some(false),
            Recalled::Allowed { consent, object } => {
                let pin = self.grantor.look(&consent.path).ok()?;
                let held = pin.id == object && self.memory.hold(&consent);
                let granted = held && self.grant(&consent.path, pin, consent.rights);
                self.grantor.unpin(pin);
                Some(granted)
            }
        }
    }

    /// The deepest grant that the path lies in.
    fn covering(&self, path: &Path) -> Option<(PathBuf, &Granted)> {
        path.ancestors().find_map(|place| Some((place.to_owned(), self.granted.get(place)?)))
    }

    /// A granted object was touched and is not seen: it was granted just now; or it is a file that was replaced on the host
    /// (an editor's save), which the consent to its path covers; or a folder that was removed.
    fn again(&mut self, place: &Path, wanted: GrantRights) -> bool {
        let Some(granted) = self.granted.get(place) else { return false };
        let (was, rights) = (granted.pin_id, granted.rights);
        let Ok(pin) = self.grantor.look(place) else { return false };
        let seen = if pin.id == was {
            true
        } else if pin.id.kind == NodeKind::File && was.kind == NodeKind::File {
            self.withdraw(place);
            self.grant(place, pin, rights.union(wanted))
        } else {
            false
        };
        self.grantor.unpin(pin);
        seen
    }

    /// What the user can be offered; nothing if it does not exist, or can't be granted.
    fn offer(&mut self, touch: Touch) -> Result<Offer, ()> {
        let path = touch.path.clone();
        let this = match self.grantor.look(&path) {
            Ok(pin) => Some(pin),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT) if touch.creates || touch.needs_folder => None,
                Some(libc::ELOOP) => {
                    let why =
                        "the path goes through a symbolic link; grant the path that it leads to".to_owned();
                    return self.not_offered(path, why);
                }
                // For the user, too, nothing is there.
                _ => return Err(()),
            },
        };
        let mut refusal = None;
        let mut choice = |path: PathBuf, pin: Pin| {
            let generation = self.generation;
            let allowed = self.memory.allows(&path, touch.wanted);
            match allowed.and_then(|()| self.judge.binds(&path, pin.id, touch.wanted)) {
                Ok(binds) => Some(Choice { path, pin, binds, generation }),
                Err(why) => {
                    self.grantor.unpin(pin);
                    refusal = Some(why);
                    None
                }
            }
        };
        // A folder is asked for itself, unless its own name is changed.
        let is_folder = this.is_some_and(|pin| pin.id.kind == NodeKind::Dir);
        let folder = match is_folder && !touch.needs_folder {
            true => None,
            false => self.judge.folder_of(&path).and_then(|folder| {
                let pin = self.grantor.look(&folder).ok()?;
                choice(folder, pin)
            }),
        };
        let this = match this {
            Some(pin) if touch.needs_folder => {
                self.grantor.unpin(pin);
                None
            }
            this => this.and_then(|pin| choice(path.clone(), pin)),
        };
        if this.is_none() && folder.is_none() {
            let why =
                refusal.unwrap_or_else(|| "its folder can't be granted while the program runs".to_owned());
            return self.not_offered(path, why);
        }
        Ok(Offer { touch, this, folder })
    }

    fn not_offered(&mut self, path: PathBuf, why: String) -> Result<Offer, ()> {
        if self.denied.insert(&path) && !matches!(self.answers, Answers::Deny) {
            self.crier.say(&Notice::NotOffered { path, why });
        }
        Err(())
    }

    fn raise(&mut self, offer: Offer) {
        let id = offer.touch.id;
        match self.throttle.touch(offer.touch.path.clone(), id, Instant::now()) {
            Throttled::Ask => {
                self.queue.push_back(offer);
                self.ask_next();
            }
            Throttled::Joined => self.let_go(&offer),
            Throttled::Refused { waiter, limit, say } => {
                if say {
                    self.crier.say(&Notice::Limit(limit));
                }
                self.let_go(&offer);
                self.verdict(waiter, false);
            }
        }
    }

    /// Waits for the answer to the question that is open about `path`.
    fn join(&mut self, path: PathBuf, id: u64) {
        if let Throttled::Refused { waiter, limit, say } = self.throttle.touch(path, id, Instant::now()) {
            if say {
                self.crier.say(&Notice::Limit(limit));
            }
            self.verdict(waiter, false);
        }
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
        let Touch { path, wanted, executable, arguments, pid, .. } = &offer.touch;
        self.questions += 1;
        Question {
            id: self.questions,
            package: self.package.clone(),
            asked: Asked::File {
                path: path.clone(),
                kind: offer.this.as_ref().map(|this| this.pin.id.kind),
                wanted: *wanted,
                folder: offer.folder.as_ref().map(|folder| folder.path.clone()),
            },
            asker: Some(Asker { executable: executable.clone(), arguments: arguments.clone(), pid: *pid }),
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
        self.let_go(offer);
        for id in self.throttle.finish(&offer.touch.path) {
            self.verdict(id, granted);
        }
    }

    fn let_go(&self, offer: &Offer) {
        for choice in offer.this.iter().chain(&offer.folder) {
            self.grantor.unpin(choice.pin);
        }
    }

    /// Does what the answer says; whether the program sees more than before.
    fn carry_out(&mut self, offer: &Offer, answer: Answer, remember: bool) -> bool {
        let wanted = offer.touch.wanted;
        let (chosen, rights) = match answer {
            Answer::This(rights) => (&offer.this, rights),
            Answer::Folder(rights) => (&offer.folder, rights),
            // A yes to a capability answers no question about a file.
            Answer::No | Answer::Allow => return false,
            Answer::Never => {
                let what = offer.this.as_ref().or(offer.folder.as_ref());
                if let Some(choice) = what {
                    self.memory.remember(&choice.path, choice.pin.id, Decision::Deny, wanted, false);
                }
                return false;
            }
        };
        // An answer gives what was asked for, or less.
        let Some(choice) = chosen else { return false };
        if !wanted.contains(rights) || !rights.read {
            return false;
        }
        let (path, pin) = (choice.path.clone(), choice.pin);
        let before = self.granted.get(&path).map(|granted| granted.rights).unwrap_or_default();
        let rights = rights.union(before);
        let read_only = wanted.write && !rights.write;
        if remember && !self.memory.remember(&path, pin.id, Decision::Allow, rights, read_only) {
            return false;
        }
        if read_only {
            self.read_only.insert(path.clone());
        }
        let known = choice.generation == self.generation && rights == wanted;
        self.grant_as(&path, pin, rights, known.then_some(&choice.binds))
    }

    /// Attaches the object, and again what is granted wider beneath it.
    fn grant(&mut self, path: &Path, pin: Pin, rights: GrantRights) -> bool {
        self.grant_as(path, pin, rights, None)
    }

    fn grant_as(&mut self, path: &Path, pin: Pin, rights: GrantRights, known: Option<&Vec<Bind>>) -> bool {
        match self.try_grant(path, pin, rights, known) {
            Ok(()) => true,
            Err(why) => {
                self.crier.say(&Notice::Failed { path: path.to_owned(), why });
                false
            }
        }
    }

    fn try_grant(
        &mut self,
        path: &Path,
        pin: Pin,
        rights: GrantRights,
        known: Option<&Vec<Bind>>,
    ) -> Result<(), String> {
        let (wanted, mut rights) = (rights, rights);
        // What was granted at the launch is changed where it is: who is in it already stays in it.
        if !self.granted.contains_key(path)
            && let Ok((attached, before)) = self.grantor.adopt(pin, path)
        {
            rights = rights.union(before);
            self.granted.insert(path.to_owned(), Granted { attached, pin_id: pin.id, rights: before });
        }
        let known = known.filter(|_| rights == wanted);
        self.memory.allows(path, rights)?;
        Judge::fifos(path, pin.id, rights)?;
        let binds = match known {
            Some(binds) => binds.clone(),
            None => self.judge.binds(path, pin.id, rights)?,
        };
        self.generation += 1;
        let told = |error: io::Error| error.to_string();
        if let Some(granted) = self.granted.get_mut(path) {
            let changed = self.grantor.change(&granted.attached, rights.write, rights.execute);
            if granted.pin_id == pin.id && changed.is_ok() {
                granted.rights = rights;
                self.judge.granted(path, pin.id, rights);
                // What was granted beneath it on its own has its own mount.
                for bind in binds.iter().filter(|bind| bind.path != path) {
                    if let Some(beneath) = self.granted.get(&bind.path) {
                        let wider = self.grantor.change(&beneath.attached, bind.writable, bind.executable);
                        wider.map_err(told)?;
                    }
                }
                return Ok(());
            }
            self.withdraw(path);
        }
        let attached = self.grantor.attach(pin, path, rights.write, rights.execute).map_err(told)?;
        self.granted.insert(path.to_owned(), Granted { attached, pin_id: pin.id, rights });
        self.judge.granted(path, pin.id, rights);
        for bind in binds.iter().filter(|bind| bind.path != path) {
            let beneath = self.grantor.look(&bind.path).map_err(told)?;
            let again = match beneath.id == bind.id {
                true => {
                    self.grantor.attach(beneath, &bind.path, bind.writable, bind.executable).map_err(told)
                }
                false => Err(format!("something else is at {} now", crate::host::Shown(&bind.path))),
            };
            self.grantor.unpin(beneath);
            let attached = again?;
            if let Some(granted) = self.granted.get_mut(&bind.path) {
                granted.attached = attached;
            }
        }
        Ok(())
    }

    /// Takes a grant away again.
    fn withdraw(&mut self, path: &Path) -> bool {
        self.judge.withdrawn(path);
        self.generation += 1;
        let Some(granted) = self.granted.remove(path) else { return false };
        // What was attached over something beneath it went with it, or is taken away first.
        self.grantor.detach(&granted.attached).is_ok()
    }

    /// The same for what was granted at the launch.
    fn withdraw_of_launch(&mut self, path: &Path) -> bool {
        let Ok(pin) = self.grantor.look(path) else { return false };
        let adopted = self.grantor.adopt(pin, path);
        self.grantor.unpin(pin);
        adopted.is_ok_and(|(attached, _)| self.grantor.detach(&attached).is_ok())
    }

    /// Carries out what the user took back.
    pub(super) fn revoke(&mut self) -> Option<Stop> {
        let mut stop = None;
        for revocation in self.memory.revocations() {
            let outcome = match (&revocation.what, revocation.effect) {
                (Held::File(path), Effect::Detach) => {
                    self.revoked.insert(path.clone());
                    if self.withdraw(path) || self.withdraw_of_launch(path) {
                        self.crier.say(&Notice::Detached { path: path.clone() });
                        Outcome::Detached
                    } else {
                        Outcome::NextStart
                    }
                }
                (Held::Capability(_), Effect::Detach) => Outcome::NextStart,
                (what, Effect::End) => {
                    let what = match what {
                        Held::File(path) => crate::host::Shown(path).to_string(),
                        Held::Capability(name) => name.clone(),
                    };
                    self.crier.say(&Notice::Revoked { what });
                    stop = Some(Stop::Revoked);
                    Outcome::Ending
                }
            };
            self.memory.answer(&revocation, outcome);
        }
        stop
    }

    fn verdict(&self, id: u64, granted: bool) {
        // If pid 1 is gone the loop sees it.
        let _ = send_message(self.touches.as_fd(), &Verdict { id, granted }, true);
    }
}

/// Whether the path is absolute and every component a name.
fn is_canonical(path: &Path) -> bool {
    path.is_absolute() && path.components().skip(1).all(|part| matches!(part, Component::Normal(_)))
}
