//! Taking consents back, and telling those who have them.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{known, now, number};
use super::runs::{forget_stale, what};
use super::{CapabilityConsent, FileConsent, Held, Run, RunId, Store, StoreError};

/// What a revocation does to a container that has the consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It ends: what is open can't be taken back otherwise.
    End,
    /// The mount is detached: new opens fail, what is open stays open.
    Detach,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The container is being ended.
    Ending,
    /// The mount was detached.
    Detached,
    /// It can't be detached while the container runs; it is not there at the next start.
    NextStart,
}

/// A revocation that a running container has to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// For [`Store::answer`].
    pub id: i64,
    /// What is revoked.
    pub what: Held,
    /// How.
    pub effect: Effect,
}

/// A container that was told of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// For [`Store::outcome`].
    pub id: i64,
    /// The container.
    pub run: Run,
    /// What it has.
    pub what: Held,
}

/// What is to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedWhat<'a> {
    /// All entries for exactly this path.
    File(&'a Path),
    /// The entry for a capability.
    Capability(&'a str),
    /// Everything about files.
    Files,
    /// Everything about capabilities.
    Capabilities,
}

/// What a revocation removed, and who was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Entries that are gone.
    pub files: Vec<FileConsent>,
    /// Entries that are gone.
    pub capabilities: Vec<CapabilityConsent>,
    /// Running containers that have what was revoked.
    pub told: Vec<Pending>,
}

const EFFECTS: &[Effect] = &[Effect::End, Effect::Detach];
const OUTCOMES: &[Outcome] = &[Outcome::Ending, Outcome::Detached, Outcome::NextStart];

impl Store {
    /// Takes consents back, of one package or of all, and tells each running container that has them: those that have the path
    /// although its entry is gone already (detached earlier, say) are told as well.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is revoked then.
    pub fn revoke(
        &mut self,
        package: Option<&str>,
        revoked: RevokedWhat<'_>,
        effect: Effect,
    ) -> Result<Revoked, StoreError> {
        let files = match revoked {
            RevokedWhat::File(path) => self.file_consents_at(package, path)?,
            RevokedWhat::Files => self.file_consents(package)?,
            _ => Vec::new(),
        };
        let capabilities = match revoked {
            RevokedWhat::Capability(name) => {
                let mut all = self.capability_consents(package)?;
                all.retain(|consent| consent.capability.eq_ignore_ascii_case(name));
                all
            }
            RevokedWhat::Capabilities => self.capability_consents(package)?,
            _ => Vec::new(),
        };
        self.with_running()?;
        self.write(|connection| {
            forget_stale(connection)?;
            for (table, ids) in [
                ("file_consent", files.iter().map(|consent| consent.id).collect::<Vec<_>>()),
                ("capability_consent", capabilities.iter().map(|consent| consent.id).collect()),
            ] {
                for id in ids {
                    connection.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [id])?;
                }
            }
            let told = tell(connection, package, revoked, effect)?;
            Ok(Revoked { files, capabilities, told })
        })
    }

    /// What the run has to carry out and has not yet answered, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revocations(&mut self, run: RunId) -> Result<Vec<Revocation>, StoreError> {
        self.with_running()?;
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, path, capability, effect FROM revocation WHERE run = ?1 AND outcome IS NULL ORDER BY id",
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Revocation {
                    id: row.get(0)?,
                    what: what(row.get(1)?, row.get(2)?)?,
                    effect: known(3, EFFECTS, row.get(3)?)?,
                })
            };
            query.query_map([run.0], read)?.collect()
        })
    }

    /// Says what became of a revocation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answer(&mut self, id: i64, outcome: Outcome) -> Result<(), StoreError> {
        self.with_running()?;
        self.write(|connection| {
            connection.execute(
                "UPDATE revocation SET outcome = ?2 WHERE id = ?1",
                [id, number(OUTCOMES, outcome)],
            )?;
            Ok(())
        })
    }

    /// What the run answered; `None` as long as it has not, or when it has ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outcome(&mut self, id: i64) -> Result<Option<Outcome>, StoreError> {
        self.with_running()?;
        self.read(|connection| {
            let outcome: Option<Option<i64>> = connection
                .query_row("SELECT outcome FROM revocation WHERE id = ?1", [id], |row| row.get(0))
                .optional()?;
            outcome.flatten().map(|number| known(0, OUTCOMES, number)).transpose()
        })
    }
}

/// Writes a revocation for each run that has what is revoked.
fn tell(
    connection: &Connection,
    package: Option<&str>,
    revoked: RevokedWhat<'_>,
    effect: Effect,
) -> rusqlite::Result<Vec<Pending>> {
    let (path, capability) = match revoked {
        RevokedWhat::File(path) => (Some(path.as_os_str().as_bytes()), None),
        RevokedWhat::Capability(name) => (None, Some(name)),
        RevokedWhat::Files | RevokedWhat::Capabilities => (None, None),
    };
    let files = matches!(revoked, RevokedWhat::File(_) | RevokedWhat::Files);
    let mut query = connection.prepare_cached(&format!(
        "SELECT {}, held.path, held.capability FROM held JOIN run ON run.id = held.run
         WHERE (?1 IS NULL OR package = ?1) AND (held.path IS NOT NULL) = ?2
             AND (?3 IS NULL OR held.path = ?3) AND (?4 IS NULL OR held.capability = ?4)
         ORDER BY run.id, held.path, held.capability",
        Run::COLUMNS
    ))?;
    let holders: Vec<(Run, Held)> = query
        .query_map(params![package, files, path, capability], |row| {
            Ok((Run::read(row)?.0, what(row.get(7)?, row.get(8)?)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut told = Vec::with_capacity(holders.len());
    for (run, what) in holders {
        let (path, capability) = match &what {
            Held::File(path) => (Some(path.as_os_str().as_bytes()), None),
            Held::Capability(name) => (None, Some(name)),
        };
        connection.execute(
            "INSERT INTO revocation (run, path, capability, effect, made) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![run.id.0, path, capability, number(EFFECTS, effect), now()],
        )?;
        told.push(Pending { id: connection.last_insert_rowid(), run, what });
    }
    Ok(told)
}
