//! A package's own prefix: the template as it is, and above it what the package's programs changed (overlayfs), or a copy of the template
//! where the file system has no overlays. All of it lies in the package's folder, so whoever removes the package's data removes it.
//!
//! What programs wrote there is theirs to say: nothing here reads it, follows a link in it, or takes a name from it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, lchown, symlink};
use std::path::{Path, PathBuf};

use lowbox_policy::os_bytes;
use rustix::fs::{CWD, FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{PrefixOf, WineError};
use crate::host::{Folders, canonical, open_lock_file, remove_tree};
use crate::keep;
use crate::launch::ContainerUser;
use crate::launch::pin::open_without_links;
use crate::prepare::{Caller, Request};

/// Where the prefix is mounted in the package's folder, at this path inside too; or the prefix itself, where it is a copy.
pub(super) const PREFIX: &str = "Wine";
/// What belongs to it, beside it: who learns about root's programs finds the mount point only in folders of root's.
pub(crate) const CHANGES: &str = "WineChanges";
/// What programs changed, and overlayfs' own folder beside it.
pub(crate) const UPPER: &str = "upper";
pub(crate) const WORK: &str = "work";
/// Held while a program of the package runs.
const LOCK: &str = "lock";
/// A copy that is being made.
const NEW: &str = "new";

/// What a prefix is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An overlay.
    Overlay {
        /// The template's prefix.
        #[serde(with = "os_bytes")]
        template: PathBuf,
        /// The package's folder of changes, with [`UPPER`] and [`WORK`] in it.
        #[serde(with = "os_bytes")]
        changes: PathBuf,
    },
    /// The folder itself.
    Folder(#[serde(with = "os_bytes")] PathBuf),
}

/// A prefix, made ready for one run.
pub(crate) struct Ready {
    /// Where it is inside.
    pub(crate) path: PathBuf,
    pub(crate) source: Source,
    /// It has the add-on that tells programs of their container.
    pub(crate) is_told: bool,
    /// Nobody else uses it meanwhile, but for who joins; and nobody removes its template.
    pub(crate) locks: Vec<File>,
}

/// Makes the prefix of a run ready.
///
/// # Errors
/// [`WineError::Busy`], [`WineError::Folder`].
pub(crate) fn ready(
    caller: &Caller,
    of: &PrefixOf,
    user: &ContainerUser,
    request: &Request,
) -> Result<Ready, WineError> {
    let family_name = &request.family_name;
    let template = match of {
        PrefixOf::Making(folder) => {
            let source = Source::Folder(folder.clone());
            return Ok(Ready { path: folder.clone(), source, is_told: false, locks: Vec::new() });
        }
        PrefixOf::Package(template) | PrefixOf::Importing(template, _) => template,
    };
    let package = caller.folders.data.join("packages").join(family_name);
    let package = canonical(&package).map_err(WineError::at(package))?;
    let folder = own_folder(caller, user, &package.join(CHANGES))?;
    let locks = match request.joins {
        true => Vec::new(),
        false => vec![lock(&folder, family_name, &caller.folders)?, template.hold()?],
    };
    let path = package.join(PREFIX);
    let source = if template.is_copied() {
        if fs::symlink_metadata(&path).is_err() {
            copy(caller, user, &template.prefix(), &folder, &path)?;
        }
        Source::Folder(path.clone())
    } else {
        for path in [&folder.join(UPPER), &folder.join(WORK), &path] {
            own_folder(caller, user, path)?;
        }
        Source::Overlay { template: template.prefix(), changes: folder }
    };
    Ok(Ready { path, source, is_told: template.not_told().is_none(), locks })
}

/// A folder of the container's user, and no link to one.
fn own_folder(caller: &Caller, user: &ContainerUser, path: &Path) -> Result<PathBuf, WineError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) if caller.user.is_root() => {
            lchown(path, Some(user.uid), Some(user.gid)).map_err(WineError::at(path))?;
        }
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(WineError::at(path)(error)),
        _ => {}
    }
    match fs::symlink_metadata(path).map_err(WineError::at(path))?.is_dir() {
        true => Ok(path.to_owned()),
        false => Err(WineError::at(path)(io::Error::other("it is no folder; remove it"))),
    }
}

/// Two overlays above one folder would be undefined (the kernel's overlayfs.rst), and two servers would write one registry.
fn lock(folder: &Path, family_name: &str, folders: &Folders) -> Result<File, WineError> {
    let path = folder.join(LOCK);
    let file = open_lock_file(&path).map_err(WineError::at(&path))?;
    let try_it = || flock(&file, FlockOperation::NonBlockingLockExclusive);
    let locked = match try_it() {
        // A container that is only kept makes room.
        Err(Errno::WOULDBLOCK) if keep::end_idle(folders, family_name) => try_it(),
        locked => locked,
    };
    match locked {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(WineError::Busy { package: family_name.to_owned() }),
        Err(error) => Err(WineError::at(path)(error)),
    }
}

/// Copies the template, as a whole or not at all.
fn copy(
    caller: &Caller,
    user: &ContainerUser,
    template: &Path,
    folder: &Path,
    prefix: &Path,
) -> Result<(), WineError> {
    let new = folder.join(NEW);
    let owner = caller.user.is_root().then_some((user.uid, user.gid));
    let parent = open_without_links(CWD, folder).map_err(WineError::at(folder))?;
    remove_tree(&parent, NEW.as_ref())
        .and_then(|()| copy_tree(template, &new, owner))
        .and_then(|()| fs::rename(&new, prefix))
        .map_err(WineError::at(new))
}

/// What the template holds is lowbox's: files, folders, and links to Wine's own libraries.
fn copy_tree(from: &Path, to: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_dir() {
        DirBuilder::new().mode(0o755).create(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()), owner)?;
        }
    } else if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else {
        fs::copy(from, to)?;
    }
    owner.map_or(Ok(()), |(uid, gid)| lchown(to, Some(uid), Some(gid)))
}
