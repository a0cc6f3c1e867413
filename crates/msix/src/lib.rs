#![forbid(unsafe_code)]
//! MSIX packages: identity and the application manifest (`AppxManifest.xml`).
//!
//! Bytes and text in, data out: nothing here reads a file. The security identifiers that derive from the
//! names exposed here (package SID, capability SIDs) are the security crate's business; this crate only
//! yields the *moniker* they derive from, [`Identity::family_name`].

mod identity;
pub mod manifest;
mod publisher;
mod version;

pub use identity::{Architecture, Identity, IdentityError};
pub use manifest::{
    Application, CapabilityElement, DeclaredCapability, Isolation, Manifest, ManifestError, Position, Warning,
};
pub use publisher::{Publisher, PublisherError};
pub use version::{Version, VersionError};
