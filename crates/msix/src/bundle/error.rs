//! Why a bundle is refused.

use super::manifest::BundleManifestError;
use crate::package::PackageError;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Its container, content types or block map.
    #[error(transparent)]
    Contents(#[from] PackageError),
    /// It is a package.
    #[error("it is a package, not a bundle of packages")]
    IsPackage,
    /// More to be read than any bundle has.
    #[error("the block maps of its packages have more than 64 MiB together")]
    TooMuch,
    /// Its manifest.
    #[error("AppxBundleManifest.xml: {0}")]
    Manifest(BundleManifestError),
    /// Its manifest contradicts itself.
    #[error("AppxBundleManifest.xml: {0}")]
    Contradiction(String),
    /// A member that is listed and is not there.
    #[error("{0}: it is listed in AppxBundleManifest.xml, and not in the bundle")]
    Absent(String),
    /// A member that is there and is not listed.
    #[error("{0}: it is in the bundle, and not listed in AppxBundleManifest.xml")]
    Unlisted(String),
    /// A member that is kept, or listed, as members can't be.
    #[error("{name}: {what}")]
    Member {
        /// Which.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A member that is another package than the bundle's manifest says.
    #[error("{name}: AppxBundleManifest.xml says that its {what} is {said}, and it is {is}")]
    Differs {
        /// Which.
        name: String,
        /// Of what.
        what: &'static str,
        /// By the bundle's manifest.
        said: String,
        /// By its own.
        is: String,
    },
    /// A member that is refused itself.
    #[error("{name}: {error}")]
    Package {
        /// Which.
        name: String,
        /// Why.
        error: Box<PackageError>,
    },
    /// A member without a signature.
    #[error(
        "{0} is not signed, and the bundle is: Windows takes a signed bundle only if each package in it is signed too"
    )]
    Unsigned(String),
}
