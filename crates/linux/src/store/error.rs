//! Why the store can't be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::host::Shown;

/// The store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file can't be had.
    #[error("the consent store {}: {source}", Shown(path))]
    Place {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could have written it.
    #[error("the consent store {} {why}; consents in it are not believed. Move it away", Shown(path))]
    NotTrusted {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence.
        why: String,
    },
    /// It is no database of this lowbox.
    #[error("the consent store {} {why}", Shown(path))]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence.
        why: String,
    },
    /// SQLite can't read or write it.
    #[error("the consent store {}: {source}{}", Shown(path), advice(source))]
    Database {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl StoreError {
    pub(super) fn database(path: &Path, source: rusqlite::Error) -> StoreError {
        StoreError::Database { path: path.to_owned(), source }
    }
}

fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            "; it is damaged: move it away, and grant anew what is needed"
        }
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            "; another lowbox keeps it busy: try again"
        }
        _ => "",
    }
}
