//! Consents for files and folders.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, GrantRights};
use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{how_number, kind_number, now, rights, rights_bits};
use super::standing::traits;
use super::{Decision, FileConsent, How, NewFileConsent, Standing, Store, StoreError, Traits, standing};

/// A use is noted again after so many seconds: it is a write to the disk.
pub(super) const USE: i64 = 3600;

impl Store {
    /// Remembers an answer: its rights are added to what was remembered of the same object, which stays one that was given with
    /// `lowbox consent` if it was. Rights that are allowed are no longer denied, and the reverse.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is remembered then.
    pub fn remember_file(&mut self, new: &NewFileConsent<'_>) -> Result<FileConsent, StoreError> {
        self.write(|connection| remember(connection, new))
    }

    /// Remembers what the user set: it takes the place of all that was remembered of the path for the package.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed then.
    pub fn replace_file(&mut self, new: &NewFileConsent<'_>) -> Result<FileConsent, StoreError> {
        self.write(|connection| {
            let other = new.decision != Decision::Allow;
            connection.execute(
                "DELETE FROM file_consent WHERE package = ?1 AND path = ?2 AND allow = ?3",
                params![new.package, new.path.as_os_str().as_bytes(), other],
            )?;
            put(connection, new, new.rights)
        })
    }

    /// Every entry, by package and path; of one package if it is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_consents(&self, package: Option<&str>) -> Result<Vec<FileConsent>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {} FROM file_consent WHERE ?1 IS NULL OR package = ?1 ORDER BY package, path, allow",
                FileConsent::COLUMNS
            ))?;
            query.query_map([package], FileConsent::read)?.collect()
        })
    }

    /// The entries for exactly `path`; of one package if it is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_consents_at(
        &self,
        package: Option<&str>,
        path: &Path,
    ) -> Result<Vec<FileConsent>, StoreError> {
        self.read(|connection| all_at(connection, package, path))
    }

    /// What is remembered for a package of `path` and of the folders above it, the deepest first, each with what it is now: what
    /// a broker looks at before it asks. Entries that are void are among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn covering(&self, package: &str, path: &Path) -> Result<Vec<(FileConsent, Standing)>, StoreError> {
        let mut found = Vec::new();
        self.read(|connection| {
            for above in path.ancestors() {
                found.extend(all_at(connection, Some(package), above)?);
            }
            Ok(())
        })?;
        Ok(with_standing(found))
    }

    /// Something strictly beneath `path` of which the package is denied one of `rights`, if there is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn denied_beneath(
        &self,
        package: &str,
        path: &Path,
        rights: GrantRights,
    ) -> Result<Option<PathBuf>, StoreError> {
        let found: Vec<FileConsent> = self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {} FROM file_consent WHERE package = ?1 AND allow = 0 AND rights & ?2 <> 0",
                FileConsent::COLUMNS
            ))?;
            query.query_map(params![package, rights_bits(rights)], FileConsent::read)?.collect()
        })?;
        let beneath = found.into_iter().filter(|denied| denied.path != path && denied.path.starts_with(path));
        let holds =
            |(denied, standing): (FileConsent, Standing)| (!standing.is_void()).then_some(denied.path);
        Ok(with_standing(beneath.collect()).into_iter().find_map(holds))
    }

    /// The entries of a package at its start, each with what it is now. Without `asking`, the package does not ask the user
    /// while it runs, and has only what was given with `lowbox consent`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn at_start(&self, package: &str, asking: bool) -> Result<Vec<(FileConsent, Standing)>, StoreError> {
        let mut found = self.file_consents(Some(package))?;
        found.retain(|consent| asking || consent.how == How::Command);
        Ok(with_standing(found))
    }

    /// Notes that a file was replaced at its path, so that its new identity is the one that is expected.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn follow_replaced(&mut self, id: i64, object: FileId) -> Result<(), StoreError> {
        self.write(|connection| follow(connection, id, object))
    }

    /// Forgets entries without telling anybody; [`Store::revoke_file`] tells those who hold them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_files(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        self.write(|connection| {
            for id in ids {
                connection.execute("DELETE FROM file_consent WHERE id = ?1", [id])?;
            }
            Ok(())
        })
    }
}

