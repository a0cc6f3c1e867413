//! Why a package is refused.

use crate::ManifestError;
use crate::container::ContainerError;
use crate::resources::ResourcesError;
use crate::xml::XmlError;

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Its container.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It could not be read.
    #[error("it can't be read: {0}")]
    Read(#[from] std::io::Error),
    /// A part that every package has.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// It is a bundle.
    #[error("it is a bundle of packages, not a package; lowbox bundle show and unpack are for those")]
    IsBundle,
    /// A part is larger than it is read.
    #[error("{name} has {size} bytes, more than are read")]
    TooLarge {
        /// Which.
        name: String,
        /// Its size.
        size: u64,
    },
    /// Content types.
    #[error("[Content_Types].xml: {0}")]
    ContentTypes(XmlError),
    /// A part without a content type.
    #[error("[Content_Types].xml says nothing of {0}")]
    NoContentType(String),
    /// A part that is said to be something else than it is.
    #[error("[Content_Types].xml says that {name} is {said}, and it is {is}")]
    WrongContentType {
        /// Which.
        name: String,
        /// What it is said to be.
        said: String,
        /// What it is.
        is: &'static str,
    },
    /// The block map.
    #[error("AppxBlockMap.xml: {0}")]
    BlockMap(XmlError),
    /// The block map and the container differ.
    #[error("AppxBlockMap.xml: {name}: {what}")]
    Mapping {
        /// Of which part.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The signature is not where it has to be.
    #[error("{0}")]
    Signature(&'static str),
    /// The manifest.
    #[error("AppxManifest.xml: {0}")]
    Manifest(ManifestError),
    /// A program that the manifest names is not there.
    #[error("AppxManifest.xml: application {application}: {executable} is not in the package")]
    NoExecutable {
        /// The application's Id.
        application: String,
        /// What it names.
        executable: String,
    },
    /// Data that are not those that the block map has the digests of.
    #[error("{name}, block {block}: the data are not those of the block map")]
    WrongHash {
        /// Which part.
        name: String,
        /// Which block, from 0 on.
        block: usize,
    },
    /// Data that can't be inflated to what they are said to be.
    #[error("{name}, block {block}: {what}")]
    BadData {
        /// Which part.
        name: String,
        /// Which block, from 0 on.
        block: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The digest of a whole file.
    #[error("{0}: the data are not those of the block map's digest of the whole file")]
    WrongFileHash(String),
    /// Its resources.
    #[error("resources.pri: {0}")]
    Resources(#[from] ResourcesError),
    /// The checksum of the container.
    #[error("{0}: the data are not those of the container's checksum")]
    WrongChecksum(String),
}
