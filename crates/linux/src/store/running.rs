//! The database of what runs. None of its rows means anything after a restart of the system, so it is a file of its own, one for
//! each boot, that need not reach the disk: to register a container costs no wait for it. That it is not damaged when a process
//! is killed holds all the same; when the system dies, the file is not looked at again.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::process::boot;
use super::{StoreError, location};

/// What the names of these files begin and end with.
const NAME: (&str, &str) = ("running-", ".db");

const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE running.run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        package TEXT NOT NULL,
        program BLOB NOT NULL,
        pid INTEGER NOT NULL,
        start_time INTEGER NOT NULL,
        system TEXT NOT NULL,
        began INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE running.held (
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        path BLOB,
        capability TEXT COLLATE NOCASE,
        CHECK ((path IS NULL) <> (capability IS NULL)),
        UNIQUE (run, path),
        UNIQUE (run, capability)
    ) STRICT;
    CREATE TABLE running.revocation (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        path BLOB,
        capability TEXT COLLATE NOCASE,
        effect INTEGER NOT NULL,
        made INTEGER NOT NULL,
        outcome INTEGER,
        CHECK ((path IS NULL) <> (capability IS NULL))
    ) STRICT;
    CREATE INDEX running.revocation_run ON revocation (run);
";

/// Attaches the database of this boot, made if it is missing, as `running`.
pub(super) fn attach(connection: &mut Connection, folder: &Path) -> Result<PathBuf, StoreError> {
    let name = format!("{}{}{}", NAME.0, boot(), NAME.1);
    let path = match location::existing(folder, &name)? {
        Some(path) => path,
        None => {
            forget_other_boots(folder, &name);
            location::existing_or_new(folder, &name)?
        }
    };
    prepare(connection, &path).map_err(|source| StoreError::database(&path, source))?;
    Ok(path)
}

fn prepare(connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
    connection.execute("ATTACH ?1 AS running", [path.as_os_str().as_bytes()])?;
    connection.pragma_update(Some("running"), "synchronous", "OFF")?;
    connection.pragma_update_and_check(Some("running"), "journal_mode", "PERSIST", |_| Ok(()))?;
    let version = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.pragma_query_value(Some("running"), "user_version", |row| row.get(0))
    };
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(Some("running"), "user_version", VERSION)?;
    }
    transaction.commit()
}

/// What is left of runs before the system was started again.
fn forget_other_boots(folder: &Path, own: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let of_runs = name.to_str().is_some_and(|name| {
            name.starts_with(NAME.0) && (name.ends_with(NAME.1) || name.ends_with(".db-journal"))
        });
        if of_runs && !name.as_bytes().starts_with(own.as_bytes()) {
            // Whoever can't remove it leaves a small file behind.
            let _ = fs::remove_file(entry.path());
        }
    }
}
