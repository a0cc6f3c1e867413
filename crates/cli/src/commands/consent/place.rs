//! The path of an entry that is named, also where nothing or something else is there now.

use std::path::{Component, Path, PathBuf};

use lowbox_linux::host::name;

use crate::failure::Failure;
use crate::resolve::resolve;

/// The paths that `path` may be remembered under, the likeliest first: without links as it is, as it is written, and what its
/// links lead to.
///
/// # Errors
/// When the working folder is gone.
pub fn places(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found: Vec<PathBuf> = name(path).map(|named| named.path).into_iter().collect();
    let absolute =
        std::path::absolute(path).map_err(|error| Failure::new(format!("the working folder: {error}")))?;
    let mut written = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                written.pop();
            }
            other => written.push(other),
        }
    }
    found.push(written);
    found.extend(resolve(Path::new("/"), &absolute).map(|resolved| resolved.path));
    let mut places: Vec<PathBuf> = Vec::new();
    for path in found {
        if !places.contains(&path) {
            places.push(path);
        }
    }
    Ok(places)
}
