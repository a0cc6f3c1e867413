//! Brokered access: what a running program touches outside its container is put to the user, and a consent becomes a mount.
//!
//! Pid 1 sees a touch and lets the call wait (`init::touch`). The broker, a thread of lowbox, has the grantor pin the object
//! (`grantor`), asks the access check what may be offered (`judge`, `offer`), has somebody answer (`asking`), and lets the
//! grantor attach what was granted (`grants`). Then the call goes on. `desk` decides which of this comes next.

mod answerer;
mod asking;
pub(crate) mod choosing;
mod crier;
mod denied;
mod desk;
pub(crate) mod grantor;
mod grants;
mod judge;
mod memory;
mod notice;
mod offer;
mod prompting;
mod question;
mod refusal;
mod searches;
mod serve;
mod throttle;
pub(crate) mod touch;
mod way;

use std::path::PathBuf;
use std::time::Duration;

pub use answerer::{AnswererError, answering_socket};
pub use choosing::{Chooser, Confirm, Filter, Kind, Wanted};
pub use notice::Notice;
pub use prompting::Prompting;
pub use question::{Answer, Asked, Asker, Prompter, Question};
pub use throttle::{Limit, Throttle, ThrottleLimits, Touch};

use crate::prepare::{Caller, Decided, Prepared, Request};
use crate::store::{Held, How, RunId};
use crate::wine::Drive;
use judge::Judge;
pub(crate) use serve::{Desktop, Ended};

/// Tells the user something while the program runs.
pub type Say = Box<dyn Fn(&Notice) + Send>;

/// What decides while a program runs.
pub struct Broker {
    pub(crate) prompting: Prompting,
    timeout: Duration,
    chooser: Option<Box<dyn Chooser>>,
    say: Say,
    judge: Judge,
    package: String,
    program: PathBuf,
    /// Where the consent store is.
    folder: PathBuf,
    /// How answers are given, for the store.
    how: How,
    run: Option<RunId>,
    /// What the program has from its start without an entry in the store.
    for_run: Vec<Held>,
    questions: u64,
    /// What a Windows program calls its files.
    drives: Vec<Drive>,
}

impl Broker {
    /// For the program that was prepared. An answer that takes longer than `timeout` is *no*.
    pub fn new(
        caller: &Caller,
        request: &Request,
        prepared: &Prepared,
        prompting: Prompting,
        how: How,
        timeout: Duration,
        say: Say,
    ) -> Broker {
        Broker {
            prompting,
            timeout,
            chooser: None,
            say,
            judge: Judge::new(caller, prepared),
            package: request.family_name.clone(),
            program: prepared.spec.program.clone(),
            folder: caller.folders.data.clone(),
            how,
            run: None,
            for_run: request.consents.iter().map(|consent| Held::File(consent.path.clone())).collect(),
            questions: 0,
            drives: prepared.spec.wine.as_ref().map(|wine| wine.drives.clone()).unwrap_or_default(),
        }
    }

    /// The user chooses for the program in the place of its own dialogs, where [`Request::chooses`] was set.
    pub fn choosing(mut self, chooser: Option<Box<dyn Chooser>>) -> Broker {
        self.chooser = chooser;
        self
    }

    /// The run may be registered in the store already, and this was decided before the start.
    pub fn going_on(mut self, run: Option<RunId>, decided: &Decided) -> Broker {
        self.run = run;
        self.questions = decided.questions;
        self.for_run.extend(decided.for_run.iter().cloned().map(Held::Capability));
        self
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("prompting", &self.prompting)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}
