//! What may be answered to a touch.

use std::path::PathBuf;

use lowbox_policy::{Bind, NodeKind};

use super::grantor::Pin;
use super::grants::Grants;
use super::memory::Memory;
use super::refusal::Refusal;
use super::touch::Touch;
use super::way::Way;

/// What may be answered to a touch, with the objects held that it is about.
pub(super) struct Offer {
    pub(super) touch: Touch,
    /// Through links.
    pub(super) way: Option<Way>,
    /// What is there, whether it may be granted or not.
    pub(super) kind: Option<NodeKind>,
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
    /// The path goes through a link.
    Link(Box<Touch>),
}

/// What a touch is about.
pub(super) struct Found {
    touch: Touch,
    way: Option<Way>,
    /// What is there, held; nothing where it is to be made.
    this: Option<Pin>,
}

impl Found {
    /// Looks what is there, which takes no longer for a large folder than for a small one.
    ///
    /// # Errors
    /// [`NoOffer`].
    pub(super) fn look(touch: Touch, way: Option<Way>, grants: &Grants) -> Result<Found, NoOffer> {
        let this = match grants.grantor().look(&touch.path) {
            Ok(pin) => Some(pin),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT) if touch.creates || touch.needs_folder => None,
                // One that came just now is not followed.
                Some(libc::ELOOP) if way.is_none() => return Err(NoOffer::Link(Box::new(touch))),
                _ => return Err(NoOffer::Nothing),
            },
        };
        Ok(Found { touch, way, this })
    }

    pub(super) fn let_go(self, grants: &Grants) {
        self.this.into_iter().for_each(|pin| grants.grantor().unpin(pin));
    }
}

impl Offer {
    /// What the user can be offered.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn make(found: Found, grants: &mut Grants, memory: &Memory) -> Result<Offer, Refusal> {
        let Found { touch, way, this } = found;
        let path = touch.path.clone();
        let kind = this.map(|pin| pin.id.kind);
        let mut refusal = None;
        let mut choice = |grants: &mut Grants, path: PathBuf, pin: Pin| {
            let generation = grants.generation();
            match grants.may_be(&path, pin.id, touch.wanted, memory) {
                Ok(binds) => Some(Choice { path, pin, binds, generation }),
                Err(why) => {
                    grants.grantor().unpin(pin);
                    refusal = Some(why);
                    None
                }
            }
        };
        // A folder is asked for itself, unless its own name is changed.
        let is_folder = kind == Some(NodeKind::Dir);
        let mut folder = None;
        if (!is_folder || touch.needs_folder)
            && let Some(above) = grants.judge().folder_of(&path)
            && let Ok(pin) = grants.grantor().look(&above)
        {
            folder = choice(grants, above, pin);
        }
        let this = match this {
            Some(pin) if touch.needs_folder => {
                grants.grantor().unpin(pin);
                None
            }
            this => this.and_then(|pin| choice(grants, path, pin)),
        };
        if this.is_none() && folder.is_none() {
            return Err(refusal.unwrap_or_else(|| {
                Refusal::Never("its folder can't be granted while the program runs".to_owned())
            }));
        }
        Ok(Offer { touch, way, kind, this, folder })
    }

    /// What the call makes.
    pub(super) fn makes(&self) -> Option<NodeKind> {
        let makes = self.touch.needs_folder || self.touch.creates && self.kind.is_none();
        makes.then_some(if self.touch.makes_folder { NodeKind::Dir } else { NodeKind::File })
    }

    /// Holds the objects no longer.
    pub(super) fn let_go(&self, grants: &Grants) {
        for choice in self.this.iter().chain(&self.folder) {
            grants.grantor().unpin(choice.pin);
        }
    }
}
