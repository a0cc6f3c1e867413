//! The folder of all installed packages, and finding one in it.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, Dir, FlockOperation, Mode, OFlags, flock, fstat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{InstalledError, InstalledPackage, Places, recover};
use crate::host::{Folders, canonical};
use crate::launch::pin::open_without_links;

/// The folder in lowbox's data folder.
const FOLDER: &str = "apps";
/// Held by whoever changes something.
const LOCK: &str = ".lock";
/// How long another one's change may take: an installation can be large.
const PATIENCE: Duration = Duration::from_secs(120);

/// The installed packages of a user.
#[derive(Debug)]
pub struct Repository {
    /// Without links.
    pub(super) path: PathBuf,
    pub(super) folder: OwnedFd,
    pub(super) folders: Folders,
    pub(super) places: Places,
}

/// Nobody else changes what is installed while this lives.
#[derive(Debug)]
pub(super) struct Locked(#[expect(dead_code, reason = "held")] OwnedFd);

impl Repository {
    /// The packages that are installed; `None` if none ever was. What a lowbox that was killed left is put away first.
    ///
    /// # Errors
    /// A folder of somebody else's, or the system's.
    pub fn open(folders: &Folders, home: Option<&Path>) -> Result<Option<Repository>, InstalledError> {
        match Repository::at(folders, home) {
            Ok(repository) => {
                // What can't be put away is in nobody's way.
                let _ = recover::put_away(&repository);
                Ok(Some(repository))
            }
            Err(InstalledError::Place { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same; its folder is made if it is missing.
    ///
    /// # Errors
    /// As above.
    pub fn open_or_create(folders: &Folders, home: Option<&Path>) -> Result<Repository, InstalledError> {
        let path = folders.data.join(FOLDER);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(InstalledError::at(&path))?;
        let repository = Repository::at(folders, home)?;
        let _ = recover::put_away(&repository);
        Ok(repository)
    }

    fn at(folders: &Folders, home: Option<&Path>) -> Result<Repository, InstalledError> {
        let places = Places::of(folders, home.ok_or(InstalledError::NoHome)?);
        let failed = InstalledError::at::<io::Error>(folders.data.join(FOLDER));
        (|| {
            let path = canonical(&folders.data)?.join(FOLDER);
            let folder = open_own(&path)?;
            Ok(Repository { path, folder, folders: folders.clone(), places })
        })()
        .map_err(failed)
    }

    /// Keeps others from changing something, and waits for one that does.
    pub(super) fn lock(&self) -> Result<Locked, InstalledError> {
        let path = self.path.join(LOCK);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.folder, LOCK, flags, Mode::from(0o600)).map_err(InstalledError::at(&path))?;
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Locked(file)),
                Err(Errno::WOULDBLOCK) if std::time::Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(Errno::WOULDBLOCK) => return Err(InstalledError::Busy),
                Err(error) => return Err(InstalledError::at(&path)(error)),
            }
        }
    }

    /// All that are installed, by family name. One that can't be read is an error of its own.
    ///
    /// # Errors
    /// The system's.
    #[allow(clippy::type_complexity)]
    pub fn list(&self) -> Result<Vec<(String, Result<InstalledPackage, InstalledError>)>, InstalledError> {
        let mut all = Vec::new();
        for family in names(&self.folder).map_err(InstalledError::at(&self.path))? {
            if let Some(found) = InstalledPackage::current(&self.path, &family).transpose() {
                all.push((family, found));
            }
        }
        all.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(all)
    }

    /// The one that is meant by a family name, a full name or a name.
    ///
    /// # Errors
    /// None, or several, of that name; one that can't be read.
    pub fn find(&self, name: &str) -> Result<InstalledPackage, InstalledError> {
        self.named(name)?.1
    }

    /// The family name of the one that is meant, whether or not it can be read.
    ///
    /// # Errors
    /// None, or several, of that name.
    pub fn family(&self, name: &str) -> Result<String, InstalledError> {
        Ok(self.named(name)?.0)
    }

    #[allow(clippy::type_complexity)]
    fn named(
        &self,
        name: &str,
    ) -> Result<(String, Result<InstalledPackage, InstalledError>), InstalledError> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        let mut found = Vec::new();
        for (family, package) in self.list()? {
            let short = family.rsplit_once('_').is_some_and(|(short, _)| same(short));
            if same(&family) || package.as_ref().is_ok_and(|package| same(&package.record.full_name)) {
                return Ok((family, package));
            }
            if short {
                found.push((family, package));
            }
        }
        match found.len() {
            0 => Err(InstalledError::Unknown(name.chars().take(120).collect())),
            1 => Ok(found.remove(0)),
            _ => {
                let families = found.into_iter().map(|(family, _)| family).collect();
                Err(InstalledError::Several { name: name.to_owned(), families })
            }
        }
    }
}

/// Opens a folder that is the user's own and nobody else's to write to. A link in its place is not followed.
pub(super) fn open_own(path: &Path) -> io::Result<OwnedFd> {
    let object = open_without_links(CWD, path)?;
    let folder = openat(&object, ".", OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let stat = fstat(&folder)?;
    if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o022 != 0 {
        return Err(io::Error::other("it belongs to somebody else, or others can write to it"));
    }
    Ok(folder)
}

/// Names in a folder that don't begin with a dot.
pub(super) fn names(folder: &OwnedFd) -> io::Result<Vec<String>> {
    Ok(all_names(folder)?.into_iter().filter(|name| !name.starts_with('.')).collect())
}

/// All names in a folder that are text: lowbox makes no others.
pub(super) fn all_names(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = std::os::unix::ffi::OsStrExt::from_bytes(entry.file_name().to_bytes());
        let name: &OsStr = name;
        if let Some(name) = name.to_str().filter(|name| ![".", ".."].contains(name)) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
