//! What is remembered: access control entries with when and how.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Traits;
use lowbox_policy::{FileId, GrantRights, NodeKind};
use rusqlite::Row;
use rusqlite::types::Type;

/// The kind of access control entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Access is allowed.
    Allow,
    /// Access is denied, and nobody is asked again.
    Deny,
}

/// How the user said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// At a question on the terminal.
    Prompt,
    /// By naming the file as an argument.
    Argument,
    /// In a dialog of the desktop.
    Dialog,
    /// With `lowbox consent`: it holds for every run of the package, whether that asks or not.
    Command,
    /// Through the program that started lowbox.
    FrontEnd,
}

/// A remembered answer about a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConsent {
    /// Names the entry as long as it exists; never used again.
    pub id: i64,
    /// The package family name.
    pub package: String,
    /// The canonical path: no component was a link.
    pub path: PathBuf,
    /// What was there.
    pub object: FileId,
    /// What else tells it from others.
    pub traits: Traits,
    /// Allowed or denied.
    pub decision: Decision,
    /// Which rights are.
    pub rights: GrantRights,
    /// Allowed for reading, and the user said not to be asked for writing.
    pub read_only: bool,
    /// How the user said it.
    pub how: How,
    /// When.
    pub made: SystemTime,
    /// When it was last given to a container, to the hour.
    pub used: Option<SystemTime>,
}

/// An answer to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFileConsent<'a> {
    /// The package family name.
    pub package: &'a str,
    /// The canonical path: no component is a link.
    pub path: &'a Path,
    /// What is there, from the descriptor that the question was about.
    pub object: FileId,
    /// Allowed or denied.
    pub decision: Decision,
    /// Which rights are: at least one.
    pub rights: GrantRights,
    /// Don't ask for writing. Only with [`Decision::Allow`].
    pub read_only: bool,
    /// How the user said it.
    pub how: How,
}

/// A remembered answer about a privacy-sensitive capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityConsent {
    /// Names the entry as long as it exists; never used again.
    pub id: i64,
    /// The package family name.
    pub package: String,
    /// Its name.
    pub capability: String,
    /// Allowed or denied.
    pub decision: Decision,
    /// How the user said it.
    pub how: How,
    /// When.
    pub made: SystemTime,
    /// When a container last had it, to the hour.
    pub used: Option<SystemTime>,
}

impl FileConsent {
    pub(super) const COLUMNS: &str = "id, package, path, device, inode, kind, allow, rights, read_only, how, made, used, file_system, born";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<FileConsent> {
        Ok(FileConsent {
            id: row.get(0)?,
            package: row.get(1)?,
            path: path(row.get(2)?),
            object: FileId {
                dev: row.get::<_, i64>(3)? as u64,
                ino: row.get::<_, i64>(4)? as u64,
                kind: known(5, KINDS, row.get(5)?)?,
            },
            traits: Traits { file_system: row.get::<_, i64>(12)? as u64, born: row.get(13)? },
            decision: decision(row.get(6)?),
            rights: rights(row.get(7)?),
            read_only: row.get(8)?,
            how: known(9, WAYS, row.get(9)?)?,
            made: time(row.get(10)?),
            used: row.get::<_, Option<i64>>(11)?.map(time),
        })
    }
}

impl CapabilityConsent {
    pub(super) const COLUMNS: &str = "id, package, capability, allow, how, made, used";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<CapabilityConsent> {
        Ok(CapabilityConsent {
            id: row.get(0)?,
            package: row.get(1)?,
            capability: row.get(2)?,
            decision: decision(row.get(3)?),
            how: known(4, WAYS, row.get(4)?)?,
            made: time(row.get(5)?),
            used: row.get::<_, Option<i64>>(6)?.map(time),
        })
    }
}

/// Numbers in the database are places in these lists: names are only ever added at the end.
const KINDS: &[NodeKind] = &[
    NodeKind::Dir,
    NodeKind::File,
    NodeKind::Symlink,
    NodeKind::Socket,
    NodeKind::Fifo,
    NodeKind::CharDevice,
    NodeKind::BlockDevice,
];
const WAYS: &[How] = &[How::Prompt, How::Argument, How::Dialog, How::Command, How::FrontEnd];

pub(super) fn kind_number(kind: NodeKind) -> i64 {
    number(KINDS, kind)
}

pub(super) fn how_number(how: How) -> i64 {
    number(WAYS, how)
}

pub(super) fn number<T: PartialEq>(list: &[T], value: T) -> i64 {
    list.iter().position(|known| *known == value).expect("every value is in its list") as i64
}

pub(super) fn known<T: Copy>(column: usize, list: &[T], number: i64) -> rusqlite::Result<T> {
    let found = usize::try_from(number).ok().and_then(|number| list.get(number));
    found.copied().ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn rights_bits(rights: GrantRights) -> i64 {
    [(rights.read, 4), (rights.write, 2), (rights.execute, 1)]
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, bit)| bit)
        .sum()
}

pub(super) fn rights(bits: i64) -> GrantRights {
    GrantRights { read: bits & 4 != 0, write: bits & 2 != 0, execute: bits & 1 != 0 }
}

fn decision(allow: bool) -> Decision {
    if allow { Decision::Allow } else { Decision::Deny }
}

pub(super) fn path(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

pub(super) fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.max(0).unsigned_abs())
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// For values that a query returns in a form that the program never writes.
pub(super) fn unexpected(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "value".to_owned(), Type::Null)
}
