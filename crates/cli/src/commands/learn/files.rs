//! Files that are read and written whole, with failures that name them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use lowbox_linux::host::{append_to_file, open_regular, replace_file};

use crate::failure::Failure;
use crate::output;

/// The folder for results where none is named.
pub const RESULTS: &str = "lowbox-results";

/// Looks at the folder for results before something is written to it. Where nobody named it, a link in its place leads nowhere: it lies in the
/// working folder, where a program or whoever made a checkout could have put it.
///
/// # Errors
/// With the link.
pub fn check_results(folder: &Path) -> Result<(), Failure> {
    let is_link = folder.symlink_metadata().is_ok_and(|found| found.is_symlink());
    if folder == Path::new(RESULTS) && is_link {
        return Err(Failure::new(format!(
            "{RESULTS} is a symbolic link, which lowbox does not follow unless you name the folder: --out FOLDER (and --trace FILE)"
        )));
    }
    Ok(())
}

/// Opens a regular file for reading.
///
/// # Errors
/// With the path and the reason.
pub fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    open_regular(path)
        .map(|file| BufReader::with_capacity(1 << 16, file))
        .map_err(|error| failed(path, &error))
}

/// Writes a file as a whole.
///
/// # Errors
/// With the path and the reason; the file is as it was.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    replace_file(path, write).map_err(|error| failed(path, &error))
}

/// Adds to the end of a file.
///
/// # Errors
/// With the path and the reason.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    append_to_file(path, bytes).map_err(|error| failed(path, &error))
}

/// What went wrong with a file.
pub fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {error}", output::path(path)))
}
