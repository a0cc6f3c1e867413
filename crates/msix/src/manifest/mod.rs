//! Reading `AppxManifest.xml`.
//!
//! Namespaces are matched by URI. Content that the reader does not know is dropped when its namespace is
//! listed in `IgnorableNamespaces` and an error otherwise; newer namespaces of Microsoft's own manifest
//! schemas may add elements where those schemas are extensible (properties, dependencies, extensions), but
//! nowhere that isolation or capabilities are decided.

mod application;
mod capability;
mod consistency;
mod dependency;
pub mod edit;
mod error;
mod integration;
mod isolation;
pub mod namespace;
mod network;
mod properties;
mod reader;
mod resources;
pub(crate) mod text;
mod visuals;
mod warning;
mod windows_8;

pub use application::Application;
pub use capability::{CapabilityElement, DeclaredCapability};
pub use dependency::{PackageDependency, TargetDeviceFamily};
pub use error::{ManifestError, Position, Problem};
pub use integration::{ExecutionAlias, FileType, FileTypes, Integration};
pub use isolation::Isolation;
pub use network::{DeclaredHost, MAX_ENTRIES, NetworkDeclarations};
pub use properties::Properties;
pub use text::{MAX_ATTRIBUTES, MAX_CDATA, MAX_DECLARATIONS, MAX_DEPTH};
pub use warning::{Notice, Warning};
pub use windows_8::Prerequisites;

use crate::qualifiers::Qualifiers;
use crate::{Architecture, Identity, IdentityError, Publisher};
use error::clip;
use namespace::Namespace;
use reader::Reader;
use roxmltree::Node;
use std::collections::HashSet;

/// Largest manifest that is read, in bytes: 1 MiB. Real ones have a few kilobytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A manifest that was read and found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// `Identity`.
    pub identity: Identity,
    /// `Properties`.
    pub properties: Properties,
    /// Systems the package is for; at least one, but for packages of Windows 8.
    pub target_device_families: Vec<TargetDeviceFamily>,
    /// It is a manifest of Windows 8 or 8.1, which is for these.
    pub windows_8: Option<Prerequisites>,
    /// What its resources are for: languages, the preferred one first, and scales.
    pub resources: Vec<Qualifiers>,
    /// Packages it needs.
    pub package_dependencies: Vec<PackageDependency>,
    /// Declared capabilities, in order.
    pub capabilities: Vec<DeclaredCapability>,
    /// What lowbox's own extension declares of networks.
    pub network: NetworkDeclarations,
    /// Applications; none in resource and framework packages.
    pub applications: Vec<Application>,
    /// Categories of the package's own extensions.
    pub extensions: Vec<String>,
    /// What is accepted but deserves a word.
    pub warnings: Vec<Warning>,
}

