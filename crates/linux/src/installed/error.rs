//! Why a package can't be installed, found or removed.

use std::io;
use std::path::PathBuf;

use lowbox_msix::package::PackageError;
use lowbox_msix::{IdentityError, ManifestError, Version};

use super::dependencies::Missing;
use crate::host::Shown;
use crate::package::UnpackError;
use crate::store::StoreError;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstalledError {
    /// The system's error.
    #[error("{}: {source}", Shown(path))]
    Place {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No home folder, so no place for launchers.
    #[error("HOME is not set to an absolute path, so there is no place for launchers; set it")]
    NoHome,
    /// Not while another one changes something.
    #[error("another lowbox installs or removes a package; wait until it is done")]
    Busy,
    /// A newer version is there.
    #[error(
        "{name}: the version {have} is installed, which is newer; --allow-downgrade installs {new} all the same"
    )]
    Downgrade {
        /// The package's name.
        name: String,
        /// What is there.
        have: Version,
        /// What was to be.
        new: Version,
    },
    /// The same version is there, with other files.
    #[error(
        "{0} is installed with other files than these; packages of one version have to be the same: give the new one a higher version. While you \
         develop it, --replace installs it in the other one's place, and its data stay"
    )]
    SameVersion(String),
    /// Two packages of one family name, but for the case of letters.
    #[error("{0} is installed, whose family name differs in the case of letters alone; remove it first")]
    OtherCase(String),
    /// A name that is lowbox's own.
    #[error("{0} begins with a dot, as no installed package's name may")]
    Dot(String),
    /// A program ran under its name before it was installed.
    #[error(
        "a program that said to be {family} ran here before, and left data or has consents, which nobody vouches for: {}. --take-data installs it \
         with them; else remove them first (and lowbox consent reset --package {family})",
        Shown(folder)
    )]
    DataBefore {
        /// The family name.
        family: String,
        /// Where the data are.
        folder: PathBuf,
    },
    /// It would need itself.
    #[error("{0} needs itself, by itself or by what it needs; such a package could never be removed")]
    NeedsItself(String),
    /// Packages that it needs are not there.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Dependencies(Vec<Missing>),
    /// Packages need it.
    #[error("{0} is needed by {list}; remove them first", list = .1.join(", "))]
    Needed(String, Vec<String>),
    /// Programs of it run.
    #[error(
        "{name} is running (process {list}); end it first, or say --end-running",
        list = .pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Running {
        /// The package's name.
        name: String,
        /// The lowbox processes that run it.
        pids: Vec<u32>,
    },
    /// It is not installed.
    #[error("no package {0} is installed; lowbox list names those that are")]
    Unknown(String),
    /// Several have that name.
    #[error("{name} is the name of several packages; choose one: {list}", list = .families.join(", "))]
    Several {
        /// The name.
        name: String,
        /// The family names.
        families: Vec<String>,
    },
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its files could not be written.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The manifest of an installed package can't be read any more.
    #[error("the manifest of {0}: {1}; remove the package and install it again")]
    Manifest(String, ManifestError),
    /// Its name is none.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its consents.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InstalledError {
    /// The system's error at a path.
    pub(super) fn at<E: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> InstalledError {
        let path = path.into();
        move |source| InstalledError::Place { path, source: source.into() }
    }
}
