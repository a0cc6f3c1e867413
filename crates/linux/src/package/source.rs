//! The file of a package.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use lowbox_msix::container::Source;

use crate::host::open_regular;

/// A package's file, open for reading. Whoever may write to it may change it meanwhile; what is handed out of it was checked in
/// memory.
#[derive(Debug)]
pub struct PackageFile {
    file: File,
    size: u64,
}

impl PackageFile {
    /// Opens it; a FIFO keeps nobody waiting.
    ///
    /// # Errors
    /// The system's; another kind of file.
    pub fn open(path: &Path) -> io::Result<PackageFile> {
        PackageFile::of(open_regular(path)?)
    }

    /// A file that is open already, as long as it is now.
    ///
    /// # Errors
    /// The system's.
    pub fn of(file: File) -> io::Result<PackageFile> {
        let size = file.metadata()?.len();
        Ok(PackageFile { file, size })
    }
}

impl Source for PackageFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}
