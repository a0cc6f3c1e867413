//! Bundles: several packages of one name and publisher in one file, for several architectures, languages and scales, of which an installer
//! takes those that fit the machine.
//!
//! A bundle is a container like a package's, whose members are stored as they are, so that each is a package where it lies. Its block map
//! has the bundle's manifest alone, because the members have block maps of their own. In a *flat* bundle members lie beside it as files.

mod choose;
mod error;
mod manifest;
mod member;
mod open;
mod write;

pub use choose::{Choice, ChooseError, Machine, choose};
pub use error::BundleError;
pub use flate2::Crc as Checksum;
pub use manifest::{
    BundleManifest, BundleManifestError, BundledPackage, Kind, MAX_BYTES, MAX_PACKAGES, OptionalBundle, Place,
};
pub use member::Slice;
pub use open::Bundle;
pub use write::{BundleWriteError, BundleWriter, MemberWriter};
