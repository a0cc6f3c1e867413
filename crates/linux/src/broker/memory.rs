//! What was consented to before, and what is remembered of the answers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lowbox_policy::{FileId, GrantRights};

use super::Notice;
use crate::host::Shown;
use crate::store::{
    Decision, FileConsent, Held, How, NewFileConsent, Outcome, Revocation, RunId, Standing, Store,
    StoreError, Tentative, Watch,
};

/// When a run that has something by a policy begins to look for revocations: to close what tells of them takes the kernel longer
/// than a short program does.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The consent store, as the broker of one run uses it.
pub(super) struct Memory {
    package: String,
    program: PathBuf,
    folder: PathBuf,
    how: How,
    store: Option<Store>,
    run: Option<RunId>,
    watch: Option<Watch>,
    /// What the run has without an entry, not noted yet, and when to begin: see [`FIRST_LOOK`].
    later: Vec<Held>,
    begins: Option<Instant>,
    /// Something may have been revoked before the watch began.
    unread: bool,
    /// That the store could not be opened was said.
    unusable: bool,
    /// What to tell the user.
    notices: Vec<Notice>,
}

impl Memory {
    pub(super) fn new(
        package: String,
        program: PathBuf,
        folder: PathBuf,
        how: How,
        run: Option<RunId>,
    ) -> Memory {
        let mut memory = Memory {
            package,
            program,
            folder,
            how,
            store: None,
            run,
            watch: None,
            later: Vec::new(),
            begins: None,
            unread: true,
            unusable: false,
            notices: Vec::new(),
        };
        match Store::open_existing(&memory.folder) {
            Ok(store) => memory.store = store,
            Err(error) => memory.complain(&error),
        }
        if memory.run.is_some() {
            memory.begin_to_watch();
        }
        memory
    }

    /// Once this run has something that can be revoked: to close a watch takes the kernel longer than a short program.
    fn begin_to_watch(&mut self) {
        if self.watch.is_some() {
            return;
        }
        match self.store.as_mut().map(Watch::new) {
            Some(Ok(watch)) => {
                self.watch = Some(watch);
                self.unread = true;
            }
            Some(Err(error)) => self.complain(&error),
            None => {}
        }
    }

    fn complain(&mut self, error: &StoreError) {
        self.notices.push(Notice::Store(error.to_string()));
    }

    /// What to tell the user since the last time.
    pub(super) fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// How long the broker's loop may wait before it looks for revocations; `None` if the watch's descriptor tells.
    pub(super) fn patience(&self) -> Option<Duration> {
        let begins = self.begins.map(|begins| begins.saturating_duration_since(Instant::now()));
        begins.into_iter().chain(self.watch.as_ref().and_then(Watch::timeout)).min()
    }

    /// Notes that this run has something without an entry, by a policy, so that whoever revokes it finds the run. To be called
    /// before it is given.
    pub(super) fn hold_for_run(&mut self, what: Held) {
        self.later.push(what);
        self.hold_what_was_left();
        if self.watch.is_none() && self.begins.is_none() {
            self.begins = Some(Instant::now() + FIRST_LOOK);
        }
    }

    /// The same for what the program has from its start, a second later: short programs don't wait for the store.
    pub(super) fn hold_later(&mut self, what: Vec<Held>) {
        if !what.is_empty() {
            self.later = what;
            self.begins = Some(Instant::now() + FIRST_LOOK);
        }
    }

    fn hold_what_was_left(&mut self) {
        if self.later.is_empty() || !self.open_store() {
            self.later.clear();
            return;
        }
        let Some(store) = &mut self.store else { return };
        let run = match self.run {
            Some(run) => Ok(run),
            None => store.register_run(&self.package, &self.program),
        };
        let held = run.and_then(|run| {
            self.run = Some(run);
            // Each is tried once: what can't be noted is said below.
            std::mem::take(&mut self.later).iter().try_for_each(|what| store.hold_for_run(run, what))
        });
        // The user wanted no question; that it can't be revoked is said.
        if let Err(error) = held {
            self.complain(&error);
        }
    }

    /// Notes that nothing is at a path any more.
    pub(super) fn let_go(&mut self, path: &Path) {
        if let (Some(run), Some(store)) = (self.run, &mut self.store)
            && let Err(error) = store.let_go(run, path)
        {
            self.complain(&error);
        }
    }

    /// Opens the store, made if there is none; `false`, and it was said why, if it can't be used.
    fn open_store(&mut self) -> bool {
        if self.store.is_none() {
            match Store::open_or_create(&self.folder) {
                Ok(store) => self.store = Some(store),
                Err(error) if self.unusable => drop(error),
                Err(error) => {
                    self.unusable = true;
                    self.complain(&error);
                }
            }
        }
        self.store.is_some()
    }

