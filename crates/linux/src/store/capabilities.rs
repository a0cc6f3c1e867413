//! Consents for privacy-sensitive capabilities. Names are compared without regard to case, as those of capabilities are.

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{how_number, now};
use super::files::USE;
use super::{CapabilityConsent, Decision, How, Store, StoreError};

impl Store {
    /// Remembers an answer; it takes the place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed then.
    pub fn remember_capability(
        &mut self,
        package: &str,
        capability: &str,
        decision: Decision,
        how: How,
    ) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(
                "INSERT INTO capability_consent (package, capability, allow, how, made) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (package, capability) DO UPDATE SET allow = ?3, how = ?4, made = ?5, used = NULL",
                params![package, capability, decision == Decision::Allow, how_number(how), now()],
            )?;
            Ok(())
        })
    }

    /// Every entry, by package and name; of one package if it is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn capability_consents(&self, package: Option<&str>) -> Result<Vec<CapabilityConsent>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {} FROM capability_consent WHERE ?1 IS NULL OR package = ?1 ORDER BY package, capability",
                CapabilityConsent::COLUMNS
            ))?;
            query.query_map([package], CapabilityConsent::read)?.collect()
        })
    }

    /// What was said of one capability.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn capability_consent(
        &self,
        package: &str,
        capability: &str,
    ) -> Result<Option<CapabilityConsent>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {} FROM capability_consent WHERE package = ?1 AND capability = ?2",
                CapabilityConsent::COLUMNS
            ))?;
            query.query_row([package, capability], CapabilityConsent::read).optional()
        })
    }
}

/// Notes that an entry is used, unless that was noted within the hour. `false` if it does not allow (any more).
pub(super) fn note_use(connection: &Connection, package: &str, name: &str) -> rusqlite::Result<bool> {
    let found: Option<(bool, Option<i64>)> = connection
        .query_row(
            "SELECT allow, used FROM capability_consent WHERE package = ?1 AND capability = ?2",
            [package, name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if found.is_some_and(|(_, used)| used.is_none_or(|used| used + USE < now())) {
        connection.execute(
            "UPDATE capability_consent SET used = ?3 WHERE package = ?1 AND capability = ?2",
            params![package, name, now()],
        )?;
    }
    Ok(found.is_some_and(|(allow, _)| allow))
}
