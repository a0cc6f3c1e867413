//! What the planner needs to know about the host's file tree, and the trait by which it is told.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a name in the host's tree is, the name itself, not what a link points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeKind {
    /// A directory.
    Dir,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A unix socket.
    Socket,
    /// A FIFO (named pipe).
    Fifo,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::plan::kind_name(*self))
    }
}

/// The identity of a file: two paths with the same identity are the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId {
    /// Device number (`st_dev`).
    pub dev: u64,
    /// Inode number (`st_ino`).
    pub ino: u64,
    /// What it is.
    pub kind: NodeKind,
}

/// Why a directory could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// It does not exist (any more) or is not a directory.
    #[error("it is not a directory, or it is gone")]
    NotADirectory,
    /// The user may not list it.
    #[error("you may not list it yourself")]
    Denied,
    /// It holds more entries than the planner takes.
    #[error("it holds too many entries")]
    TooMany,
    /// Another error of the system, in its words.
    #[error("{0}")]
    Other(String),
}

/// The host's file tree, as the user sees it. The planner asks; it never touches a file itself.
pub trait HostTree {
    /// The identity of what `path` names; a symbolic link in the last component is not followed. `None` when
    /// there is nothing or it can't be seen.
    fn node(&self, path: &Path) -> Option<FileId>;
    /// The names in a directory, without `.` and `..`, in any order. An implementation should stop with
    /// [`TreeError::TooMany`] after [`MAX_CHILDREN`] entries.
    fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError>;
    /// The same, told name by name: for those who want few of the names. What was told before an error doesn't count.
    fn each_child(&self, dir: &Path, tell: &mut dyn FnMut(&OsStr, NodeKind)) -> Result<(), TreeError> {
        self.children(dir)?.iter().for_each(|(name, kind)| tell(name, *kind));
        Ok(())
    }
    /// Where the symbolic link at `path` points, as it is written there.
    fn read_link(&self, path: &Path) -> Option<PathBuf>;
}

/// The most children of one directory that the planner grants one by one.
pub const MAX_CHILDREN: usize = 4096;