pub(super) fn remember(connection: &Connection, new: &NewFileConsent<'_>) -> rusqlite::Result<FileConsent> {
    let have = at(connection, new.package, new.path, new.decision)?;
    // Rights for an earlier object of the same number are not added to; where nothing can be seen, the number has to do.
    let fits = |have: &FileConsent| {
        matches!(standing(have), Standing::Same | Standing::Missing | Standing::Unreachable)
    };
    let same = have.filter(|have| have.object == new.object && fits(have));
    let how = same.as_ref().map_or(new.how, |have| if have.how == How::Command { have.how } else { new.how });
    let all = same.map_or(0, |have| rights_bits(have.rights)) | rights_bits(new.rights);
    put(connection, &NewFileConsent { how, ..new.clone() }, rights(all))
}

fn with_standing(consents: Vec<FileConsent>) -> Vec<(FileConsent, Standing)> {
    let look = |consent: FileConsent| {
        let standing = standing(&consent);
        (consent, standing)
    };
    consents.into_iter().map(look).collect()
}

pub(super) fn all_at(
    connection: &Connection,
    package: Option<&str>,
    path: &Path,
) -> rusqlite::Result<Vec<FileConsent>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {} FROM file_consent WHERE path = ?2 AND (?1 IS NULL OR package = ?1) ORDER BY package, allow",
        FileConsent::COLUMNS
    ))?;
    query.query_map(params![package, path.as_os_str().as_bytes()], FileConsent::read)?.collect()
}

fn at(
    connection: &Connection,
    package: &str,
    path: &Path,
    decision: Decision,
) -> rusqlite::Result<Option<FileConsent>> {
    let found = all_at(connection, Some(package), path)?;
    Ok(found.into_iter().find(|consent| consent.decision == decision))
}

/// Writes an entry with `all` rights over one of the same package, path and decision.
fn put(connection: &Connection, new: &NewFileConsent<'_>, all: GrantRights) -> rusqlite::Result<FileConsent> {
    let path = new.path.as_os_str().as_bytes();
    let traits = traits(new.path, new.object);
    let allow = new.decision == Decision::Allow;
    // x without r is no grant, so who is denied r is denied x.
    let taken = match new.decision {
        Decision::Deny if all.read => 0b101 | rights_bits(all),
        _ => rights_bits(all),
    };
    connection.execute(
        "DELETE FROM file_consent WHERE package = ?1 AND path = ?2 AND allow = ?3 AND rights & ~?4 = 0",
        params![new.package, path, !allow, taken],
    )?;
    connection.execute(
        "UPDATE file_consent SET rights = rights & ~?4 WHERE package = ?1 AND path = ?2 AND allow = ?3",
        params![new.package, path, !allow, taken],
    )?;
    connection.query_row(
        &format!(
            "INSERT INTO file_consent
                 (package, path, device, inode, kind, allow, rights, read_only, how, made, file_system, born)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (package, path, allow) DO UPDATE SET
                 device = ?3, inode = ?4, kind = ?5, rights = ?7, read_only = ?8, how = ?9, made = ?10, used = NULL,
                 file_system = ?11, born = ?12
             RETURNING {}",
            FileConsent::COLUMNS
        ),
        params![
            new.package,
            path,
            new.object.dev as i64,
            new.object.ino as i64,
            kind_number(new.object.kind),
            allow,
            rights_bits(all),
            new.read_only && allow && !all.write,
            how_number(new.how),
            now(),
            traits.file_system as i64,
            traits.born,
        ],
        FileConsent::read,
    )
}

pub(super) fn follow(connection: &Connection, id: i64, object: FileId) -> rusqlite::Result<()> {
    let path: Option<Vec<u8>> = connection
        .query_row("SELECT path FROM file_consent WHERE id = ?1", [id], |row| row.get(0))
        .optional()?;
    let traits = path.map_or(Traits::default(), |bytes| traits(&super::entry::path(bytes), object));
    connection.execute(
        "UPDATE file_consent SET device = ?2, inode = ?3, file_system = ?5, born = ?6 WHERE id = ?1 AND kind = ?4",
        params![
            id,
            object.dev as i64,
            object.ino as i64,
            kind_number(object.kind),
            traits.file_system as i64,
            traits.born
        ],
    )?;
    Ok(())
}

/// Notes that an entry is used, unless that was noted within the hour. `false` if there is no such entry any more.
pub(super) fn note_use(connection: &Connection, id: i64) -> rusqlite::Result<bool> {
    let used: Option<Option<i64>> = connection
        .query_row("SELECT used FROM file_consent WHERE id = ?1", [id], |row| row.get(0))
        .optional()?;
    if used.is_some_and(|used| used.is_none_or(|used| used + USE < now())) {
        connection.execute("UPDATE file_consent SET used = ?2 WHERE id = ?1", [id, now()])?;
    }
    Ok(used.is_some())
}
