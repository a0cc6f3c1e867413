//! A running container that has something by consent: it is in the store, so that whoever revokes finds it, and it hears of
//! what is revoked.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::event::Timespec;

use crate::store::{Effect, FileConsent, Held, Outcome, RunId, Standing, Store, StoreError, Watch};

/// The container's row in the store, and the watch on it. The database is open only while something is done with it.
#[derive(Debug)]
pub struct Consented {
    folder: PathBuf,
    run: RunId,
    watch: Watch,
    /// Revoked between the moment that the launch looked and the program's start.
    gone: Vec<Held>,
}

impl Consented {
    /// Registers a container that was just started with these consents; `None` if there are none, which costs nothing. The row
    /// becomes stale by itself when the calling process ends. `folder` is lowbox's data folder.
    ///
    /// # Errors
    /// [`StoreError`]: revocations don't reach the container.
    pub fn register(
        folder: &Path,
        package: &str,
        program: &Path,
        files: &[(FileConsent, Standing)],
        capabilities: &[String],
    ) -> Result<Option<Consented>, StoreError> {
        if files.is_empty() && capabilities.is_empty() {
            return Ok(None);
        }
        let mut store = Store::open_or_create(folder)?;
        // Before the row is written: nothing that is revoked from then on is missed.
        let watch = Watch::new(&mut store)?;
        let (run, gone) = store.register_started(package, program, files, capabilities)?;
        Ok(Some(Consented { folder: folder.to_owned(), run, watch, gone }))
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.watch.descriptor()
    }

    pub(super) fn timeout(&self) -> Option<Timespec> {
        self.watch.timeout().and_then(|timeout| Timespec::try_from(timeout).ok())
    }

    /// Answers what was revoked. `Some` if the container has to end for it. Never waits, unless another lowbox is writing.
    pub(super) fn look(&mut self) -> Option<Held> {
        if let Some(what) = self.gone.pop() {
            return Some(what);
        }
        if !self.watch.changed() {
            return None;
        }
        // A store that can't be read any more has revoked nothing; the next change is another chance.
        let mut store = Store::open_existing(&self.folder).ok().flatten()?;
        for revocation in store.revocations(self.run).ok()? {
            let outcome = match revocation.effect {
                Effect::End => Outcome::Ending,
                Effect::Detach => Outcome::NextStart,
            };
            let answered = store.answer(revocation.id, outcome);
            if revocation.effect == Effect::End {
                return Some(revocation.what);
            }
            answered.ok()?;
        }
        None
    }
}
