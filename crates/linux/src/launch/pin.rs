//! Pinning: one descriptor for an object, by a path without symbolic links, checked against what was planned.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use lowbox_policy::{FileId, NodeKind};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};

use super::error::LaunchError;

/// An object held by a descriptor (O_PATH).
pub(crate) struct Pinned {
    pub(crate) fd: OwnedFd,
    pub(crate) id: FileId,
}

/// Pins `path` beneath `root`.
pub(crate) fn pin(root: impl AsFd, path: &Path) -> Result<Pinned, LaunchError> {
    let fail = |error: rustix::io::Errno| LaunchError::object(path, error.into());
    let fd = open_without_links(root, path).map_err(fail)?;
    let id = file_id(&fd).map_err(fail)?;
    Ok(Pinned { fd, id })
}

impl Pinned {
    /// Refuses an object that is not the one that was planned: somebody replaced it in between.
    pub(crate) fn expect_same(self, path: &Path, planned: FileId) -> Result<Pinned, LaunchError> {
        if self.id == planned { Ok(self) } else { Err(LaunchError::Changed(path.to_owned())) }
    }
}

/// Opens `path` without following any symbolic link.
pub(crate) fn open_without_links(root: impl AsFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    openat2(
        root,
        path,
        // Not O_NOFOLLOW: together with O_PATH it would open a link itself instead of refusing it (openat2(2)).
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

/// The identity of an open object.
pub(crate) fn file_id(fd: impl AsFd) -> rustix::io::Result<FileId> {
    let stat = fstat(fd)?;
    Ok(FileId { dev: stat.st_dev, ino: stat.st_ino, kind: node_kind(FileType::from_raw_mode(stat.st_mode)) })
}

/// The policy's word for a file type.
pub(crate) fn node_kind(kind: FileType) -> NodeKind {
    match kind {
        FileType::Directory => NodeKind::Dir,
        FileType::Symlink => NodeKind::Symlink,
        FileType::Socket => NodeKind::Socket,
        FileType::Fifo => NodeKind::Fifo,
        FileType::CharacterDevice => NodeKind::CharDevice,
        FileType::BlockDevice => NodeKind::BlockDevice,
        FileType::RegularFile | FileType::Unknown => NodeKind::File,
    }
}
