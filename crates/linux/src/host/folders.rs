//! Folders: of the user (XDG base and user directories) and of packages.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use super::canonical::canonical;
use super::shown::Shown;
use super::user::{HostUser, publisher_user};
use crate::launch::{ContainerUser, PackageData};

/// Where lowbox keeps and reads things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// `$XDG_DATA_HOME/lowbox`: packages' private data.
    pub data: PathBuf,
    /// `$XDG_CONFIG_HOME/lowbox`: the user's additions to the catalogue.
    pub config: PathBuf,
    /// `/etc/lowbox`: the administrator's.
    pub system_config: PathBuf,
}

/// A folder that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No home folder is known.
    #[error(
        "HOME is not set to an absolute path, so there is no place for private data; set HOME or XDG_DATA_HOME"
    )]
    NoHome,
    /// It could not be made.
    #[error("the private folder {}: {source}", Shown(path))]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("the private folder {} belongs to uid {owner}, not to you; move it away", Shown(path))]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
}

impl Folders {
    /// The folders of `user`, by the XDG base directory specification.
    ///
    /// # Errors
    /// [`FolderError::NoHome`].
    pub fn of(user: &HostUser, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Folders, FolderError> {
        let base = |name: &str, below_home: &str| {
            let given = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            given.or_else(|| user.home.as_ref().map(|home| home.join(below_home))).ok_or(FolderError::NoHome)
        };
        Ok(Folders {
            data: base("XDG_DATA_HOME", ".local/share")?.join("lowbox"),
            config: base("XDG_CONFIG_HOME", ".config")?.join("lowbox"),
            system_config: PathBuf::from("/etc/lowbox"),
        })
    }

    /// Makes the private folders of a package, as Windows names them, and returns them without symbolic links. Under root they
    /// belong to the package's own user.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn package_data(
        &self,
        user: &HostUser,
        container: &ContainerUser,
        family_name: &str,
    ) -> Result<PackageData, FolderError> {
        let package = self.data.join("packages").join(family_name);
        let folder = |name: &str| {
            let path = package.join(name);
            // A program that was not isolated could have put a link there, and everything of it would be the next one's home.
            for path in [&package, &path] {
                if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
                    let source = io::Error::other("it is a symbolic link; put a folder in its place");
                    return Err(FolderError::Make { path: path.clone(), source });
                }
            }
            private_folder(&path, user, container)
        };
        Ok(PackageData { local_state: folder("LocalState")?, temp_state: folder("TempState")? })
    }

    /// Makes the folder that the packages of one publisher share, and returns it without symbolic links. Under root it belongs to
    /// a user of the publisher's own, so that nothing in it is root's.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn publisher_data(&self, user: &HostUser, publisher_id: &str) -> Result<PathBuf, FolderError> {
        let owner = publisher_user(user, publisher_id);
        private_folder(&self.data.join("publisher").join(publisher_id), user, &owner)
    }

    /// Files of the user's and the administrator's additions to the object catalogue: `objects.d/*.objects`, the
    /// administrator's first, in the order of their names.
    pub fn object_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in [&self.system_config, &self.config] {
            let entries = fs::read_dir(folder.join("objects.d")).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "objects"))
                .collect();
            found.sort();
            files.extend(found);
        }
        files
    }
}

/// Makes a folder for `owner` alone (under root; else it is the user's), and returns it without symbolic links.
fn private_folder(path: &Path, user: &HostUser, owner: &ContainerUser) -> Result<PathBuf, FolderError> {
    let fail = |source| FolderError::Make { path: path.to_owned(), source };
    let path = match canonical(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
            let path = canonical(path).map_err(fail)?;
            if user.is_root() {
                match lchown(&path, Some(owner.uid), Some(owner.gid)) {
                    // A file system without owners: it is lent by an id map, as every grant is.
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                    changed => changed.map_err(fail)?,
                }
            }
            path
        }
        result => result.map_err(fail)?,
    };
    let found = fs::metadata(&path).map_err(fail)?.uid();
    if [user.uid, owner.uid].contains(&found) {
        Ok(path)
    } else {
        Err(FolderError::Foreign { path, owner: found })
    }
}

/// The user's library folders by the names that the catalogue uses (`documents`, `pictures`, …), from
/// `user-dirs.dirs` (xdg-user-dirs), with the specification's defaults. Symbolic links are resolved.
pub fn library_folders(home: &Path, config_home: &Path) -> Vec<(&'static str, PathBuf)> {
    const LIBRARIES: [(&str, &str, &str); 6] = [
        ("documents", "XDG_DOCUMENTS_DIR", "Documents"),
        ("pictures", "XDG_PICTURES_DIR", "Pictures"),
        ("music", "XDG_MUSIC_DIR", "Music"),
        ("videos", "XDG_VIDEOS_DIR", "Videos"),
        ("downloads", "XDG_DOWNLOAD_DIR", "Downloads"),
        ("desktop", "XDG_DESKTOP_DIR", "Desktop"),
    ];
    let text = fs::read(config_home.join("user-dirs.dirs")).unwrap_or_default();
    LIBRARIES
        .into_iter()
        .filter_map(|(name, key, default)| {
            let path = user_dir(&text, key, home).unwrap_or_else(|| home.join(default));
            let path = canonical(&path).unwrap_or(path);
            // A library that is the home folder itself means "none" (xdg-user-dirs), and is never granted as a whole.
            (path != home).then_some((name, path))
        })
        .collect()
}

/// The value of `KEY="$HOME/…"` or `KEY="/…"`.
fn user_dir(text: &[u8], key: &str, home: &Path) -> Option<PathBuf> {
    let line = text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(key.as_bytes()))?;
    let value = line.strip_prefix(b"=\"")?;
    let value = &value[..value.iter().position(|&byte| byte == b'"')?];
    if let Some(below) = value.strip_prefix(b"$HOME") {
        let below = below.strip_prefix(b"/").unwrap_or(below);
        return Some(home.join(Path::new(std::ffi::OsStr::from_bytes(below))));
    }
    value.starts_with(b"/").then(|| PathBuf::from(OsString::from_vec(value.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_folders_follow_the_users_configuration() {
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        fs::write(
            home.join("user-dirs.dirs"),
            "# comment\nXDG_DOCUMENTS_DIR=\"$HOME/Papers\"\nXDG_MUSIC_DIR=\"/srv/music\"\nXDG_PICTURES_DIR=\"$HOME/\"\n",
        )
        .unwrap();
        let found = library_folders(&home, &home);
        assert!(found.contains(&("documents", home.join("Papers"))));
        assert!(found.contains(&("music", PathBuf::from("/srv/music"))));
        assert!(found.contains(&("videos", home.join("Videos"))));
        assert!(!found.iter().any(|(name, _)| *name == "pictures"), "the home folder is no library");
    }
}
