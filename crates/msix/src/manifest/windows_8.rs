//! Manifests of Windows 8 and 8.1, as far as showing, verifying and unpacking their packages needs: who they are, what they ask for, which
//! programs they have. Their applications always ran in AppContainers, and nothing in them says how.

use super::application::{Application, check_path, is_application_id};
use super::capability::{CapabilityElement, DeclaredCapability, check_name};
use super::dependency;
use super::error::{ManifestError, Problem, clip};
use super::integration::Integration;
use super::isolation::Isolation;
use super::namespace;
use super::properties::{Properties, boolean, text};
use super::reader::Reader;
use super::{Manifest, NetworkDeclarations, PackageDependency, read_identity};
use crate::Version;
use crate::qualifiers::{self, Qualifiers};
use roxmltree::Node;
use std::collections::HashSet;

/// Most children of any element.
const MAX_CHILDREN: usize = 1000;

/// The systems that such a package is for: its `Prerequisites`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prerequisites {
    /// `OSMinVersion`: 6.2 is Windows 8, 6.3 is Windows 8.1.
    pub min_version: Version,
    /// `OSMaxVersionTested`.
    pub max_version_tested: Version,
}

/// Whether an element is of Windows 8 or 8.1.
fn is_own(node: Node<'_, '_>) -> bool {
    let own = [namespace::WINDOWS_8, namespace::WINDOWS_8_1, namespace::WINDOWS_8_1_UPDATE];
    node.tag_name().namespace().is_some_and(|uri| own.contains(&uri))
}

/// The elements of Windows 8's namespaces in a node; others are dropped where they are ignorable.
fn elements<'n, 'i>(reader: &Reader<'_>, parent: Node<'n, 'i>) -> Result<Vec<Node<'n, 'i>>, ManifestError> {
    let mut found = Vec::new();
    for node in reader.elements(parent)? {
        if node.tag_name().namespace() == Some(namespace::PHONE) {
            continue;
        }
        if !is_own(node) {
            reader.unknown_element(node)?;
            continue;
        }
        if found.len() == MAX_CHILDREN {
            let (what, limit) = ("elements in an element", MAX_CHILDREN);
            return Err(reader.error(node, Problem::Limit { what, limit }));
        }
        found.push(node);
    }
    Ok(found)
}

/// Reads `Package`.
pub(super) fn read(reader: &mut Reader<'_>, root: Node<'_, '_>) -> Result<Manifest, ManifestError> {
    let mut seen = HashSet::new();
    let (mut identity, mut properties, mut prerequisites) = (None, None, None);
    let (mut dependencies, mut resources) = (Vec::new(), Vec::new());
    let (mut capabilities, mut applications, mut extensions) = (Vec::new(), Vec::new(), Vec::new());
    for node in elements(reader, root)? {
        let name = node.tag_name().name();
        match name {
            "Identity" => identity = Some(read_identity(reader, node)?),
            "Properties" => properties = Some(read_properties(reader, node)?),
            "Prerequisites" => prerequisites = Some(read_prerequisites(reader, node)?),
            "Dependencies" => dependencies = read_dependencies(reader, node)?,
            "Resources" => resources = read_resources(reader, node)?,
            "Capabilities" => capabilities = read_capabilities(reader, node)?,
            "Applications" => applications = read_applications(reader, node)?,
            "Extensions" => extensions = read_extensions(reader, node)?,
            _ => {
                reader.unknown_element(node)?;
                continue;
            }
        }
        if !seen.insert(name) {
            let hint = "merge the two";
            return Err(reader.error(node, Problem::Duplicate { what: "element", name: clip(name), hint }));
        }
    }
    let missing = |what, hint| reader.missing(root, what, hint);
    let identity = identity.ok_or_else(|| missing("Identity", "the manifest is incomplete"))?;
    let properties = properties.ok_or_else(|| missing("Properties", "the manifest is incomplete"))?;
    let prerequisites = prerequisites.ok_or_else(|| {
        missing("Prerequisites", "add OSMinVersion and OSMaxVersionTested, or Windows 10's Dependencies")
    })?;
    Ok(Manifest {
        identity,
        properties,
        target_device_families: Vec::new(),
        windows_8: Some(prerequisites),
        resources,
        package_dependencies: dependencies,
        capabilities,
        network: NetworkDeclarations::default(),
        applications,
        extensions,
        warnings: std::mem::take(&mut reader.warnings),
    })
}

fn read_properties(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Properties, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut properties = Properties::default();
    let mut seen = HashSet::new();
    for node in elements(reader, parent)? {
        let name = node.tag_name().name();
        match name {
            "DisplayName" => properties.display_name = text(reader, node, 256)?,
            "PublisherDisplayName" => properties.publisher_display_name = text(reader, node, 256)?,
            "Description" => properties.description = Some(text(reader, node, 2048)?),
            "Logo" => properties.logo = text(reader, node, 4096)?,
            "Framework" => properties.framework = boolean(reader, node)?,
            "ResourcePackage" => properties.resource_package = boolean(reader, node)?,
            _ => reader.unknown_element(node)?,
        }
        if !seen.insert(name) {
            let hint = "keep one of them";
            return Err(reader.error(node, Problem::Duplicate { what: "property", name: clip(name), hint }));
        }
    }
    for missing in ["DisplayName", "PublisherDisplayName", "Logo"] {
        if !seen.contains(missing) {
            return Err(reader.missing(parent, missing, "add the element with its text"));
        }
    }
    Ok(properties)
}