    /// For the broker's loop.
    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    /// What holds for the object: an entry for it or for a folder above it.
    pub(super) fn recall(&mut self, path: &Path, wanted: GrantRights) -> Recalled {
        let Some(store) = &self.store else { return Recalled::Nothing };
        let covering = match store.covering(&self.package, path) {
            Ok(covering) => covering,
            Err(error) => {
                self.complain(&error);
                return Recalled::Nothing;
            }
        };
        let denied = |consent: &FileConsent| {
            consent.decision == Decision::Deny && wanted.contains_any(consent.rights)
                || consent.read_only && wanted.write
        };
        if covering.iter().any(|(consent, standing)| !standing.is_void() && denied(consent)) {
            return Recalled::Denied;
        }
        let holds = |(consent, standing): (FileConsent, Standing)| {
            let object = standing.object(consent.object)?;
            (consent.decision == Decision::Allow && consent.rights.contains(wanted))
                .then_some((consent, object))
        };
        covering.into_iter().find_map(holds).map_or(Recalled::Nothing, |(consent, object)| {
            Recalled::Allowed { consent: Box::new(consent), object }
        })
    }

    /// Refuses a folder in which something is denied: a mount shows all that is in it.
    ///
    /// # Errors
    /// Why, as a sentence.
    pub(super) fn allows(&self, path: &Path, rights: GrantRights) -> Result<(), String> {
        let Some(store) = &self.store else { return Ok(()) };
        let denied = store.denied_beneath(&self.package, path, rights).map_err(|error| error.to_string())?;
        match denied {
            None => Ok(()),
            Some(denied) => Err(format!(
                "you denied {}, which is in it; lowbox consent revoke {} forgets that",
                Shown(&denied),
                Shown(&denied)
            )),
        }
    }

    /// Remembers an answer, on the disk, and notes that this run has it. What comes back can be undone; `None` if it was revoked
    /// in the same moment, or if this run could not be told of a revocation.
    pub(super) fn remember(
        &mut self,
        path: &Path,
        object: FileId,
        decision: Decision,
        rights: GrantRights,
        read_only: bool,
    ) -> Option<Remembered> {
        self.open_store();
        let Some(store) = &mut self.store else { return Some(Remembered(None)) };
        let new = NewFileConsent {
            package: &self.package,
            path,
            object,
            decision,
            rights,
            read_only,
            how: self.how,
        };
        match store.remember_tentatively(&new) {
            Ok(tentative) if decision == Decision::Allow && !self.hold(&tentative.consent) => {
                // What it may have there from its start it still has.
                self.take_back(&Remembered(Some(tentative)), true);
                None
            }
            Ok(tentative) => Some(Remembered(Some(tentative))),
            Err(error) => {
                self.complain(&error);
                self.store = None;
                Some(Remembered(None))
            }
        }
    }

    /// Forgets an answer that was not carried out; what was remembered before holds again. `has` tells whether this run has
    /// something at the path all the same. `false` if the answer stays.
    pub(super) fn take_back(&mut self, remembered: &Remembered, has: bool) -> bool {
        let (Remembered(Some(tentative)), Some(store)) = (remembered, &mut self.store) else { return true };
        // What another lowbox has said meanwhile is not this answer.
        let undone = store.take_back(tentative).and_then(|_| match (self.run, has) {
            (Some(run), false) => store.let_go(run, &tentative.consent.path),
            _ => Ok(()),
        });
        undone.map_err(|error| self.complain(&error)).is_ok()
    }

    /// Notes that this run has what the entry allows; `false` if it was revoked.
    pub(super) fn hold(&mut self, consent: &FileConsent) -> bool {
        let Some(store) = &mut self.store else { return true };
        let run = match self.run {
            Some(run) => Ok(run),
            None => store.register_run(&self.package, &self.program),
        };
        let held = run.and_then(|run| {
            self.run = Some(run);
            store.hold(run, consent)
        });
        // Before anything is attached: whoever revokes it from now on is heard.
        self.begin_to_watch();
        match held {
            Ok(held) => held && self.watch.is_some(),
            Err(error) => {
                // Who can't be told of a revocation must not have it.
                self.complain(&error);
                false
            }
        }
    }

    /// The consents of this run that were taken back since the last time.
    pub(super) fn revocations(&mut self) -> Vec<Revocation> {
        if self.begins.is_some_and(|begins| Instant::now() >= begins) {
            self.begins = None;
            self.hold_what_was_left();
            self.begin_to_watch();
        }
        let changed = self.watch.as_mut().is_some_and(Watch::changed);
        if !changed && !std::mem::take(&mut self.unread) {
            return Vec::new();
        }
        let (Some(store), Some(run)) = (&mut self.store, self.run) else { return Vec::new() };
        match store.revocations(run) {
            Ok(revocations) => revocations,
            Err(error) => {
                self.complain(&error);
                Vec::new()
            }
        }
    }

    /// Says what became of one.
    pub(super) fn answer(&mut self, revocation: &Revocation, outcome: Outcome) {
        if let Some(Err(error)) = self.store.as_mut().map(|store| store.answer(revocation.id, outcome)) {
            self.complain(&error);
        }
    }

    /// The container has ended.
    pub(super) fn close(&mut self) {
        if let (Some(store), Some(run)) = (&mut self.store, self.run) {
            // A row that stays is recognised as stale.
            let _ = store.unregister_run(run);
        }
    }
}

/// An answer that was remembered, as it has to be before it is carried out; without anything if the store can't be used.
#[must_use]
#[derive(Debug)]
pub(super) struct Remembered(Option<Tentative>);

/// What is remembered of an object.
#[derive(Debug)]
pub(super) enum Recalled {
    Nothing,
    Denied,
    Allowed { consent: Box<FileConsent>, object: FileId },
}
