//! The identity under which an installer runs, and what lies in its folder before and after.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use lowbox_msix::Identity;
use lowbox_security::derive::package_sid;
use rustix::fs::{CWD, FlockOperation, flock};
use rustix::io::Errno;

use super::CaptureError;
use crate::host::{container_user, open_lock_file, remove_tree};
use crate::launch::pin::open_without_links;
use crate::prepare::Caller;
use crate::wine::prefix::{CHANGES, UPPER};

/// Held by whoever captures.
const LOCK: &str = ".capture";
/// The package's folder in that of the session, which the container does not see.
const FOLDER: &str = "Captured";

/// An installer's identity: nobody else has it meanwhile, and nothing of it is left afterwards.
#[derive(Debug)]
pub struct Session {
    packages: PathBuf,
    family_name: String,
    /// The user's name in the container.
    pub(super) user: String,
    _lock: File,
}

impl Session {
    /// Begins one, in an empty folder.
    ///
    /// # Errors
    /// [`CaptureError::Busy`]; what can't be made or removed.
    pub fn begin(caller: &Caller) -> Result<Session, CaptureError> {
        let data = &caller.folders.data;
        let packages = data.join("packages");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&packages)
            .map_err(CaptureError::at(&packages))?;
        let path = data.join(LOCK);
        let lock = open_lock_file(&path).map_err(CaptureError::at(&path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(CaptureError::Busy),
            Err(error) => return Err(CaptureError::at(path)(error)),
        }
        let family_name = Identity::unpackaged(b"lowbox capture").family_name();
        let user = container_user(&caller.user, &package_sid(&family_name)).name;
        let session = Session { packages, family_name, user, _lock: lock };
        // What one that was killed left.
        session.clear().map_err(CaptureError::at(session.folder()))?;
        Ok(session)
    }

    /// Who the installer is.
    #[must_use]
    pub fn family_name(&self) -> &str {
        &self.family_name
    }

    /// Where the package's folder is put together, unless it is to be kept.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        self.folder().join(FOLDER)
    }

    fn folder(&self) -> PathBuf {
        self.packages.join(&self.family_name)
    }

    /// What the installer changed.
    pub(super) fn upper(&self) -> Result<OwnedFd, CaptureError> {
        let path = self.folder().join(CHANGES).join(UPPER);
        let real = fs::canonicalize(self.folder()).map_err(CaptureError::at(self.folder()))?;
        open_without_links(CWD, &real.join(CHANGES).join(UPPER)).map_err(CaptureError::at(path))
    }

    fn clear(&self) -> io::Result<()> {
        let packages: OwnedFd = File::open(&self.packages)?.into();
        remove_tree(&packages, Path::new(&self.family_name).as_os_str())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What is left, the next one removes.
        let _ = self.clear();
    }
}
