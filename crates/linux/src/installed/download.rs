//! Fetching a package from elsewhere.

use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};

use super::Repository;
use crate::fetch::{self, FetchError};
use crate::package::PackageFile;

impl Repository {
    /// Fetches a package of at most `limit` bytes. It is on the disk without a name, so that nothing of it is left, however lowbox ends.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn download(&self, url: &str, limit: u64) -> Result<PackageFile, FetchError> {
        let mut file = self.nameless().map_err(FetchError::Output)?;
        fetch::download(url, limit, &mut file)?;
        PackageFile::of(file).map_err(FetchError::Output)
    }

    fn nameless(&self) -> io::Result<File> {
        let (flags, mode) = (OFlags::RDWR | OFlags::CLOEXEC, Mode::from(0o600));
        match openat(&self.folder, ".", flags | OFlags::TMPFILE, mode) {
            // File systems that have no such files.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR) => {
                let name = format!("{}download-{}", super::contents::NEW, std::process::id());
                let file = openat(&self.folder, &name, flags | OFlags::CREATE | OFlags::EXCL, mode)?;
                unlinkat(&self.folder, &name, AtFlags::empty())?;
                Ok(File::from(file))
            }
            opened => Ok(File::from(opened?)),
        }
    }
}
