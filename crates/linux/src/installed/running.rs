//! Who runs a program of an installed version. Each lowbox that does has a file named by its number, and a lock on it, which the kernel takes
//! away however it ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::InstalledError;

/// The folder of those files.
pub(super) const FOLDER: &str = "running";

/// A program of a version runs while this lives.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    /// Locked.
    _file: File,
}

impl Running {
    /// `None` if the version's folder is not there any more.
    pub(super) fn begin(version: &Path) -> Result<Option<Running>, InstalledError> {
        let folder = version.join(FOLDER);
        let path = folder.join(std::process::id().to_string());
        let made = DirBuilder::new().mode(0o700).create(&folder);
        match made {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(InstalledError::at(&folder)(error));
            }
            _ => {}
        }
        for _ in 0..100 {
            let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
            let file = match opened {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened.map_err(InstalledError::at(&path))?,
            };
            // Waits for nobody but those who look whether it is locked: who had this number before has ended.
            flock(&file, FlockOperation::LockExclusive).map_err(InstalledError::at(&path))?;
            let links = file.metadata().map_err(InstalledError::at(&path))?.nlink();
            if links > 0 {
                return Ok(Some(Running { path, _file: file }));
            }
            // Somebody took it for one that was left over, and removed it before it was locked.
        }
        Err(InstalledError::at(&path)(io::Error::from(io::ErrorKind::ResourceBusy)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its lock is what counts.
        let _ = fs::remove_file(&self.path);
    }
}

/// The processes that run a program of the version. What others that ended left is removed.
pub(super) fn pids(version: &Path) -> Result<Vec<u32>, InstalledError> {
    let folder = version.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(InstalledError::at(&folder))?,
    };
    let mut pids = Vec::new();
    for entry in entries {
        let entry = entry.map_err(InstalledError::at(&folder))?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if is_locked(&entry.path(), true)? {
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    Ok(pids)
}

/// Whether the process with that number still runs a program of the version.
pub(super) fn runs(version: &Path, pid: u32) -> Result<bool, InstalledError> {
    is_locked(&version.join(FOLDER).join(pid.to_string()), false)
}

fn is_locked(path: &Path, put_away: bool) -> Result<bool, InstalledError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(InstalledError::at(path))?,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            if put_away {
                // While it is held nobody else can lock it. Another one may remove it too.
                let _ = fs::remove_file(path);
            }
            Ok(false)
        }
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(InstalledError::at(path)(error)),
    }
}
