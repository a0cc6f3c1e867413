//! The host's own permissions: what the kernel would refuse the program's user even without lowbox (path_resolution(7),
//! inode(7), proc_sys_fs(5) on protected_hardlinks).

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lowbox_linux::host::RealTree;
use lowbox_model_test::{Action, Attempt};
use lowbox_policy::{FileId, HostTree, NodeKind, TreeError};

use crate::host::Seen;
use crate::runner::Runner;

/// The permissions of a tree for the user that the program is.
pub struct Permissions<'a> {
    pub runner: &'a Runner,
    pub seen: &'a BTreeMap<PathBuf, Seen>,
    /// Names that were made by link(2), and the first name of the object.
    pub linked: &'a HashMap<PathBuf, PathBuf>,
}

/// The host's tree as the user sees who runs lowbox.
pub struct UsersTree<'a> {
    pub runner: &'a Runner,
    pub seen: &'a BTreeMap<PathBuf, Seen>,
}

impl UsersTree<'_> {
    fn may(&self, path: &Path, bits: u32) -> bool {
        let linked = &HashMap::new();
        let permissions = Permissions { runner: self.runner, seen: self.seen, linked };
        self.runner.user.is_root() || permissions.reaches(path) && permissions.has(path, bits)
    }
}

impl HostTree for UsersTree<'_> {
    fn node(&self, path: &Path) -> Option<FileId> {
        self.may(path, 0).then(|| RealTree.node(path)).flatten()
    }

    fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError> {
        if self.may(dir, READ) { RealTree.children(dir) } else { Err(TreeError::Denied) }
    }

    fn read_link(&self, path: &Path) -> Option<PathBuf> {
        self.may(path, 0).then(|| RealTree.read_link(path)).flatten()
    }
}

const READ: u32 = 4;
const WRITE: u32 = 2;
const PASS: u32 = 1;

impl Permissions<'_> {
    fn seen(&self, path: &Path) -> Option<&Seen> {
        self.seen.get(self.linked.get(path).map_or(path, PathBuf::as_path))
    }

    fn owns(&self, path: &Path) -> bool {
        self.seen(path).is_none_or(|seen| seen.uid == self.runner.program_uid)
    }

    /// Whether the mode has the bits; what the program made itself is its own.
    fn has(&self, path: &Path, bits: u32) -> bool {
        let Some(seen) = self.seen(path) else { return true };
        let in_group = seen.gid == self.runner.program_gid || self.runner.program_groups.contains(&seen.gid);
        let shift = match (seen.uid == self.runner.program_uid, in_group) {
            (true, _) => 6,
            (false, true) => 3,
            (false, false) => 0,
        };
        (seen.mode >> shift) & bits == bits
    }

    fn reaches(&self, path: &Path) -> bool {
        path.ancestors().skip(1).all(|above| self.has(above, PASS))
    }

    /// Whether the user who runs lowbox can list a folder.
    pub fn lists(&self, folder: &Path) -> bool {
        self.runner.user.is_root() || (self.reaches(folder) && self.has(folder, READ))
    }

    fn changes_names_beside(&self, path: &Path) -> bool {
        path.parent().is_none_or(|parent| self.has(parent, WRITE | PASS)) && self.reaches(path)
    }

    /// A folder that moves to another parent has its `..` rewritten.
    fn moves(&self, path: &Path, to: &Path, kind: NodeKind) -> bool {
        kind != NodeKind::Dir || path.parent() == to.parent() || self.has(path, WRITE)
    }

    /// Whether the host alone would permit it.
    pub fn permit(&self, attempt: &Attempt, kind: NodeKind, other_kind: Option<NodeKind>) -> bool {
        let path = &attempt.path;
        let other = attempt.other.as_deref().unwrap_or(path);
        let here = match attempt.action {
            Action::Stat | Action::ReadLink => true,
            Action::GetXattr | Action::ListXattr | Action::Read | Action::List | Action::Watch => {
                attempt.action == Action::ListXattr || self.has(path, READ)
            }
            Action::Execute => self.has(path, PASS | READ),
            Action::Connect | Action::Write | Action::Append | Action::TruncateForWriting => {
                self.has(path, WRITE)
            }
            Action::SetXattr => self.has(path, WRITE),
            Action::TruncateForReading => self.has(path, WRITE | READ),
            Action::Chmod | Action::SetTimes => self.owns(path),
            Action::Touch => self.owns(path) || self.has(path, WRITE),
            Action::Create
            | Action::MakeFile
            | Action::LinkTemporary
            | Action::Mkdir
            | Action::Symlink
            | Action::MakeFifo
            | Action::MakeSocket
            | Action::Unlink
            | Action::Rmdir => self.changes_names_beside(path),
            Action::Link => {
                let linkable = self.owns(path) || (kind == NodeKind::File && self.has(path, READ | WRITE));
                linkable && self.changes_names_beside(other)
            }
            Action::Rename | Action::RenameOver | Action::Exchange => {
                self.changes_names_beside(path)
                    && self.changes_names_beside(other)
                    && self.moves(path, other, kind)
                    && (attempt.action != Action::Exchange
                        || self.moves(other, path, other_kind.unwrap_or(kind)))
            }
        };
        here && self.reaches(path)
    }
}
