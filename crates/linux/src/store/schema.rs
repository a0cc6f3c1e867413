//! The database's tables, by version.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::BUSY;

/// "lowb", so that file(1) and lowbox tell it from other databases.
const APPLICATION: i32 = 0x6c6f_7762;

/// What leads from one version (user_version) to the next. Entries are only ever added.
///
/// Times are seconds since 1970. Rights are bits: 4 read, 2 write, 1 execute. Kinds and ways are the numbers of
/// [`entry`](super::entry).
const STEPS: [&str; 1] = ["
    CREATE TABLE file_consent (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        package TEXT NOT NULL,
        path BLOB NOT NULL,
        device INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        file_system INTEGER NOT NULL,
        born INTEGER NOT NULL,
        allow INTEGER NOT NULL CHECK (allow IN (0, 1)),
        rights INTEGER NOT NULL CHECK (rights BETWEEN 1 AND 7),
        read_only INTEGER NOT NULL CHECK (read_only IN (0, 1)),
        how INTEGER NOT NULL,
        made INTEGER NOT NULL,
        used INTEGER,
        UNIQUE (package, path, allow)
    ) STRICT;
    CREATE INDEX file_consent_path ON file_consent (path);
    CREATE TABLE capability_consent (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        package TEXT NOT NULL,
        capability TEXT NOT NULL COLLATE NOCASE,
        allow INTEGER NOT NULL CHECK (allow IN (0, 1)),
        how INTEGER NOT NULL,
        made INTEGER NOT NULL,
        used INTEGER,
        UNIQUE (package, capability)
    ) STRICT;
"];

/// Sets the connection up and brings the tables to this version. The inner error says why the database is not for this lowbox.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Result<(), String>> {
    connection.busy_timeout(BUSY)?;
    // A database that somebody prepared can run nothing and claim nothing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // With FULL the end of the journal is on the disk when a commit returns (with DELETE its folder would not be), and ext4 flushes
    // what was truncated when it is closed.
    connection.pragma_update_and_check(None, "journal_mode", "PERSIST", |_| Ok(()))?;
    let latest = STEPS.len() as i64;
    match version(connection)? {
        now if now == latest => return check(connection),
        now if now > latest => {
            return Ok(Err(format!(
                "was made by a newer lowbox (version {now}, this one knows {latest}); use that one"
            )));
        }
        _ => {}
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another lowbox may have done it meanwhile.
    let now = version(&transaction)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if now == 0 && tables > 0 {
        return Ok(Err("is a database of another program; move it away".to_owned()));
    }
    for step in STEPS.iter().skip(usize::try_from(now).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", latest)?;
    transaction.commit()?;
    check(connection)
}

fn check(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(if application == APPLICATION {
        Ok(())
    } else {
        Err("is a database of another program; move it away".to_owned())
    })
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
