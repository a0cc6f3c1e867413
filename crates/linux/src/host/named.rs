//! Paths that a person names: grants and arguments. Each is opened once, without following symbolic links, and from then
//! on is the object that was found, under its canonical path.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use lowbox_policy::FileId;
use rustix::fs::CWD;
use rustix::io::Errno;

use super::shown::Shown;
use crate::launch::pin::{file_id, open_without_links};

/// An object that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its canonical path.
    pub path: PathBuf,
    /// What was found there.
    pub id: FileId,
}

/// Why a named path can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing is there.
    #[error("{} does not exist; create it first", Shown(.0))]
    Missing(PathBuf),
    /// A symbolic link is on the way.
    #[error(
        "{} goes through a symbolic link{}; a link may have been planted by somebody else, so name the path that it \
         leads to", Shown(path), leads_to.as_ref().map(|to| format!(" to {}", Shown(to))).unwrap_or_default()
    )]
    Link {
        /// What was named.
        path: PathBuf,
        /// Where it leads, if that can be told.
        leads_to: Option<PathBuf>,
    },
    /// It can't be opened.
    #[error("{}: {source}", Shown(path))]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Pins what `path` names, relative to the working folder.
///
/// # Errors
/// [`NameError`].
pub fn name(path: &Path) -> Result<Named, NameError> {
    let fail = |error: Errno| match error {
        Errno::NOENT | Errno::NOTDIR => NameError::Missing(path.to_owned()),
        Errno::LOOP => NameError::Link { path: path.to_owned(), leads_to: fs::canonicalize(path).ok() },
        error => NameError::Open { path: path.to_owned(), source: error.into() },
    };
    let descriptor = match open_without_links(CWD, path) {
        Err(Errno::LOOP) => {
            let through = through_system_link(path).ok_or_else(|| fail(Errno::LOOP))?;
            open_without_links(CWD, &through).map_err(fail)?
        }
        result => result.map_err(fail)?,
    };
    let id = file_id(&descriptor).map_err(fail)?;
    // The canonical path of the very object, as the kernel has it (proc(5)).
    let canonical = fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
        .map_err(|source| NameError::Open { path: path.to_owned(), source })?;
    Ok(Named { path: canonical, id })
}

/// `path` with its first component replaced, where that is a link that only root can have made: `/home` → `/var/home`,
/// `/bin` → `/usr/bin` and the like.
fn through_system_link(path: &Path) -> Option<PathBuf> {
    let mut components = path.components();
    let (Some(Component::RootDir), Some(Component::Normal(first))) = (components.next(), components.next())
    else {
        return None;
    };
    let root = fs::metadata("/").ok()?;
    let link = Path::new("/").join(first);
    let metadata = fs::symlink_metadata(&link).ok()?;
    let only_roots =
        root.uid() == 0 && root.mode() & 0o022 == 0 && metadata.is_symlink() && metadata.uid() == 0;
    if !only_roots {
        return None;
    }
    Some(Path::new("/").join(fs::read_link(&link).ok()?).join(components.as_path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_anywhere_on_the_way_is_refused_and_its_end_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(folder.join("real")).unwrap();
        fs::write(folder.join("real/secret"), "s").unwrap();
        symlink("real/secret", folder.join("config.json")).unwrap();
        symlink("real", folder.join("way")).unwrap();
        for path in ["config.json", "way/secret"] {
            match name(&folder.join(path)) {
                Err(NameError::Link { leads_to: Some(to), .. }) => assert_eq!(to, folder.join("real/secret")),
                other => panic!("{path}: {other:?}"),
            }
        }
        let named = name(&folder.join("real/../real/./secret")).unwrap();
        assert_eq!(named.path, folder.join("real/secret"));
    }

    #[test]
    fn a_link_of_the_system_at_the_root_is_followed() {
        if fs::symlink_metadata("/bin").is_ok_and(|bin| bin.is_symlink()) {
            assert_eq!(
                name(Path::new("/bin/sh"))
                    .map(|named| named.path)
                    .or_else(|error| match error {
                        // sh itself may be a link.
                        NameError::Link { leads_to, .. } => Ok(leads_to.unwrap()),
                        error => Err(error),
                    })
                    .unwrap()
                    .parent(),
                Some(Path::new("/usr/bin"))
            );
        }
    }
}
