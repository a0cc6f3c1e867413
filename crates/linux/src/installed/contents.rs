//! The folder of a version, made beside the others before it is installed.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use lowbox_msix::container::Source;
use lowbox_msix::package::Contents;

use super::package::{FILES, InstalledPackage};
use super::{InstalledError, Repository};
use crate::package::{Progress, unpack};

/// How the names of folders begin that are being made.
pub(super) const NEW: &str = ".new-";

/// A folder that goes away unless it gets a name.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    repository: &'a Repository,
    name: String,
    /// Where it is.
    pub(super) path: PathBuf,
    taken: bool,
}

impl<'a> Staged<'a> {
    pub(super) fn make(repository: &'a Repository) -> Result<Staged<'a>, InstalledError> {
        for number in 0..100 {
            let name = format!("{NEW}{}-{number}", std::process::id());
            let path = repository.path.join(&name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    made.map_err(InstalledError::at(&path))?;
                    return Ok(Staged { repository, name, path, taken: false });
                }
            }
        }
        Err(InstalledError::at(&repository.path)(io::Error::from(io::ErrorKind::AlreadyExists)))
    }

    /// Unpacks the package into it; programs among its files become executable.
    pub(super) fn fill<S: Source + ?Sized>(
        &self,
        source: &S,
        contents: &Contents,
        max_size: u64,
        progress: &Progress,
    ) -> Result<(), InstalledError> {
        let files = self.path.join(FILES);
        unpack(source, contents, &files, max_size, progress)?;
        for (file, _) in contents.files() {
            let path = files.join(file.name.as_str());
            make_executable(&path).map_err(InstalledError::at(&path))?;
        }
        Ok(())
    }

    /// Everything in it is on the disk; gives it a name in that folder, where none of that name is.
    pub(super) fn take(mut self, folder: &OwnedFd, name: &str) -> Result<(), InstalledError> {
        let failed = || InstalledError::at::<rustix::io::Errno>(&self.path);
        rustix::fs::syncfs(&self.repository.folder).map_err(failed())?;
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(&self.repository.folder, &self.name, folder, name, flags)
            .map_err(failed())?;
        self.taken = true;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.taken {
            // What can't be removed now is put away later.
            let repository = self.repository;
            let _ = InstalledPackage::discard(&repository.folder, &self.name, &repository.path);
        }
    }
}

/// Packages say nothing of modes: what the kernel could start may be started.
fn make_executable(path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    let read = read_up_to(&mut file, &mut start)?;
    if start[..read].starts_with(b"\x7fELF") || start[..read].starts_with(b"#!") {
        let mode = file.metadata()?.permissions().mode();
        // For whom it may be read.
        fs::set_permissions(path, Permissions::from_mode(mode | ((mode & 0o444) >> 2)))?;
    }
    Ok(())
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}
