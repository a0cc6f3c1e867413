//! Set-uid and set-gid files in what root makes writable.
//!
//! write(2) takes the bit away, writing through a shared mapping does not: a program that root lends a folder to could put code
//! into a set-uid-root file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::PrepareError;
use crate::host::NameError;

/// So many files are looked at; a larger folder can't be lent by root for writing.
const MOST: usize = 500_000;

const SET_UID_OR_GID: u32 = 0o6000;

/// Refuses a grant that holds such a file, by its name.
pub(crate) fn refuse(path: &Path) -> Result<(), PrepareError> {
    let mut left = MOST;
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
        left = left.checked_sub(1).ok_or_else(|| PrepareError::TooLarge(path.to_owned()))?;
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
        assert!(refuse(folder.path()).is_ok());
        fs::set_permissions(deep.join("tool"), fs::Permissions::from_mode(0o4755)).unwrap();
        assert!(
            matches!(refuse(folder.path()), Err(PrepareError::SetIdFile { file, .. }) if file == deep.join("tool"))
        );
    }
}
