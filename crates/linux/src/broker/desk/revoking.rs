//! What the user took back while the program runs.

use super::Desk;
use crate::broker::Notice;
use crate::host::Shown;
use crate::store::{Effect, Held, Outcome};

/// Why the broker ends before the container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::broker) enum Stop {
    /// The grantor is gone.
    Grantor,
    /// A consent was revoked.
    Revoked,
}

impl Desk {
    /// Carries out what the user took back.
    pub(in crate::broker) fn revoke(&mut self) -> Option<Stop> {
        let mut stop = None;
        for revocation in self.memory.revocations() {
            let outcome = match (&revocation.what, revocation.effect) {
                (Held::File(path), Effect::Detach) => {
                    self.revoked.insert(path.clone());
                    if self.grants.take_away(path) {
                        self.crier.say(&Notice::Detached { path: path.clone() });
                        Outcome::Detached
                    } else {
                        Outcome::NextStart
                    }
                }
                (Held::Capability(_), Effect::Detach) => Outcome::NextStart,
                (what, Effect::End) => {
                    let what = match what {
                        Held::File(path) => Shown(path).to_string(),
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
}
