//! A running container that has something by consent: it is in the store, so that whoever revokes finds it, and it hears of
//! what is revoked.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::Timespec;

use crate::store::{Effect, FileConsent, Held, Outcome, RunId, Standing, Store, StoreError, Watch};

/// How long after its start a container looks for revocations for the first time. To close what tells of them takes the
/// kernel longer than a short program does (it waits for other processors), so short programs don't open it.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The container's row in the store, and the watch on it. The database is open only while something is done with it.
#[derive(Debug)]
pub struct Consented {
    folder: PathBuf,
    run: RunId,
    since: Instant,
    watch: Option<Watch>,
    /// Revoked between the moment that the launch looked and the program's start.
    gone: Vec<Held>,
}

/// What a look at the store found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// It was not time to look.
    Not,
    /// Nothing that ends the container.
    Nothing,
    /// The container has to end for it.
    Revoked(Held),
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
        let (run, gone) =
            Store::open_or_create(folder)?.register_started(package, program, files, capabilities)?;
        let since = Instant::now();
        Ok(Some(Consented { folder: folder.to_owned(), run, since, watch: None, gone }))
    }

    /// Leaves the watch to a broker.
    ///
    /// # Errors
    /// What was revoked since the launch looked: the container has to end.
    pub fn into_run(mut self) -> Result<RunId, Held> {
        match self.gone.pop() {
            Some(what) => Err(what),
            None => Ok(self.run),
        }
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.watch.as_ref().and_then(Watch::descriptor)
    }

    /// How long poll(2) may wait before [`Consented::look`]; `None` if the descriptor tells.
    pub(crate) fn timeout(&self) -> Option<Timespec> {
        let timeout = match &self.watch {
            Some(watch) => watch.timeout(),
            None => Some(FIRST_LOOK.saturating_sub(self.since.elapsed())),
        };
        timeout.and_then(|timeout| Timespec::try_from(timeout).ok())
    }

    /// Answers what was revoked. Never waits, unless another lowbox is writing.
    pub(crate) fn look(&mut self) -> Looked {
        if let Some(what) = self.gone.pop() {
            return Looked::Revoked(what);
        }
        let time = match &mut self.watch {
            Some(watch) => watch.changed(),
            None => self.since.elapsed() >= FIRST_LOOK,
        };
        if !time {
            return Looked::Not;
        }
        // A store that can't be read any more has revoked nothing; the next change is another chance.
        self.carry_out().ok().flatten().map_or(Looked::Nothing, Looked::Revoked)
    }

    fn carry_out(&mut self) -> Result<Option<Held>, StoreError> {
        // Without a watch the next look is a second later.
        self.since = Instant::now();
        let Some(mut store) = Store::open_existing(&self.folder)? else { return Ok(None) };
        if self.watch.is_none() {
            // Before the rows are read: nothing that is revoked from then on is missed.
            self.watch = Some(Watch::new(&mut store)?);
        }
        for revocation in store.revocations(self.run)? {
            let outcome = match revocation.effect {
                Effect::End => Outcome::Ending,
                Effect::Detach => Outcome::NextStart,
            };
            let answered = store.answer(revocation.id, outcome);
            if revocation.effect == Effect::End {
                return Ok(Some(revocation.what));
            }
            answered?;
        }
        Ok(None)
    }
}
