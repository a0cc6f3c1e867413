//! What an answer does.

use std::path::Path;

use lowbox_policy::{FileId, GrantRights};

use super::Desk;
use crate::broker::grantor::Pin;
use crate::broker::offer::Offer;
use crate::broker::searches::Effort;
use crate::broker::way::Way;
use crate::broker::{Answer, Notice};
use crate::store::{Decision, FileConsent, Held};

impl Desk {
    /// Does what the answer says; whether the program sees more than before.
    pub(super) fn carry_out(&mut self, offer: &Offer, answer: Answer, remember: bool) -> bool {
        let wanted = offer.touch.wanted;
        let (chosen, rights) = match answer {
            Answer::This(rights) => (&offer.this, rights),
            Answer::Folder(rights) => (&offer.folder, rights),
            // A yes to a capability answers no question about a file.
            Answer::No | Answer::Allow => return false,
            Answer::Never => {
                let what = offer.this.as_ref().or(offer.folder.as_ref());
                if let Some(choice) = what {
                    // A no needs nothing to be carried out.
                    let _ = self.memory.remember(&choice.path, choice.pin.id, Decision::Deny, wanted, false);
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
        let rights = rights.union(self.grants.rights_at(&path));
        let read_only = wanted.write && !rights.write;
        // Before it is attached: what the program has, the store knows, whatever ends in between.
        let mut remembered = None;
        if !remember {
            self.memory.hold_for_run(Held::File(path.clone()));
        } else {
            remembered = self.memory.remember(&path, pin.id, Decision::Allow, rights, read_only);
            if remembered.is_none() {
                return false;
            }
        }
        let known = choice.generation == self.grants.generation() && rights == wanted;
        let known = known.then_some(&choice.binds);
        let effort = if remember { Effort::Answer } else { Effort::Touch };
        match self.grants.grant(&path, pin, rights, known, &self.memory, effort) {
            Ok(()) => {
                if read_only {
                    self.read_only.insert(path);
                }
                self.show(offer.way.as_ref())
            }
            Err(why) => {
                let has = self.grants.rights_at(&path) != GrantRights::default();
                if !remember && !has {
                    self.memory.let_go(&path);
                }
                let forgotten = remembered.is_none_or(|answer| self.memory.take_back(&answer, has));
                self.crier.say(&Notice::Failed { path, why, forgotten });
                false
            }
        }
    }

    /// Attaches an object that was consented to before; says why where that fails.
    pub(super) fn grant(&mut self, path: &Path, pin: Pin, rights: GrantRights) -> bool {
        match self.grants.grant(path, pin, rights, None, &self.memory, Effort::Touch) {
            Ok(()) => true,
            Err(why) => self.failed(path, why),
        }
    }

    /// The same of what is remembered, if that object is still there; `None` if nothing is.
    pub(super) fn grant_again(&mut self, consent: &FileConsent, object: FileId) -> Option<bool> {
        let pin = self.grantor().look(&consent.path).ok()?;
        let held = pin.id == object && self.memory.hold(consent);
        let granted = held && self.grant(&consent.path, pin, consent.rights);
        self.grantor().unpin(pin);
        Some(granted)
    }

    pub(super) fn failed(&mut self, path: &Path, why: String) -> bool {
        self.crier.say(&Notice::Failed { path: path.to_owned(), why, forgotten: true });
        false
    }

    /// Shows the program the links by which it named something that it has.
    pub(super) fn show(&mut self, way: Option<&Way>) -> bool {
        let Some(way) = way else { return true };
        match self.grants.show(way) {
            Ok(()) => true,
            Err(why) => self.failed(&way.named, why),
        }
    }
}
