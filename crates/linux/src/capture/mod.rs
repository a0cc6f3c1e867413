//! A package of what an installer does: it runs in a container of its own above Wine's template ([`Session`]), and what lies in the overlay
//! afterwards becomes the folder of a package ([`stage`]): files at their places in `VFS` ([`changes`], [`places`]), keys in hives ([`keys`]),
//! shortcuts as applications ([`applications`]).
//!
//! All that is read here was written by a program that nobody vouches for, after it has ended: nothing of it is followed, every name is
//! checked as those of packages are, and everything is bounded.

mod about;
mod applications;
mod changes;
mod keys;
mod places;
mod session;
mod stage;

use std::io;
use std::path::PathBuf;

use lowbox_msix::registry::RegistryError;
use lowbox_msix::{IdentityError, ManifestError};

use crate::host::Shown;
use crate::package::UnpackError;

pub use session::Session;
pub use stage::{Staged, Wanted, stage};

/// What was found and is not in the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// A path, a key, a service, as Windows names it. It may hold anything.
    pub what: String,
    /// Why.
    pub why: &'static str,
}

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// Something can't be read or written.
    #[error("{}: {error}", Shown(path))]
    File {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another one is at work.
    #[error("another lowbox captures an installer just now; wait for its end")]
    Busy,
    /// Wine's template is copied.
    #[error(
        "capturing takes an overlay, and the file system of {} has none: what an installer changed can't be told from Wine's own files",
        Shown(.0)
    )]
    NoOverlay(PathBuf),
    /// More than was allowed.
    #[error("the installer left more than {0}; --max-size allows more")]
    TooMuch(String),
    /// What Wine wrote, or the program in its place.
    #[error("{file} can't be read: {error}")]
    Registry {
        /// `system.reg` or `user.reg`.
        file: &'static str,
        /// Why.
        error: RegistryError,
    },
    /// There is nothing to start.
    #[error(
        "the installer left no program that can be started: neither a shortcut in the start menu nor an .exe file in Program Files. Perhaps it \
         has to be told to install silently (arguments behind --), or installs when it is asked to by somebody at a display"
    )]
    NoProgram,
    /// The name that was found or given.
    #[error("{0}; give one with --name")]
    Name(#[from] IdentityError),
    /// What was found out makes no manifest.
    #[error("the manifest would not be in order: {0}")]
    Manifest(#[from] ManifestError),
    /// The folder of the package.
    #[error(transparent)]
    Folder(#[from] UnpackError),
}

impl CaptureError {
    fn at<E: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> CaptureError {
        move |error| CaptureError::File { path: path.into(), error: error.into() }
    }
}
