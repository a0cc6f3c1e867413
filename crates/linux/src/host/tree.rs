//! The real file tree, for the planner.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, HostTree, MAX_CHILDREN, NodeKind, TreeError};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, open, statat};
use rustix::io::Errno;

use crate::launch::pin::node_kind;

/// The file tree that this process sees.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealTree;

/// Room for what one getdents64(2) returns: a system's /etc fits.
const LISTING: usize = 16 << 10;

impl HostTree for RealTree {
    fn node(&self, path: &Path) -> Option<FileId> {
        node_at(CWD, path).ok()
    }

    fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError> {
        let mut children = Vec::new();
        self.each_child(dir, &mut |name, kind| children.push((name.to_os_string(), kind)))?;
        Ok(children)
    }

    fn each_child(&self, dir: &Path, tell: &mut dyn FnMut(&OsStr, NodeKind)) -> Result<(), TreeError> {
        let refused = |error: Errno| match error {
            Errno::NOENT | Errno::NOTDIR => TreeError::NotADirectory,
            Errno::ACCESS | Errno::PERM => TreeError::Denied,
            error => TreeError::Other(io::Error::from(error).to_string()),
        };
        // Not blocking: somebody may have put a FIFO or a device in its place.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let folder = open(dir, flags, Mode::empty()).map_err(refused)?;
        let mut buffer = [MaybeUninit::uninit(); LISTING];
        let mut entries = RawDir::new(&folder, &mut buffer);
        let mut count = 0;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(refused)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if count == MAX_CHILDREN {
                return Err(TreeError::TooMany);
            }
            let kind = match entry.file_type() {
                // Some file systems don't say it in a listing.
                FileType::Unknown => node_at(&folder, Path::new(name)).map_err(refused)?.kind,
                kind => node_kind(kind),
            };
            tell(name, kind);
            count += 1;
        }
        Ok(())
    }

    fn read_link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }
}

fn node_at(folder: impl AsFd, path: &Path) -> rustix::io::Result<FileId> {
    let stat = statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileId { dev: stat.st_dev, ino: stat.st_ino, kind: node_kind(FileType::from_raw_mode(stat.st_mode)) })
}

/// The content of a small file (at most 64 KiB), for markers such as `pyvenv.cfg`.
pub fn read_small_file(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    const MOST: u64 = 64 * 1024;
    let file = fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MOST).then_some(bytes)
}
