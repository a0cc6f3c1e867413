//! Removing packages and resetting their data.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::package::{CURRENT, InstalledPackage};
use super::recover::{free_name, move_folder};
use super::repository::{all_names, names, open_own};
use super::{InstalledError, Repository, media_types, recover, running};
use crate::host::{Folders, remove_tree};
use crate::keep;
use crate::store::{Effect, RevokedWhat, Store};

/// How the names of folders of removed packages begin; the rest is the family name.
pub(super) const REMOVED: &str = ".removed-";
/// The folder of packages' private data, in lowbox's.
const DATA: &str = "packages";
/// How long what is killed may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was removed.
#[derive(Debug)]
pub struct Removal {
    /// The package full name.
    pub full_name: String,
    /// The lowbox processes that were ended.
    pub ended: Vec<u32>,
    /// What kept something of it from being put away, which the next lowbox tries again.
    pub left: Option<InstalledError>,
}

impl Repository {
    /// Removes a package with its launchers, its private data and every consent of it.
    ///
    /// # Errors
    /// When programs of it run and are not to be ended, others need it, or the system's.
    pub fn remove(&self, family: &str, end_running: bool) -> Result<Removal, InstalledError> {
        // A container that is only kept is no program that runs.
        keep::end_idle(&self.folders, family);
        let locked = self.lock()?;
        // One that can't be read any more is removed all the same.
        let full_name = match InstalledPackage::current(&self.path, family) {
            Ok(None) => return Err(InstalledError::Unknown(family.to_owned())),
            Ok(Some(package)) => {
                let dependents = self.dependents(&package)?;
                if !dependents.is_empty() {
                    return Err(InstalledError::Needed(package.record.full_name, dependents));
                }
                package.record.full_name
            }
            Err(_) => family.to_owned(),
        };
        let ended = if end_running { self.end_running(family)? } else { Vec::new() };
        let removed = format!("{REMOVED}{family}");
        let failed = || InstalledError::at::<rustix::io::Errno>(self.path.join(family));
        // From here on it is removed.
        move_folder(&self.folder, family, &self.folder, &removed).map_err(failed())?;
        // One began meanwhile, or was not to be ended.
        let pids = self.take_removal_back(family)?;
        if !pids.is_empty() {
            let name = family.rsplit_once('_').map_or(family, |(name, _)| name);
            return Err(InstalledError::Running { name: name.to_owned(), pids });
        }
        let left =
            rustix::fs::fsync(&self.folder).map_err(failed()).and_then(|()| recover::put_away_all(self));
        drop(locked);
        media_types::refresh(&self.places.applications, &self.places.mime);
        Ok(Removal { full_name, ended, left: left.err() })
    }

    /// Removes the private data of a package; the lowbox processes that were ended.
    ///
    /// # Errors
    /// When programs of it run and are not to be ended; the system's.
    pub fn reset_data(
        &self,
        package: &InstalledPackage,
        end_running: bool,
    ) -> Result<Vec<u32>, InstalledError> {
        let _locked = self.lock()?;
        let family = package.identity.family_name();
        keep::end_idle(&self.folders, &family);
        let ended = if end_running { self.end_running(&family)? } else { Vec::new() };
        let pids = pids_of(&self.path.join(&family))?;
        if !pids.is_empty() {
            return Err(InstalledError::Running { name: package.identity.name().to_owned(), pids });
        }
        remove_data(&self.folders, &family)?;
        Ok(ended)
    }

    /// Makes a package of which programs run one that nobody tried to remove. Returns them.
    pub(super) fn take_removal_back(&self, family: &str) -> Result<Vec<u32>, InstalledError> {
        let removed = format!("{REMOVED}{family}");
        let path = self.path.join(&removed);
        let pids = pids_of(&path)?;
        if !pids.is_empty() {
            move_folder(&self.folder, &removed, &self.folder, family).map_err(InstalledError::at(&path))?;
        }
        Ok(pids)
    }

