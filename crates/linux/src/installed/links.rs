//! Where the rest of the system finds an installed package: symbolic links to launchers, desktop entries and types of files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use super::{InstalledError, Repository};
use crate::host::Folders;

/// The folder of launchers in that of a version.
pub(super) const LAUNCHERS: &str = "launchers";

/// The folders that they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `~/.local/bin`: commands of the user's own (file-hierarchy(7)).
    pub commands: PathBuf,
    /// `$XDG_DATA_HOME/applications`: desktop entries.
    pub applications: PathBuf,
    /// `$XDG_DATA_HOME/mime`: types of files; what packages add is in `packages`.
    pub mime: PathBuf,
}

impl Places {
    pub(super) fn of(folders: &Folders, home: &Path) -> Places {
        // lowbox's folder is one in XDG_DATA_HOME.
        let data = folders.data.parent().unwrap_or(&folders.data);
        Places {
            commands: home.join(".local/bin"),
            applications: data.join("applications"),
            mime: data.join("mime"),
        }
    }

    fn all(&self) -> [PathBuf; 3] {
        [self.commands.clone(), self.applications.clone(), self.mime.join("packages")]
    }
}

/// A name that the package can't have, because somebody else has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The command, file type or protocol.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A link that is wanted: where, and where to in the folder of a version.
pub(super) struct Wanted {
    pub(super) at: PathBuf,
    pub(super) to: String,
}

impl Repository {
    /// Makes the links of a package. They lead nowhere until it is installed. What somebody else has made in its place stays, and is told.
    pub(super) fn make_links(&self, family: &str, wanted: &[Wanted]) -> Result<Vec<PathBuf>, InstalledError> {
        let mut foreign = Vec::new();
        for Wanted { at, to } in wanted {
            let folder = at.parent().unwrap_or(Path::new("/"));
            let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
            made.map_err(InstalledError::at(folder))?;
            let target = self.path.join(family).join(super::package::CURRENT).join(to);
            match symlink(&target, at) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if fs::read_link(at).ok().as_ref() != Some(&target) {
                        foreign.push(at.clone());
                    }
                }
                made => made.map_err(InstalledError::at(at))?,
            }
        }
        Ok(foreign)
    }

    /// Whose link is at that place: the family name.
    pub(super) fn owner_of_link(&self, at: &Path) -> Option<String> {
        let target = fs::read_link(at).ok()?;
        let within = target.strip_prefix(&self.path).ok()?;
        let family = within.components().next()?;
        family.as_os_str().to_str().map(str::to_owned)
    }

    /// The commands of a package that start it: those that were free when it was installed.
    #[must_use]
    pub fn commands(&self, package: &super::InstalledPackage) -> Vec<String> {
        let family = package.identity.family_name();
        let aliases = package.manifest.applications.iter().flat_map(|one| &one.integration.aliases);
        let commands = aliases.map(|alias| alias.command());
        let is_own = |command: &&str| {
            self.launched_by(&self.places.commands.join(command)).is_some_and(|(owner, _)| owner == family)
        };
        commands.filter(is_own).map(str::to_owned).collect()
    }

    /// Whose launcher the command at that place is: the family name, and the command's. `None` for any other program.
    #[must_use]
    pub fn launched_by(&self, at: &Path) -> Option<(String, String)> {
        let target = fs::read_link(at).ok()?;
        let within = target.strip_prefix(&self.path).ok()?;
        let parts: Option<Vec<&str>> = within.components().map(|part| part.as_os_str().to_str()).collect();
        match parts?[..] {
            [family, super::package::CURRENT, LAUNCHERS, command] => {
                Some((family.to_owned(), command.to_owned()))
            }
            _ => None,
        }
    }

    /// Removes the links that lead nowhere: of versions that had more of them, of packages that are gone, of installations that were given up.
    /// Others' links are not touched.
    pub(super) fn remove_dead_links(&self) -> Result<(), InstalledError> {
        for folder in self.places.all() {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(InstalledError::at(&folder))?,
            };
            for entry in entries {
                let path = entry.map_err(InstalledError::at(&folder))?.path();
                if self.owner_of_link(&path).is_some() && fs::metadata(&path).is_err() {
                    fs::remove_file(&path).map_err(InstalledError::at(&path))?;
                }
            }
        }
        Ok(())
    }
}