impl Manifest {
    /// Reads a manifest: UTF-8, or UTF-16 with a byte order mark, at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it is not well-formed, breaks the manifest schema's rules on identity, applications and
    /// capabilities, or exceeds a limit; the error says where, what and what to write instead.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = text::decode(bytes, MAX_BYTES)?;
        let mut reader = Reader::new(&text);
        let document = reader.document()?;
        let root = document.root_element();
        check_root(&reader, root)?;
        reader.read_ignorable(root)?;
        reader.check_attributes(root, &["IgnorableNamespaces"])?;
        Self::read_package(&mut reader, root)
    }

    /// Reads the manifest of a package, which may be one of Windows 8 or 8.1.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse_packaged(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = text::decode(bytes, MAX_BYTES)?;
        let mut reader = Reader::new(&text);
        let document = reader.document()?;
        let root = document.root_element();
        let tag = root.tag_name();
        if (tag.namespace(), tag.name()) != (Some(namespace::WINDOWS_8), "Package") {
            return Self::parse(bytes);
        }
        reader.read_ignorable(root)?;
        reader.check_attributes(root, &["IgnorableNamespaces"])?;
        windows_8::read(&mut reader, root)
    }

    /// The application with that id; without one the only application there is.
    #[must_use]
    pub fn application(&self, id: Option<&str>) -> Option<&Application> {
        match id {
            Some(id) => self.applications.iter().find(|one| one.id.eq_ignore_ascii_case(id)),
            None => self.applications.first().filter(|_| self.applications.len() == 1),
        }
    }

    fn read_package(reader: &mut Reader<'_>, root: Node<'_, '_>) -> Result<Self, ManifestError> {
        let mut seen = HashSet::new();
        let (mut identity, mut properties, mut dependencies) = (None, None, None);
        let (mut capabilities, mut applications, mut extensions) = (Vec::new(), Vec::new(), Vec::new());
        let mut network = NetworkDeclarations::default();
        let mut resources = Vec::new();
        let mut capabilities_node = None;
        for node in reader.elements(root)? {
            let name = node.tag_name().name();
            match (Namespace::of(node.tag_name().namespace()), name) {
                (Namespace::Foundation, "Identity") => identity = Some(read_identity(reader, node)?),
                (Namespace::Foundation, "Properties") => properties = Some(properties::read(reader, node)?),
                (Namespace::Foundation, "Dependencies") => {
                    dependencies = Some(dependency::read(reader, node)?)
                }
                (Namespace::Foundation, "Capabilities") => {
                    capabilities = capability::read(reader, node)?;
                    capabilities_node = Some(node);
                }
                (Namespace::Foundation, "Applications") => applications = application::read(reader, node)?,
                (Namespace::Foundation, "Extensions") => {
                    let found = application::read_extensions(reader, node, false)?;
                    extensions = found.into_iter().map(|(category, _)| category).collect();
                }
                (Namespace::Foundation, "Resources") => resources = resources::read(reader, node)?,
                (Namespace::Phone, "PhoneIdentity") => {}
                (Namespace::LowboxNetwork, "Network") => network = network::read(reader, node)?,
                _ => {
                    reader.unknown_element(node)?;
                    continue;
                }
            }
            if !seen.insert(name) {
                let hint = "merge the two";
                return Err(
                    reader.error(node, Problem::Duplicate { what: "element", name: clip(name), hint })
                );
            }
        }
        let missing = |what, hint| reader.missing(root, what, hint);
        let identity = identity.ok_or_else(|| {
            missing("Identity", "add <Identity Name=\"…\" Publisher=\"CN=…\" Version=\"1.0.0.0\"/>")
        })?;
        let properties = properties.ok_or_else(|| {
            missing("Properties", "add <Properties> with DisplayName, PublisherDisplayName and Logo")
        })?;
        let (target_device_families, package_dependencies) = dependencies
            .ok_or_else(|| missing("Dependencies", "add <Dependencies> with a TargetDeviceFamily"))?;
        let mut manifest = Self {
            identity,
            properties,
            target_device_families,
            windows_8: None,
            resources,
            package_dependencies,
            capabilities,
            network,
            applications,
            extensions,
            warnings: Vec::new(),
        };
        if manifest.properties.resource_package && !manifest.applications.is_empty() {
            let rule = "a resource package has no Applications; take them out, or write false";
            return Err(reader.value(root, "ResourcePackage", "true", rule));
        }
        consistency::check(reader, capabilities_node.unwrap_or(root), &manifest);
        manifest.warnings = std::mem::take(&mut reader.warnings);
        Ok(manifest)
    }
}

fn check_root(reader: &Reader<'_>, root: Node<'_, '_>) -> Result<(), ManifestError> {
    let tag = root.tag_name();
    let hint = match (tag.namespace(), tag.name()) {
        (Some(namespace::FOUNDATION), "Package") => return Ok(()),
        (Some(namespace::WINDOWS_8), "Package") => {
            "this is a Windows 8 manifest, which is read in packages alone; use the namespace \
             http://schemas.microsoft.com/appx/manifest/foundation/windows10"
        }
        (_, "Bundle") => "this is a bundle's manifest; give the AppxManifest.xml of a package in the bundle",
        (_, "Package") => {
            "Package must be in the namespace http://schemas.microsoft.com/appx/manifest/foundation/windows10"
        }
        _ => {
            "an AppxManifest.xml starts with \
             <Package xmlns=\"http://schemas.microsoft.com/appx/manifest/foundation/windows10\">"
        }
    };
    Err(reader.error(root, Problem::Root { found: clip(tag.name()), hint }))
}

fn read_identity(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<Identity, ManifestError> {
    reader
        .check_attributes(node, &["Name", "Publisher", "Version", "ProcessorArchitecture", "ResourceId"])?;
    for inner in reader.elements(node)? {
        reader.unknown_element(inner)?;
    }
    let wrong = |error: IdentityError| reader.error(node, error);
    let name = reader.required(node, "Name", "name the package, like Name=\"Contoso.Editor\"")?;
    let publisher = reader.required(node, "Publisher", "name who signs it, like Publisher=\"CN=Contoso\"")?;
    let publisher = Publisher::new(publisher).map_err(|error| wrong(error.into()))?;
    let version = dependency::version(reader, node, "Version")?;
    let architecture = match node.attribute("ProcessorArchitecture") {
        Some(text) => text.parse::<Architecture>().map_err(wrong)?,
        None => Architecture::Neutral,
    };
    let resource_id = node.attribute("ResourceId");
    if resource_id == Some("") {
        return Err(reader.value(node, "ResourceId", "", "leave the attribute out when there is none"));
    }
    Identity::new(name, publisher, version, architecture, resource_id).map_err(wrong)
}
