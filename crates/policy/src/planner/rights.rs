//! From access masks to Landlock rights: what of a mask the kernel can enforce exactly.

use lowbox_security::AccessMask;

use crate::fs_rights::FsRights;
use crate::plan::Reason;

/// What the token may do with the parts of a tree. Each mask is the intersection over all depths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    /// The root directory itself.
    pub root: AccessMask,
    /// Every directory beneath it.
    pub dirs: AccessMask,
    /// Every file beneath it.
    pub files: AccessMask,
    /// The union of all masks at all depths, for notes.
    pub some: AccessMask,
}

/// What can be told to the kernel about a node and all beneath it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// The rights of a rule of its own.
    pub rights: FsRights,
    /// All that such a bind shows may be stat'ed. Without it nothing is bound.
    pub visible: bool,
    /// Extended attributes of all of it may be read.
    pub read_ea: bool,
    /// The rights that a rule on a directory above it may have without widening anything here.
    pub tolerates: FsRights,
    /// What was dropped, and why.
    pub dropped: Vec<(FsRights, Reason)>,
}

const WRITE_ATTRIBUTES: AccessMask = AccessMask(AccessMask::WRITE_ATTRIBUTES.0 | AccessMask::WRITE_EA.0);
const WRITE_WHOLE: AccessMask = AccessMask(AccessMask::WRITE_DATA.0 | AccessMask::APPEND_DATA.0);
const EXECUTE_WHOLE: AccessMask = AccessMask(AccessMask::EXECUTE.0 | AccessMask::READ_DATA.0);
/// FILE_ADD_FILE and FILE_ADD_SUBDIRECTORY are the directory's meaning of WRITE_DATA and APPEND_DATA (MS-FSCC).
const ADD_FILE: AccessMask = AccessMask::WRITE_DATA;
const ADD_SUBDIRECTORY: AccessMask = AccessMask::APPEND_DATA;
/// READ_DATA on a directory is FILE_LIST_DIRECTORY.
const LIST: AccessMask = AccessMask::READ_DATA;

fn given(mask: AccessMask, wanted: AccessMask, right: FsRights) -> FsRights {
    if mask.contains(wanted) { right } else { FsRights::NONE }
}

/// Rights on files: what a mask that holds for a file (or every file) gives.
fn of_files(mask: AccessMask) -> FsRights {
    given(mask, AccessMask::READ_DATA, FsRights::READ_FILE)
        | given(mask, EXECUTE_WHOLE, FsRights::EXECUTE)
        | given(mask, WRITE_WHOLE, FsRights::WRITE_FILE)
        | given(mask, AccessMask::WRITE_DATA, FsRights::TRUNCATE)
}

/// Rights on directories: what a mask that holds for every directory gives.
fn of_dirs(mask: AccessMask) -> FsRights {
    let mut rights = given(mask, LIST, FsRights::READ_DIR)
        | given(mask, ADD_FILE, FsRights::MAKE_FILE_LIKE)
        | given(mask, ADD_SUBDIRECTORY, FsRights::MAKE_DIR);
    if rights.intersects(FsRights::MAKE_FILE_LIKE | FsRights::MAKE_DIR) {
        rights |= FsRights::REFER;
    }
    rights
}

