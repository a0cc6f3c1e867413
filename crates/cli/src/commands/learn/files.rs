//! Files that are read and written whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output;

/// `O_NONBLOCK`, so that a FIFO keeps nobody waiting (fcntl(2), the same on every architecture that lowbox runs on).
const NONBLOCK: i32 = 0o4000;

/// Opens a regular file for reading.
///
/// # Errors
/// With the path and the reason.
pub fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", output::path(path)));
    let file =
        OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path).map_err(|error| failed(&error))?;
    let is_file = file.metadata().map_err(|error| failed(&error))?.is_file();
    if !is_file {
        return Err(failed(&"it is no regular file but a directory or a device"));
    }
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// Writes a file as a whole: what was there stays until the new one is on the disk, and a crash leaves one or the other. The
/// mode of a file that is replaced is kept; a link is followed, so that what it leads to is replaced.
///
/// # Errors
/// With the path and the reason; the file is as it was.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", output::path(path)));
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (temporary, mut file) = temporary(&path).map_err(failed)?;
    let written = (|| {
        write(&mut file)?;
        if let Ok(old) = fs::metadata(&path) {
            file.set_permissions(fs::Permissions::from_mode(old.permissions().mode() & 0o7777))?;
        }
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        // The name is on the disk once its folder is.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    })();
    written.map_err(|error| {
        // Of no use any more, and perhaps never there.
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
}

/// A new file beside the one that is meant.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    for number in 0..100 {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}", std::process::id()));
        let temporary = path.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Adds to the end of a file, in one call.
///
/// # Errors
/// With the path and the reason.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", output::path(path)));
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(failed)
}
