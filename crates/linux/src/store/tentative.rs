//! An answer that is on the disk before anybody knows whether it can be carried out, and can be taken back.

use std::os::unix::ffi::OsStrExt;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

use super::entry::{how_number, kind_number, rights_bits};
use super::files::{all_at, remember};
use super::{Decision, FileConsent, NewFileConsent, Store, StoreError};

/// What [`Store::remember_tentatively`] changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tentative {
    /// The entry.
    pub consent: FileConsent,
    /// The entries of the package for the path, before and after.
    before: Vec<FileConsent>,
    after: Vec<FileConsent>,
}

impl Store {
    /// As [`Store::remember_file`], and can be undone by [`Store::take_back`].
    ///
    /// # Errors
    /// [`StoreError`]; nothing is remembered then.
    pub fn remember_tentatively(&mut self, new: &NewFileConsent<'_>) -> Result<Tentative, StoreError> {
        self.write(|connection| {
            let before = all_at(connection, Some(new.package), new.path)?;
            let consent = remember(connection, new)?;
            let after = all_at(connection, Some(new.package), new.path)?;
            Ok(Tentative { consent, before, after })
        })
    }

    /// Puts back what was remembered before. `false`, and nothing is changed, if another lowbox has changed it meanwhile: what is
    /// there then is somebody else's answer, or was revoked.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed then.
    pub fn take_back(&mut self, tentative: &Tentative) -> Result<bool, StoreError> {
        let (package, path) = (&tentative.consent.package, &tentative.consent.path);
        self.write(|connection| {
            let now = all_at(connection, Some(package), path)?;
            if !now.iter().map(unused).eq(tentative.after.iter().map(unused)) {
                return Ok(false);
            }
            connection.execute(
                "DELETE FROM file_consent WHERE package = ?1 AND path = ?2",
                params![package, path.as_os_str().as_bytes()],
            )?;
            for consent in &tentative.before {
                put_back(connection, consent)?;
            }
            Ok(true)
        })
    }
}

/// An entry, whenever it was used last.
fn unused(consent: &FileConsent) -> FileConsent {
    FileConsent { used: None, ..consent.clone() }
}

fn put_back(connection: &Connection, consent: &FileConsent) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO file_consent ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            FileConsent::COLUMNS
        ),
        params![
            consent.id,
            consent.package,
            consent.path.as_os_str().as_bytes(),
            consent.object.dev as i64,
            consent.object.ino as i64,
            kind_number(consent.object.kind),
            consent.decision == Decision::Allow,
            rights_bits(consent.rights),
            consent.read_only,
            how_number(consent.how),
            seconds(consent.made),
            consent.used.map(seconds),
            consent.traits.file_system as i64,
            consent.traits.born,
        ],
    )?;
    Ok(())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
