//! FIFOs in folders that are granted for reading while Landlock leaves the rest to the mounts.
//!
//! A read-only mount does not keep a FIFO from being written (fifo(7): its bytes never reach the file system), and who reads
//! it on the host takes what comes for a command.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::Bounds;

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fifos {
    /// None, as far as the user may look.
    None,
    /// This one, perhaps among others.
    One(PathBuf),
    /// Too many names to say, or too little time.
    TooLarge,
}

/// Looks through `path` and all beneath it, without following links.
pub(crate) fn fifos(path: &Path, bounds: &mut Bounds) -> Fifos {
    let mut todo = vec![path.to_owned()];
    while let Some(folder) = todo.pop() {
        // What can't be listed by the user can't be by the program.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if !bounds.count() {
                return Fifos::TooLarge;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_fifo() {
                return Fifos::One(entry.path());
            }
            if kind.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    Fifos::None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    #[test]
    fn a_fifo_deep_in_a_folder_is_found_and_one_behind_a_link_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "").unwrap();
        std::os::unix::fs::symlink(other.path(), deep.join("link")).unwrap();
        let make = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::from(0o600), 0).unwrap();
        make(&other.path().join("pipe"));
        let look = || fifos(folder.path(), &mut Bounds::at_launch());
        assert_eq!(look(), Fifos::None);
        make(&deep.join("pipe"));
        assert_eq!(look(), Fifos::One(deep.join("pipe")));
    }
}
