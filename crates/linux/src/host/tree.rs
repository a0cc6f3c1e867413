//! The real file tree, for the planner.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, HostTree, MAX_CHILDREN, NodeKind, TreeError};

/// The file tree that this process sees.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealTree;

fn kind(file_type: fs::FileType) -> NodeKind {
    if file_type.is_dir() {
        NodeKind::Dir
    } else if file_type.is_symlink() {
        NodeKind::Symlink
    } else if file_type.is_socket() {
        NodeKind::Socket
    } else if file_type.is_fifo() {
        NodeKind::Fifo
    } else if file_type.is_char_device() {
        NodeKind::CharDevice
    } else if file_type.is_block_device() {
        NodeKind::BlockDevice
    } else {
        NodeKind::File
    }
}

impl HostTree for RealTree {
    fn node(&self, path: &Path) -> Option<FileId> {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some(FileId { dev: metadata.dev(), ino: metadata.ino(), kind: kind(metadata.file_type()) })
    }

    fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError> {
        let refused = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => TreeError::NotADirectory,
            std::io::ErrorKind::PermissionDenied => TreeError::Denied,
            _ => TreeError::Other(error.to_string()),
        };
        let mut children = Vec::new();
        for entry in fs::read_dir(dir).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            if children.len() == MAX_CHILDREN {
                return Err(TreeError::TooMany);
            }
            children.push((entry.file_name(), kind(entry.file_type().map_err(refused)?)));
        }
        Ok(children)
    }

    fn read_link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }
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
