//! Putting away what is of no use any more: of a lowbox that was killed, of versions that no program runs of any more.

use std::io;

use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags, flock, openat, renameat, renameat_with};

use super::package::{CURRENT, InstalledPackage};
use super::remove::REMOVED;
use super::repository::{all_names, names, open_own};
use super::{InstalledError, Repository, contents, running};

/// How the names of folders begin that are being removed.
const OLD: &str = ".old-";

/// Puts away what is left over, unless somebody changes something at the moment, who does it then.
pub(super) fn put_away(repository: &Repository) -> Result<(), InstalledError> {
    if !is_anything_left(repository)? {
        return Ok(());
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lock = openat(&repository.folder, ".lock", flags, Mode::from(0o600))
        .map_err(InstalledError::at(&repository.path))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(()),
        locked => {
            locked.map_err(InstalledError::at(&repository.path))?;
            put_away_all(repository)
        }
    }
}

/// Whether there is anything: three calls for each package.
fn is_anything_left(repository: &Repository) -> Result<bool, InstalledError> {
    for name in all_names(&repository.folder).map_err(InstalledError::at(&repository.path))? {
        if name.starts_with(contents::NEW) || name.starts_with(OLD) || name.starts_with(REMOVED) {
            return Ok(true);
        }
        if !name.starts_with('.') && !others(repository, &name)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is in a package's folder beside its version; the folder itself, as `.`, where none is installed.
fn others(repository: &Repository, family: &str) -> Result<Vec<String>, InstalledError> {
    let path = repository.path.join(family);
    let folder = open_own(&path).map_err(InstalledError::at(&path))?;
    let current = match rustix::fs::readlinkat(&folder, CURRENT, Vec::new()) {
        Ok(target) => Some(target.to_string_lossy().into_owned()),
        Err(rustix::io::Errno::NOENT) => None,
        Err(error) => return Err(InstalledError::at(&path)(error)),
    };
    let mut names = all_names(&folder).map_err(InstalledError::at(&path))?;
    names.retain(|name| name != CURRENT && Some(name) != current.as_ref());
    if current.is_none() {
        names.push(".".to_owned());
    }
    Ok(names)
}

/// Puts everything away. The caller holds the lock.
pub(super) fn put_away_all(repository: &Repository) -> Result<(), InstalledError> {
    let at = |error: io::Error| InstalledError::at(&repository.path)(error);
    for name in all_names(&repository.folder).map_err(at)? {
        if let Some(family) = name.strip_prefix(REMOVED) {
            // What can't be taken back is in nobody else's way, and nothing of it is removed while its programs run.
            let _ = repository.take_removal_back(family);
        }
    }
    // Before the folders: once they are gone nothing says that there may be such links.
    repository.remove_dead_links()?;
    for name in all_names(&repository.folder).map_err(at)? {
        if let Some(family) = name.strip_prefix(REMOVED) {
            repository.finish_removal(family)?;
        } else if name.starts_with(contents::NEW) || name.starts_with(OLD) {
            InstalledPackage::discard(&repository.folder, &name, &repository.path)?;
        } else if !name.starts_with('.') {
            put_away_versions(repository, &name)?;
        }
    }
    Ok(())
}

fn put_away_versions(repository: &Repository, family: &str) -> Result<(), InstalledError> {
    let path = repository.path.join(family);
    let folder = open_own(&path).map_err(InstalledError::at(&path))?;
    let mut is_empty = false;
    for name in others(repository, family)? {
        if name == "." {
            is_empty = names(&folder).map_err(InstalledError::at(&path))?.is_empty();
        } else if running::pids(&path.join(&name))?.is_empty() {
            // Out of sight at once, so that half a version is never one.
            let old = free_name(repository)?;
            renameat(&folder, &name, &repository.folder, &old)
                .map_err(InstalledError::at(path.join(&name)))?;
            InstalledPackage::discard(&repository.folder, &old, &repository.path)?;
            is_empty = false;
        }
    }
    if is_empty {
        InstalledPackage::discard(&repository.folder, family, &repository.path)?;
    }
    Ok(())
}

/// A name for what is being removed.
pub(super) fn free_name(repository: &Repository) -> Result<String, InstalledError> {
    let there = all_names(&repository.folder).map_err(InstalledError::at(&repository.path))?;
    let mut names = (0..).map(|number| format!("{OLD}{}-{number}", std::process::id()));
    Ok(names.find(|name| !there.contains(name)).unwrap_or_default())
}

/// Moves a folder, and replaces nothing.
pub(super) fn move_folder(
    from: &std::os::fd::OwnedFd,
    name: &str,
    to: &std::os::fd::OwnedFd,
    new: &str,
) -> rustix::io::Result<()> {
    renameat_with(from, name, to, new, RenameFlags::NOREPLACE)
}
