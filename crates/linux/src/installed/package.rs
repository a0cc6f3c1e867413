//! An installed package: its version that counts.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use lowbox_msix::{Identity, Manifest, manifest};

use super::record::{self, Record};
use super::{InstalledError, Running, running};
use crate::host::{open_regular, remove_tree};

/// The link that says which version is installed.
pub(super) const CURRENT: &str = "current";
/// The package's files in a version's folder.
pub(super) const FILES: &str = "package";
/// Its manifest among them.
const MANIFEST: &str = "AppxManifest.xml";

/// A package as it is installed.
#[derive(Clone, Debug)]
pub struct InstalledPackage {
    /// Who it is: the name by which it has its data, consents and SID.
    pub identity: Identity,
    /// What lowbox remembers of it.
    pub record: Record,
    /// Its manifest.
    pub manifest: Manifest,
    /// The folder of the version.
    pub(super) version: PathBuf,
}

impl InstalledPackage {
    /// The one that is installed under that family name, if there is one.
    pub(super) fn current(
        repository: &Path,
        family: &str,
    ) -> Result<Option<InstalledPackage>, InstalledError> {
        let link = repository.join(family).join(CURRENT);
        let mut earlier = None;
        loop {
            let target = match fs::read_link(&link) {
                Err(error)
                    if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) =>
                {
                    return Ok(None);
                }
                target => target.map_err(InstalledError::at(&link))?,
            };
            // One name, of a folder beside it.
            let [Component::Normal(version)] = target.components().collect::<Vec<_>>()[..] else {
                return Err(InstalledError::at(&link)(io::Error::other("it leads elsewhere")));
            };
            match InstalledPackage::read(repository.join(family).join(version)) {
                // Another lowbox may have installed another version, or removed the package, while this one was read.
                Err(_) if earlier.as_ref() != Some(&target) => earlier = Some(target),
                read => return read.map(Some),
            }
        }
    }

    fn read(version: PathBuf) -> Result<InstalledPackage, InstalledError> {
        let record = Record::read(&version).map_err(InstalledError::at(version.join(record::FILE)))?;
        let path = version.join(FILES).join(MANIFEST);
        let mut bytes = Vec::new();
        open_regular(&path)
            .and_then(|file| file.take(manifest::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(InstalledError::at(&path))?;
        let manifest = Manifest::parse(&bytes)
            .map_err(|error| InstalledError::Manifest(record.full_name.clone(), error))?;
        let identity = record::identity_of(&manifest, &record)?;
        Ok(InstalledPackage { identity, record, manifest, version })
    }

    /// The folder of the package's own files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.version.join(FILES)
    }

    /// The manifest's file.
    #[must_use]
    pub fn manifest_path(&self) -> PathBuf {
        self.folder().join(MANIFEST)
    }

    /// The lowbox processes that run a program of this version.
    ///
    /// # Errors
    /// The system's.
    pub fn runs(&self) -> Result<Vec<u32>, InstalledError> {
        running::pids(&self.version)
    }

    /// Says that a program of this version runs, for as long as the answer lives: its files stay until then. `None`: another version was
    /// installed meanwhile, or the package removed.
    ///
    /// # Errors
    /// The system's.
    pub fn run(&self) -> Result<Option<Running>, InstalledError> {
        let Some(running) = Running::begin(&self.version)? else { return Ok(None) };
        let current = self.version.parent().map(|family| family.join(CURRENT));
        let target = current.and_then(|link| fs::read_link(link).ok());
        let still = target.as_deref().map(Path::as_os_str) == self.version.file_name();
        Ok(still.then_some(running))
    }

    /// Removes a folder of packages' files.
    pub(super) fn discard(
        parent: &std::os::fd::OwnedFd,
        name: &str,
        path: &Path,
    ) -> Result<(), InstalledError> {
        remove_tree(parent, name.as_ref()).map_err(InstalledError::at(path.join(name)))
    }
}
