//! Running containers and the consents that each has.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lowbox_policy::os_bytes;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::entry::{now, path, time};
use super::process::{Process, system};
use super::{FileConsent, Standing, Store, StoreError, capabilities, files};

/// Names a running container as long as its row exists; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(super) i64);

/// A running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name in the store.
    pub id: RunId,
    /// The package family name.
    pub package: String,
    /// The program that it was started with.
    pub program: PathBuf,
    /// The process id of its lowbox, in the pid namespace in which that was started.
    pub pid: u32,
    /// When it was registered.
    pub began: SystemTime,
}

/// What a run has by consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// A mount at this path.
    File(#[serde(with = "os_bytes")] PathBuf),
    /// A capability in its token.
    Capability(String),
}

impl Run {
    pub(super) const COLUMNS: &str = "run.id, run.package, program, pid, start_time, system, began";

    /// The run, and whether its process still is.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Run, bool)> {
        let process = Process { pid: row.get(3)?, start_time: row.get(4)? };
        let system: String = row.get(5)?;
        let run = Run {
            id: RunId(row.get(0)?),
            package: row.get(1)?,
            program: path(row.get(2)?),
            pid: u32::try_from(process.pid).unwrap_or(0),
            began: time(row.get(6)?),
        };
        Ok((run, process.is_alive(&system)))
    }
}

impl Store {
    /// Registers the calling process as the lowbox of a running container.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn register_run(&mut self, package: &str, program: &Path) -> Result<RunId, StoreError> {
        self.with_running()?;
        self.write(|connection| register(connection, package, program))
    }

    /// Registers a container that was just started, with what it was given: files by their entries, capabilities by their names.
    /// Notes the use of each, and new identities. Returns what was revoked since the launch looked, which the container has
    /// without anybody's consent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn register_started(
        &mut self,
        package: &str,
        program: &Path,
        files: &[(FileConsent, Standing)],
        capabilities: &[String],
    ) -> Result<(RunId, Vec<Held>), StoreError> {
        self.with_running()?;
        self.write(|connection| {
            let run = register(connection, package, program)?;
            let mut gone = Vec::new();
            for (consent, standing) in files {
                hold_path(connection, run, &consent.path)?;
                if !files::note_use(connection, consent.id)? {
                    gone.push(Held::File(consent.path.clone()));
                } else if let Standing::Replaced(now) = standing {
                    files::follow(connection, consent.id, *now)?;
                }
            }
            for name in capabilities {
                hold_capability(connection, run, name)?;
                if !capabilities::note_use(connection, package, name)? {
                    gone.push(Held::Capability(name.clone()));
                }
            }
            Ok((run, gone))
        })
    }

    /// Notes that the run has what the entry allows. To be called before the mount is attached: `false` means that the entry was
    /// revoked, and the mount must not be attached.
    ///
    /// # Errors
    /// [`StoreError`]; then the mount must not be attached either.
    pub fn hold(&mut self, run: RunId, consent: &FileConsent) -> Result<bool, StoreError> {
        self.with_running()?;
        self.write(|connection| {
            let there = files::note_use(connection, consent.id)?;
            if there {
                hold_path(connection, run, &consent.path)?;
            }
            Ok(there)
        })
    }

    /// Notes that the run has something without an entry: for as long as it runs, by a policy. To be called before it is given.
    ///
    /// # Errors
    /// [`StoreError`]; then whoever revokes it does not find the run.
    pub fn hold_for_run(&mut self, run: RunId, what: &Held) -> Result<(), StoreError> {
        self.with_running()?;
        self.write(|connection| match what {
            Held::File(path) => hold_path(connection, run, path),
            Held::Capability(name) => hold_capability(connection, run, name),
        })
    }

    /// Notes that the run has not what it had at `path` any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn let_go(&mut self, run: RunId, path: &Path) -> Result<(), StoreError> {
        self.with_running()?;
        self.write(|connection| {
            connection.execute(
                "DELETE FROM held WHERE run = ?1 AND path = ?2",
                params![run.0, path.as_os_str().as_bytes()],
            )?;
            Ok(())
        })
    }

    /// The container has ended.
    ///
    /// # Errors
    /// [`StoreError`]; the row is recognised as stale then.
    pub fn unregister_run(&mut self, run: RunId) -> Result<(), StoreError> {
        self.with_running()?;
        self.write(|connection| {
            connection.execute("DELETE FROM run WHERE id = ?1", [run.0])?;
            Ok(())
        })
    }

    /// Running containers, with what each has by consent; of one package if it is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs(&mut self, package: Option<&str>) -> Result<Vec<(Run, Vec<Held>)>, StoreError> {
        self.with_running()?;
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {} FROM run WHERE ?1 IS NULL OR package = ?1 ORDER BY run.id",
                Run::COLUMNS
            ))?;
            let found: Vec<(Run, bool)> = query.query_map([package], Run::read)?.collect::<Result<_, _>>()?;
            let alive = found.into_iter().filter(|(_, alive)| *alive).map(|(run, _)| run);
            alive.map(|run| held(connection, run.id).map(|held| (run, held))).collect()
        })
    }

    /// Whether the run is registered and its process is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_running(&mut self, run: RunId) -> Result<bool, StoreError> {
        self.with_running()?;
        self.read(|connection| {
            let query = format!("SELECT {} FROM run WHERE id = ?1", Run::COLUMNS);
            let found = connection.query_row(&query, [run.0], Run::read).optional()?;
            Ok(found.is_some_and(|(_, alive)| alive))
        })
    }
}

fn register(connection: &Connection, package: &str, program: &Path) -> rusqlite::Result<RunId> {
    forget_stale(connection)?;
    let own = Process::current();
    connection.execute(
        "INSERT INTO run (package, program, pid, start_time, system, began) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![package, program.as_os_str().as_bytes(), own.pid, own.start_time, system(), now()],
    )?;
    Ok(RunId(connection.last_insert_rowid()))
}

fn hold_path(connection: &Connection, run: RunId, path: &Path) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO held (run, path) VALUES (?1, ?2)",
        params![run.0, path.as_os_str().as_bytes()],
    )?;
    Ok(())
}

fn hold_capability(connection: &Connection, run: RunId, name: &str) -> rusqlite::Result<()> {
    connection
        .execute("INSERT OR IGNORE INTO held (run, capability) VALUES (?1, ?2)", params![run.0, name])?;
    Ok(())
}

fn held(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<Held>> {
    let mut query = connection
        .prepare_cached("SELECT path, capability FROM held WHERE run = ?1 ORDER BY path, capability")?;
    query.query_map([run.0], |row| what(row.get(0)?, row.get(1)?))?.collect()
}

/// A path or a capability: the tables see to it that it is one of them.
pub(super) fn what(bytes: Option<Vec<u8>>, capability: Option<String>) -> rusqlite::Result<Held> {
    match (bytes, capability) {
        (Some(bytes), _) => Ok(Held::File(path(bytes))),
        (None, Some(name)) => Ok(Held::Capability(name)),
        (None, None) => Err(super::entry::unexpected(0)),
    }
}

/// Forgets runs whose lowbox was killed.
pub(super) fn forget_stale(connection: &Connection) -> rusqlite::Result<()> {
    let mut query = connection.prepare_cached(&format!("SELECT {} FROM run", Run::COLUMNS))?;
    let runs: Vec<(Run, bool)> = query.query_map([], Run::read)?.collect::<Result<_, _>>()?;
    for (run, _) in runs.iter().filter(|(_, alive)| !alive) {
        connection.execute("DELETE FROM run WHERE id = ?1", [run.id.0])?;
    }
    Ok(())
}
