//! Finding the program, as a shell would.

use super::files::open_regular;
use super::shown::Shown;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why there is no program to run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SearchError {
    /// Exit code 127.
    #[error("{}: no such program{}", Shown(.0), if .0.components().count() == 1 { " in PATH" } else { "" })]
    NotFound(PathBuf),
    /// Exit code 126.
    #[error("{}: it is a folder, not a program", Shown(.0))]
    Folder(PathBuf),
    /// Exit code 126.
    #[error("{}: not executable; use chmod +x, or run its interpreter", Shown(.0))]
    NotExecutable(PathBuf),
}

impl SearchError {
    /// 127 not found, 126 found but not runnable.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, SearchError::NotFound(_)) { 127 } else { 126 }
    }
}

/// The absolute path of `program`: by `path` (a PATH) if it has no slash, else relative to `working_directory`.
/// Symbolic links stay: programs look at the name they were called by.
///
/// # Errors
/// [`SearchError`].
pub fn find_program(
    program: &Path,
    path: Option<&OsStr>,
    working_directory: &Path,
) -> Result<PathBuf, SearchError> {
    if program.components().count() != 1 || program.is_absolute() || program.starts_with(".") {
        let program = working_directory.join(program);
        return check(&program).map(|()| program);
    }
    let mut worst = SearchError::NotFound(program.to_owned());
    for folder in path.map(std::env::split_paths).into_iter().flatten() {
        // An empty entry means the working folder.
        let candidate = working_directory.join(folder).join(program);
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error @ SearchError::NotExecutable(_)) => worst = error,
            Err(_) => {}
        }
    }
    Err(worst)
}

fn check(path: &Path) -> Result<(), SearchError> {
    let metadata = fs::metadata(path).map_err(|_| SearchError::NotFound(path.to_owned()))?;
    if metadata.is_dir() {
        return Err(SearchError::Folder(path.to_owned()));
    }
    if metadata.permissions().mode() & 0o111 == 0 && !is_for_windows(path) {
        return Err(SearchError::NotExecutable(path.to_owned()));
    }
    Ok(())
}

/// Windows knows no such bit, and whoever unpacks its programs sets none.
fn is_for_windows(path: &Path) -> bool {
    let mut first = [0; 2];
    open_regular(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"MZ"
}
