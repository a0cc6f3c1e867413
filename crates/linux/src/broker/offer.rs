//! What may be answered to a touch.

use std::path::PathBuf;

use lowbox_policy::{Bind, NodeKind};

use super::grantor::Pin;
use super::grants::Grants;
use super::memory::Memory;
use super::touch::Touch;

/// What may be answered to a touch, with the objects held that it is about.
pub(super) struct Offer {
    pub(super) touch: Touch,
    pub(super) this: Option<Choice>,
    pub(super) folder: Option<Choice>,
}

/// An object that may be granted.
#[derive(Clone)]
pub(super) struct Choice {
    pub(super) path: PathBuf,
    pub(super) pin: Pin,
    /// What a consent to all that is wanted comes to, as long as nothing else was granted.
    pub(super) binds: Vec<Bind>,
    pub(super) generation: u64,
}

/// Why nothing is offered.
pub(super) enum NoOffer {
    /// For the user, too, nothing is there.
    Nothing,
    /// It can't be granted: why, as a sentence.
    Refused { path: PathBuf, why: String },
}

impl Offer {
    /// What the user can be offered.
    ///
    /// # Errors
    /// [`NoOffer`].
    pub(super) fn make(touch: Touch, grants: &Grants, memory: &Memory) -> Result<Offer, NoOffer> {
        let path = touch.path.clone();
        let grantor = grants.grantor();
        let this = match grantor.look(&path) {
            Ok(pin) => Some(pin),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT) if touch.creates || touch.needs_folder => None,
                Some(libc::ELOOP) => {
                    let why =
                        "the path goes through a symbolic link; grant the path that it leads to".to_owned();
                    return Err(NoOffer::Refused { path, why });
                }
                _ => return Err(NoOffer::Nothing),
            },
        };
        let mut refusal = None;
        let mut choice = |path: PathBuf, pin: Pin| {
            let generation = grants.generation();
            let allowed = memory.allows(&path, touch.wanted);
            match allowed.and_then(|()| grants.judge().binds(&path, pin.id, touch.wanted)) {
                Ok(binds) => Some(Choice { path, pin, binds, generation }),
                Err(why) => {
                    grantor.unpin(pin);
                    refusal = Some(why);
                    None
                }
            }
        };
        // A folder is asked for itself, unless its own name is changed.
        let is_folder = this.is_some_and(|pin| pin.id.kind == NodeKind::Dir);
        let folder = match is_folder && !touch.needs_folder {
            true => None,
            false => grants.judge().folder_of(&path).and_then(|folder| {
                let pin = grantor.look(&folder).ok()?;
                choice(folder, pin)
            }),
        };
        let this = match this {
            Some(pin) if touch.needs_folder => {
                grantor.unpin(pin);
                None
            }
            this => this.and_then(|pin| choice(path.clone(), pin)),
        };
        if this.is_none() && folder.is_none() {
            let why =
                refusal.unwrap_or_else(|| "its folder can't be granted while the program runs".to_owned());
            return Err(NoOffer::Refused { path, why });
        }
        Ok(Offer { touch, this, folder })
    }

    /// Holds the objects no longer.
    pub(super) fn let_go(&self, grants: &Grants) {
        for choice in self.this.iter().chain(&self.folder) {
            grants.grantor().unpin(choice.pin);
        }
    }
}
