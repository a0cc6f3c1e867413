//! Templates that another version of lowbox made: their add-on is another one, so nothing finds them any more.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};

use crate::host::remove_tree;

/// Held as long as a program runs above a template.
///
/// # Errors
/// The system's.
pub(super) fn hold(template: &Path) -> io::Result<File> {
    let folder = File::open(template)?;
    flock(&folder, FlockOperation::LockShared)?;
    Ok(folder)
}

/// Removes those of the same Wine and user but `own` from the folder of templates, unless a program runs above one: that one waits for the next
/// template that is made.
pub(super) fn remove(folder: &OwnedFd, all: &Path, wine: &str, user: &str, own: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(all)? {
        let entry = entry?;
        let name = entry.file_name();
        let parts =
            name.to_str().and_then(|name| name.strip_prefix(wine)?.strip_prefix('-')?.split_once('-'));
        if entry.path() == own || parts.is_none_or(|(_, whose)| whose != user) {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(other) = openat(folder, &name, flags, Mode::empty()) else { continue };
        if flock(&other, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_tree(folder, &name)?;
        }
    }
    Ok(())
}
