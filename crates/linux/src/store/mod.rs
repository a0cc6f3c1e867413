//! The consent store: what the user has allowed and denied to packages, which containers run with it, and what was taken
//! back. One SQLite database for each user, `consent.db` in lowbox's data folder.
//!
//! A broker's thread owns a [`Store`] and uses it like this:
//!
//! 1. [`Store::open_or_create`] when the first answer is to be remembered, or [`Store::open_existing`] to look up what is;
//!    [`Store::register_run`] once.
//! 2. At a touch: [`Store::covering`] tells what is remembered of the path and of the folders above it, each with its
//!    [`Standing`].
//! 3. After an answer: [`Store::remember_tentatively`], then [`Store::hold`] *before* the mount is attached: it says `false` if the
//!    consent was revoked meanwhile, and whoever revokes it later finds the run. A mount that can't be attached takes the answer
//!    with it: [`Store::take_back`], [`Store::let_go`].
//! 4. [`Watch::new`] gives a descriptor for poll(2); when it is readable, [`Watch::changed`], and if that is true,
//!    [`Store::revocations`]. For each: end the container, or detach the mount, and [`Store::answer`].
//! 5. [`Store::unregister_run`] at the end. Without it (killed) the row is recognised as stale.
//!
//! Every write of a consent is one transaction that has reached the disk when the call returns (rollback journal,
//! synchronous=FULL). What runs is in a database beside it that needs no disk ([`running`]). Nothing
//! is kept in memory between calls, so that a `Store` may be dropped and opened again at any time.

mod capabilities;
mod entry;
mod error;
mod files;
mod location;
mod process;
mod revoke;
mod running;
mod runs;
mod schema;
mod standing;
mod tentative;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use entry::{CapabilityConsent, Decision, FileConsent, How, NewFileConsent};
pub use error::StoreError;
pub use revoke::{Effect, Outcome, Pending, Revocation, Revoked, RevokedWhat};
pub use runs::{Held, Run, RunId};
pub use standing::{Standing, Traits, standing};
pub use tentative::Tentative;
pub use watch::Watch;

/// The database's name in lowbox's data folder.
pub const FILE_NAME: &str = "consent.db";

/// How long a call waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// The store, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// The database of what runs, once it was needed.
    running: Option<PathBuf>,
}

impl Store {
    /// The store in `folder` (lowbox's data folder); `None` if nothing was ever remembered, which costs one failing open(2).
    ///
    /// # Errors
    /// [`StoreError`]: a database that is a link, somebody else's, damaged or from a newer lowbox.
    pub fn open_existing(folder: &Path) -> Result<Option<Store>, StoreError> {
        location::existing(folder, FILE_NAME)?.map(Store::open).transpose()
    }

    /// The same, made if there is none.
    ///
    /// # Errors
    /// As [`Store::open_existing`], and what making the folder or the file reports.
    pub fn open_or_create(folder: &Path) -> Result<Store, StoreError> {
        Store::open(location::existing_or_new(folder, FILE_NAME)?)
    }

    /// The database's own path, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open(path: PathBuf) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NOFOLLOW
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let opened = Connection::open_with_flags(&path, flags);
        let mut store = match opened {
            Ok(connection) => Store { connection, path, running: None },
            Err(source) => return Err(StoreError::database(&path, source)),
        };
        match schema::prepare(&mut store.connection) {
            Ok(Ok(())) => Ok(store),
            Ok(Err(unfit)) => Err(StoreError::Unfit { path: store.path, why: unfit }),
            Err(source) => Err(StoreError::database(&store.path, source)),
        }
    }

    /// Reads, with the database's path in errors.
    fn read<T>(&self, what: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        what(&self.connection).map_err(|source| StoreError::database(&self.path, source))
    }

    /// Makes the tables of what runs available.
    fn with_running(&mut self) -> Result<&Path, StoreError> {
        if self.running.is_none() {
            let folder = self.path.parent().expect("it is a file in a folder");
            self.running = Some(running::attach(&mut self.connection, folder)?);
        }
        Ok(self.running.as_deref().expect("set above"))
    }

    /// Carries out one transaction, which holds the database for writing from its beginning.
    fn write<T>(
        &mut self,
        what: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let carry_out = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = what(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        carry_out(&mut self.connection).map_err(|source| StoreError::database(&self.path, source))
    }
}

#[cfg(test)]
mod tests;
