//! Why a Windows program can't be run.

use std::io;
use std::path::PathBuf;

use crate::host::Shown;

/// Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum WineError {
    /// There is no Wine.
    #[error(
        "a Windows program needs Wine, and none is installed: install the package wine64 (Debian, Ubuntu: apt install --no-install-recommends \
         wine64), or put the folder of your own Wine into PATH"
    )]
    Missing,
    /// It is of a kind that Wine does not run here.
    #[error("{}: it is {why}", Shown(path))]
    NotRunnable {
        /// The program.
        path: PathBuf,
        /// What it is, and what to do.
        why: &'static str,
    },
    /// The template could not be made.
    #[error(
        "Wine's files for packages could not be made in {}: {what}. lowbox run -- wineboot.exe says more, in a copy of its own",
        Shown(path)
    )]
    Template {
        /// The folder.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A folder can't be had.
    #[error("Wine's files in {}: {source}", Shown(path))]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The package's registry could not be brought in.
    #[error("the package's registry (Registry.dat, User.dat) could not be brought into Wine's: {0}")]
    Registry(String),
    /// Another program of the package runs.
    #[error(
        "a Windows program of {package} runs already, and two at once would write over each other's registry. Wait for its end, or run this one \
         under a name of its own (--name)"
    )]
    Busy {
        /// The family name.
        package: String,
    },
}

impl WineError {
    /// The exit code of `lowbox run`: 126 for a program that was found and can't be run.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, WineError::NotRunnable { .. }) { 126 } else { 125 }
    }

    pub(super) fn at<E: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> WineError {
        move |source| WineError::Folder { path: path.into(), source: source.into() }
    }
}