    /// Ends what a lowbox that was killed began, if it began to remove the package: it is removed, or installed if programs of it run.
    pub(super) fn settle_removal(&self, family: &str) -> Result<(), InstalledError> {
        let began = all_names(&self.folder).map_err(InstalledError::at(&self.path))?;
        if began.contains(&format!("{REMOVED}{family}")) && self.take_removal_back(family)?.is_empty() {
            self.remove_dead_links()?;
            self.finish_removal(family)?;
        }
        Ok(())
    }

    /// Does what is left to do for a removed package, once nothing of it runs.
    pub(super) fn finish_removal(&self, family: &str) -> Result<(), InstalledError> {
        let removed = format!("{REMOVED}{family}");
        if !pids_of(&self.path.join(&removed))?.is_empty() {
            return Ok(());
        }
        // Under the name that says what is to be done, until it is done.
        remove_data(&self.folders, family)?;
        if let Some(mut store) = Store::open_existing(&self.folders.data)? {
            for what in [RevokedWhat::Files, RevokedWhat::Capabilities] {
                store.revoke(Some(family), what, Effect::End)?;
            }
        }
        let old = free_name(self)?;
        move_folder(&self.folder, &removed, &self.folder, &old)
            .map_err(InstalledError::at(self.path.join(&removed)))?;
        InstalledPackage::discard(&self.folder, &old, &self.path)
    }

    /// Ends the lowbox processes that run programs of a package; their containers end with them.
    fn end_running(&self, family: &str) -> Result<Vec<u32>, InstalledError> {
        let path = self.path.join(family);
        let folder = open_own(&path).map_err(InstalledError::at(&path))?;
        let mut ended = Vec::new();
        for version in names(&folder).map_err(InstalledError::at(&path))? {
            let version = path.join(version);
            if version.ends_with(CURRENT) {
                continue;
            }
            for pid in running::pids(&version)? {
                if end(&version, pid)? {
                    ended.push(pid);
                }
            }
        }
        Ok(ended)
    }
}

/// Kills a process that holds the lock of that number, and waits until it has ended.
fn end(version: &Path, pid: u32) -> Result<bool, InstalledError> {
    let failed = || InstalledError::at::<rustix::io::Errno>(version);
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(process) = process else { return Ok(false) };
    let pidfd = match pidfd_open(process, PidfdFlags::empty()) {
        Err(rustix::io::Errno::SRCH) => return Ok(false),
        opened => opened.map_err(failed())?,
    };
    // It can't have ended and another one have got its number: the lock is still held.
    if !running::runs(version, pid)? {
        return Ok(false);
    }
    match pidfd_send_signal(&pidfd, Signal::KILL) {
        Err(rustix::io::Errno::SRCH) => {}
        sent => sent.map_err(failed())?,
    }
    let deadline = Instant::now() + PATIENCE;
    while running::runs(version, pid)? && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(true)
}

/// Those who run a program of any version in the folder of a package.
fn pids_of(family: &Path) -> Result<Vec<u32>, InstalledError> {
    let folder = open_own(family).map_err(InstalledError::at(family))?;
    let mut pids = Vec::new();
    for version in names(&folder).map_err(InstalledError::at(family))? {
        if version != CURRENT {
            pids.extend(running::pids(&family.join(version))?);
        }
    }
    Ok(pids)
}

/// Removes the private data of a package, whatever it put there.
///
/// # Errors
/// The system's.
fn remove_data(folders: &Folders, family: &str) -> Result<(), InstalledError> {
    let path = folders.data.join(DATA);
    let failed = || InstalledError::at::<io::Error>(path.join(family));
    let folder = match open_own(&crate::host::canonical(&path).unwrap_or_else(|_| path.clone())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folder => folder.map_err(failed())?,
    };
    // Out of sight at once: half of the data is no data. What an earlier lowbox did not get done goes with it.
    let gone = format!(".{family}-removed");
    remove_tree(&folder, gone.as_ref()).map_err(failed())?;
    match move_folder(&folder, family, &folder, &gone) {
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        moved => moved.map_err(|error| failed()(error.into()))?,
    }
    remove_tree(&folder, gone.as_ref()).map_err(failed())
}