/// A directory with all beneath it.
pub(crate) fn of_tree(levels: &Levels) -> Region {
    let Levels { root, dirs, files, some } = *levels;
    let all = root & dirs & files;
    let mut rights = of_files(files)
        | of_dirs(root & dirs)
        | given(files, AccessMask::DELETE, FsRights::REMOVE_FILE)
        | given(dirs, AccessMask::DELETE, FsRights::REMOVE_DIR);
    let mut dropped = Vec::new();
    // A lone DELETE without a right to write is still a write right: the mount must be writable for it.
    if rights.intersects(FsRights::WRITES) && !all.contains(WRITE_ATTRIBUTES) {
        dropped.push((rights & FsRights::WRITES, Reason::WriteNeedsAttributes));
        rights = rights.without(FsRights::WRITES);
    }
    let visible = all.contains(AccessMask::READ_ATTRIBUTES);
    if !visible && !rights.is_empty() {
        dropped.push((rights, Reason::VisibleNeedsAttributes));
        rights = FsRights::NONE;
    }
    note_partial(files, &mut dropped);
    // What some part of the tree would have and the whole has not.
    let wished = of_files(some) | of_dirs(some);
    let already = dropped.iter().fold(rights, |sum, (right, _)| sum | *right);
    let uneven = wished.without(already);
    if !uneven.is_empty() {
        dropped.push((uneven, Reason::NotUniform));
    }
    let mut tolerates = if visible { rights } else { FsRights::NONE };
    if !root.contains(AccessMask::DELETE) {
        tolerates = tolerates.without(FsRights::REMOVE_DIR);
    }
    tolerates |= FsRights::IOCTL_DEV;
    Region { rights, visible, read_ea: all.contains(AccessMask::READ_EA), tolerates, dropped }
}

/// A single file (or FIFO).
pub(crate) fn of_file(mask: AccessMask, special: bool) -> Region {
    let mut rights = of_files(mask);
    let mut dropped = Vec::new();
    // A device or FIFO is written through a read-only mount, so that chmod and its like stay refused.
    if !special && rights.intersects(FsRights::WRITES) && !mask.contains(WRITE_ATTRIBUTES) {
        dropped.push((rights & FsRights::WRITES, Reason::WriteNeedsAttributes));
        rights = rights.without(FsRights::WRITES);
    }
    let visible = mask.contains(AccessMask::READ_ATTRIBUTES);
    if !visible && !rights.is_empty() {
        dropped.push((rights, Reason::VisibleNeedsAttributes));
        rights = FsRights::NONE;
    }
    note_partial(mask, &mut dropped);
    // A rule above with rights to directories says nothing about a file; one to remove files does.
    let of_directories = FsRights::READ_DIR
        | FsRights::REMOVE_DIR
        | FsRights::MAKE_DIR
        | FsRights::MAKE_FILE_LIKE
        | FsRights::REFER
        | FsRights::IOCTL_DEV;
    let mut tolerates = FsRights::NONE;
    if visible {
        // Beneath a writable bind the mount is writable, and with it chmod.
        let changeable = mask.contains(WRITE_ATTRIBUTES);
        tolerates = rights | of_directories | given(mask, AccessMask::DELETE, FsRights::REMOVE_FILE);
        if !changeable {
            tolerates = tolerates.without(FsRights::WRITES);
        }
    }
    Region { rights, visible, read_ea: mask.contains(AccessMask::READ_EA), tolerates, dropped }
}

fn note_partial(files: AccessMask, dropped: &mut Vec<(FsRights, Reason)>) {
    if files.contains(AccessMask::EXECUTE) && !files.contains(AccessMask::READ_DATA) {
        dropped.push((FsRights::EXECUTE, Reason::ExecuteNeedsRead));
    }
    if files.contains(AccessMask::WRITE_DATA) != files.contains(AccessMask::APPEND_DATA) {
        dropped.push((FsRights::WRITE_FILE, Reason::WriteIsWhole));
    }
}

/// A unix socket: whether it may be connected to, and the region that it is for rules above it.
pub(crate) fn of_socket(mask: AccessMask) -> (bool, Region) {
    let mut region = of_file(mask, true);
    let wanted = mask.contains(AccessMask::READ_DATA | AccessMask::WRITE_DATA);
    // Other rights mean nothing for a socket.
    region.dropped.retain(|(_, reason)| wanted && *reason == Reason::VisibleNeedsAttributes);
    (wanted && region.visible, region)
}

impl Region {
    /// Whether a bind of this would show or allow anything.
    pub fn is_bindable(&self) -> bool {
        self.visible
    }
}
