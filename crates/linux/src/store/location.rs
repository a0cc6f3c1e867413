//! Where the database is, and whether it can be believed: whoever can write it gives packages rights.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::StoreError;
use crate::host::canonical;

/// The path of the database `name` in `folder`, if there is one.
pub(super) fn existing(folder: &Path, name: &str) -> Result<Option<PathBuf>, StoreError> {
    let path = folder.join(name);
    // Never opened here: closing a descriptor of the file would take away the locks of another Store of this process.
    let metadata = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(|source| StoreError::Place { path: path.clone(), source })?,
    };
    let refuse = |why: String| Err(StoreError::NotTrusted { path: path.clone(), why });
    let own = geteuid().as_raw();
    if !metadata.is_file() {
        return refuse("is no regular file".to_owned());
    }
    if metadata.uid() != own {
        return refuse(format!("belongs to uid {}, not to you", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return refuse("can be written by others".to_owned());
    }
    if metadata.nlink() != 1 {
        return refuse("has a second name (a hard link)".to_owned());
    }
    let folder = trusted_folder(folder)?;
    Ok(Some(folder.join(name)))
}

/// The same, made if it is missing: the folder for its owner alone, the file too.
pub(super) fn existing_or_new(folder: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let fail = |source| StoreError::Place { path: folder.join(name), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    if let Some(path) = existing(folder, name)? {
        return Ok(path);
    }
    let path = trusted_folder(folder)?.join(name);
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match made {
        // Another lowbox was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => drop(result.map_err(fail)?),
    }
    existing(folder, name)?.ok_or_else(|| fail(io::ErrorKind::NotFound.into()))
}

/// The folder without links, which nobody else can write to.
fn trusted_folder(folder: &Path) -> Result<PathBuf, StoreError> {
    let fail = |source| StoreError::Place { path: folder.to_owned(), source };
    let folder = canonical(folder).map_err(fail)?;
    let metadata = fs::metadata(&folder).map_err(fail)?;
    let refuse = |why: String| Err(StoreError::NotTrusted { path: folder.clone(), why });
    if metadata.uid() != geteuid().as_raw() {
        return refuse(format!("is in a folder of uid {}, not yours", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return refuse("is in a folder that others can write to".to_owned());
    }
    Ok(folder)
}
