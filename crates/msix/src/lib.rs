#![forbid(unsafe_code)]
//! MSIX packages: identity and the application manifest (`AppxManifest.xml`).
//!
//! Bytes and text in, data out: nothing here reads a file. The security identifiers that derive from the
//! names exposed here (package SID, capability SIDs) are the security crate's business; this crate only
//! yields the *moniker* they derive from, [`Identity::family_name`].
//!
//! ```
//! let text = r#"<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
//!     xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
//!     xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" IgnorableNamespaces="uap18">
//!   <Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.0.0.0"/>
//!   <Properties>
//!     <DisplayName>Report</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo>
//!   </Properties>
//!   <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/></Dependencies>
//!   <Applications>
//!     <Application Id="App" Executable="bin/report.exe"
//!         uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
//!       <uap:VisualElements DisplayName="Report" Description="Makes reports" BackgroundColor="transparent"
//!           Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
//!     </Application>
//!   </Applications>
//!   <Capabilities><uap:Capability Name="documentsLibrary"/></Capabilities>
//! </Package>"#;
//! let manifest = lowbox_msix::Manifest::parse(text.as_bytes())?;
//! assert!(manifest.identity.family_name().starts_with("Contoso.Report_"));
//! assert_eq!(manifest.applications[0].isolation, lowbox_msix::Isolation::AppSilo);
//! assert_eq!(manifest.capabilities[0].name, "documentsLibrary");
//! assert!(manifest.warnings.is_empty());
//! # Ok::<(), lowbox_msix::ManifestError>(())
//! ```

pub mod app_installer;
pub mod block_map;
pub mod bundle;
pub mod container;
pub mod content_types;
mod digest;
mod identity;
mod logo;
pub mod manifest;
pub mod package;
pub mod part_name;
mod program;
mod publisher;
pub mod qualifiers;
pub mod registry;
pub mod resources;
mod shortcut;
pub mod signature;
mod unpackaged;
mod version;
mod windows_image;
mod windows_resources;
pub mod writer;
mod xml;

pub use logo::placeholder_logo;
pub use program::{HEAD as PROGRAM_HEAD, ProgramKind, program_kind};
pub use shortcut::{MAX_SHORTCUT, Shortcut};
pub use windows_image::{Subsystem, WindowsImage, windows_image};
pub use windows_resources::{ProgramVersion, program_picture, program_version};

pub use digest::{Digest, HashAlgorithm, Hasher};
pub use xml::XmlError;

pub use identity::{Architecture, Identity, IdentityError};
pub use manifest::{
    Application, CapabilityElement, DeclaredCapability, Isolation, Manifest, ManifestError, Position, Warning,
};
pub use publisher::{Publisher, PublisherError};
pub use version::{Version, VersionError};
