//! Set-uid and set-gid files in what root makes writable.
//!
//! write(2) takes the bit away, writing through a shared mapping does not: a program that root lends a folder to could put code
//! into a set-uid-root file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Bounds, PrepareError};
use crate::host::NameError;

const SET_UID_OR_GID: u32 = 0o6000;

/// Refuses a grant that holds such a file, by its name, and one that can't be looked through within the bounds.
pub(crate) fn refuse(path: &Path, bounds: &mut Bounds) -> Result<(), PrepareError> {
    let mut todo: Vec<PathBuf> = vec![path.to_owned()];
    while let Some(next) = todo.pop() {
        let unreadable = |source| NameError::Open { path: next.clone(), source };
        let metadata = match fs::symlink_metadata(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata.map_err(unreadable)?,
        };
        if metadata.is_file() && metadata.mode() & SET_UID_OR_GID != 0 {
            return Err(PrepareError::SetIdFile { path: path.to_owned(), file: next });
        }
        if !bounds.count() {
            return Err(PrepareError::TooLarge(path.to_owned()));
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(&next).map_err(unreadable)? {
                todo.push(entry.map_err(unreadable)?.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_set_uid_file_deep_in_a_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("tool"), "").unwrap();
        let look = || refuse(folder.path(), &mut Bounds::at_launch());
        assert!(look().is_ok());
        fs::set_permissions(deep.join("tool"), fs::Permissions::from_mode(0o4755)).unwrap();
        assert!(matches!(look(), Err(PrepareError::SetIdFile { file, .. }) if file == deep.join("tool")));
    }
}
