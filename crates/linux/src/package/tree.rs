//! The files of a folder that is to be packed.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use lowbox_msix::part_name::{PartName, PartNameError};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat};

/// Files at the most, as in a package.
const MAX_FILES: usize = 300_000;
/// Folders within folders at the most.
const MAX_DEPTH: usize = 128;

/// A file of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its name in the package.
    pub name: PartName,
    /// Its path.
    pub path: PathBuf,
    /// Its size as it was seen.
    pub size: u64,
}

/// Why a folder can't be packed.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Something can't be read.
    #[error("{path}: {error}", path = path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A name that a package can't have.
    #[error("{path}: {error}; rename it", path = path.display())]
    Name {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: PartNameError,
    },
    /// A link.
    #[error("{} is a symbolic link, which packages don't have; put a copy of what it leads to in its place", .0.display())]
    Link(PathBuf),
    /// A FIFO, socket or device.
    #[error("{} is no file and no folder", .0.display())]
    Special(PathBuf),
    /// Too many.
    #[error("there are more than 300,000 files, or more than 128 folders in one another")]
    TooMany,
}

/// A folder and its files.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    /// By name.
    pub files: Vec<TreeFile>,
}

impl Tree {
    /// Opens a file of it. What has become a link since it was found, or lies behind one, is refused: a program that may write to the folder
    /// could lead it to what is not its own.
    ///
    /// # Errors
    /// The system's; another kind of file.
    pub fn open(&self, file: &TreeFile) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let opened = File::from(openat2(&self.root, file.name.as_str(), flags, Mode::empty(), beneath)?);
        if opened.metadata()?.is_file() {
            Ok(opened)
        } else {
            Err(io::Error::other("it is no regular file any more"))
        }
    }
}

/// The files in a folder and those in it, by name. Empty folders are left out, as packages have none.
///
/// # Errors
/// When something is there that no package can have, or can't be read.
pub fn tree(folder: &Path) -> Result<Tree, TreeError> {
    let mut files = Vec::new();
    let failed = |error: rustix::io::Errno| TreeError::Read { path: folder.to_owned(), error: error.into() };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(folder, flags, Mode::empty()).map_err(failed)?;
    let own = root.try_clone().map_err(|error| TreeError::Read { path: folder.to_owned(), error })?;
    walk(own, folder, "", 0, &mut files)?;
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Tree { root, files })
}

fn walk(
    folder: OwnedFd,
    path: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<TreeFile>,
) -> Result<(), TreeError> {
    if depth > MAX_DEPTH {
        return Err(TreeError::TooMany);
    }
    let failed = |path: &Path, error: rustix::io::Errno| TreeError::Read {
        path: path.to_owned(),
        error: error.into(),
    };
    let entries = Dir::read_from(&folder).map_err(|error| failed(path, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| failed(path, error))?;
        let bytes = entry.file_name().to_bytes();
        if bytes == b"." || bytes == b".." {
            continue;
        }
        use std::os::unix::ffi::OsStrExt;
        let own = path.join(std::ffi::OsStr::from_bytes(bytes));
        let text = std::str::from_utf8(bytes)
            .map_err(|_| TreeError::Name { path: own.clone(), error: PartNameError::NotText })?;
        let name = if prefix.is_empty() { text.to_owned() } else { format!("{prefix}/{text}") };
        let stat = statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| failed(&own, error))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let next = openat(&folder, entry.file_name(), flags, Mode::empty())
                    .map_err(|error| failed(&own, error))?;
                walk(next, &own, &name, depth + 1, files)?;
            }
            FileType::RegularFile => {
                let name =
                    PartName::new(&name).map_err(|error| TreeError::Name { path: own.clone(), error })?;
                if files.len() == MAX_FILES {
                    return Err(TreeError::TooMany);
                }
                files.push(TreeFile { name, path: own, size: stat.st_size as u64 });
            }
            FileType::Symlink => return Err(TreeError::Link(own)),
            _ => return Err(TreeError::Special(own)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_became_a_link_after_it_was_found_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let (app, secret) = (place.path().join("app"), place.path().join("secret"));
        fs::create_dir_all(app.join("folder")).unwrap();
        fs::create_dir(&secret).unwrap();
        for path in [app.join("file"), app.join("folder/file"), secret.join("file")] {
            fs::write(path, "text").unwrap();
        }
        let found = tree(&app).unwrap();
        assert_eq!(
            found.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
            ["file", "folder/file"]
        );
        assert!(found.files.iter().all(|file| found.open(file).is_ok()));
        fs::remove_file(app.join("file")).unwrap();
        symlink(secret.join("file"), app.join("file")).unwrap();
        fs::remove_dir_all(app.join("folder")).unwrap();
        symlink(&secret, app.join("folder")).unwrap();
        assert!(found.files.iter().all(|file| found.open(file).is_err()));
    }
}