fn read_prerequisites(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Prerequisites, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let (mut min, mut max) = (None, None);
    for node in elements(reader, parent)? {
        let place = match node.tag_name().name() {
            "OSMinVersion" => &mut min,
            "OSMaxVersionTested" => &mut max,
            _ => {
                reader.unknown_element(node)?;
                continue;
            }
        };
        let text = reader.text_of(node)?;
        // Two to four numbers.
        let dots = text.matches('.').count();
        let whole = format!("{}{}", text.trim(), ".0".repeat(3_usize.saturating_sub(dots)));
        let version = whole.parse().ok().filter(|_| dots > 0);
        let wrong =
            || reader.value(node, node.tag_name().name(), &text, "write two or three numbers, like 6.3");
        *place = Some(version.ok_or_else(wrong)?);
    }
    let missing = |what| reader.missing(parent, what, "add it, like 6.3");
    Ok(Prerequisites {
        min_version: min.ok_or_else(|| missing("OSMinVersion"))?,
        max_version_tested: max.ok_or_else(|| missing("OSMaxVersionTested"))?,
    })
}

fn read_dependencies(
    reader: &Reader<'_>,
    parent: Node<'_, '_>,
) -> Result<Vec<PackageDependency>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut found = Vec::new();
    for node in elements(reader, parent)? {
        match node.tag_name().name() {
            "PackageDependency" => found.push(dependency::package(reader, node)?),
            _ => reader.unknown_element(node)?,
        }
    }
    Ok(found)
}

fn read_resources(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Vec<Qualifiers>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut found = Vec::new();
    for node in elements(reader, parent)? {
        if node.tag_name().name() != "Resource" {
            reader.unknown_element(node)?;
            continue;
        }
        let value = |name: &str| node.attributes().find(|one| one.name() == name).map(|one| one.value());
        let one = qualifiers::parse(value("Language"), value("Scale"), value("DXFeatureLevel"));
        found.push(one.map_err(|(name, text, what)| reader.value(node, name, &text, what))?);
    }
    Ok(found)
}

fn read_capabilities(
    reader: &Reader<'_>,
    parent: Node<'_, '_>,
) -> Result<Vec<DeclaredCapability>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut declared = Vec::new();
    let mut seen = HashSet::new();
    for node in elements(reader, parent)? {
        let element = match node.tag_name().name() {
            "Capability" => CapabilityElement::Capability,
            "DeviceCapability" => CapabilityElement::DeviceCapability,
            _ => {
                reader.unknown_element(node)?;
                continue;
            }
        };
        reader.check_attributes(node, &["Name"])?;
        let name = reader.required(node, "Name", "name the capability, like Name=\"internetClient\"")?;
        check_name(reader, node, element, name)?;
        if !seen.insert((element, name.to_ascii_uppercase())) {
            let hint = "declare each capability once";
            return Err(reader.error(node, Problem::Duplicate { what: "capability", name: clip(name), hint }));
        }
        let namespace_uri = node.tag_name().namespace().unwrap_or_default().to_owned();
        declared.push(DeclaredCapability { name: name.to_owned(), element, namespace_uri });
    }
    Ok(declared)
}

fn read_applications(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Vec<Application>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut applications: Vec<Application> = Vec::new();
    for node in elements(reader, parent)? {
        if node.tag_name().name() != "Application" {
            reader.unknown_element(node)?;
            continue;
        }
        reader.check_attributes(node, &["Id", "Executable", "EntryPoint", "StartPage"])?;
        let id = reader.required(node, "Id", "name the application, like Id=\"App\"")?;
        if !is_application_id(id) {
            let rule = "use up to 64 characters: letters and digits in parts joined by dots";
            return Err(reader.value(node, "Application Id", id, rule));
        }
        if applications.iter().any(|one| one.id.eq_ignore_ascii_case(id)) {
            let (name, hint) = (clip(id), "give each application an Id of its own");
            return Err(reader.error(node, Problem::Duplicate { what: "application", name, hint }));
        }
        let executable = node.attribute("Executable");
        if let Some(path) = executable {
            check_path(reader, node, path)?;
        }
        let (mut display_name, mut logo, mut extensions) = (None, None, Vec::new());
        for child in elements(reader, node)? {
            match child.tag_name().name() {
                "VisualElements" => {
                    display_name = child.attribute("DisplayName").map(str::to_owned);
                    // Of Windows 8.1, and of Windows 8.
                    let logos = ["Square30x30Logo", "SmallLogo"];
                    logo = logos.iter().find_map(|name| child.attribute(*name)).map(str::to_owned);
                }
                "Extensions" => extensions = read_extensions(reader, child)?,
                "ApplicationContentUriRules" => {}
                _ => reader.unknown_element(child)?,
            }
        }
        applications.push(Application {
            id: id.to_owned(),
            executable: executable.map(str::to_owned),
            entry_point: node.attribute("EntryPoint").map(str::to_owned),
            display_name,
            logo,
            is_listed: true,
            is_console: false,
            isolation: Isolation::Universal,
            extensions,
            // Such programs are not installed, so what would start them is of no use.
            integration: Integration::default(),
            generation: None,
            base_full_trust: false,
            partial_trust: false,
        });
    }
    Ok(applications)
}

fn read_extensions(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Vec<String>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut categories = Vec::new();
    for node in elements(reader, parent)? {
        let category = reader.required(node, "Category", "name the kind of extension")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
        if node.tag_name().name() != "Extension" || category.len() > 128 || !category.bytes().all(plain) {
            return Err(reader.value(
                node,
                "extension Category",
                category,
                "write one like windows.protocol",
            ));
        }
        categories.push(category.to_owned());
    }
    Ok(categories)
}
