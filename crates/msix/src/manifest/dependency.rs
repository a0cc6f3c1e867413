//! `Dependencies`: where the package runs and what it needs.

use super::error::{ManifestError, Problem};
use super::namespace::Namespace;
use super::reader::Reader;
use crate::{IdentityError, Publisher, Version};
use roxmltree::Node;

/// Most entries of each kind (`CT_Dependencies`).
const MAX_ENTRIES: usize = 128;

/// A family of systems that the package is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDeviceFamily {
    /// `Name`: `Windows.Desktop`, `Linux.All` for native Linux programs, …; an open set.
    pub name: String,
    /// `MinVersion`: the oldest system it installs on.
    pub min_version: Version,
    /// `MaxVersionTested`.
    pub max_version_tested: Version,
}

/// A package that this one needs, usually a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageDependency {
    /// `Name` of its identity.
    pub name: String,
    /// `Publisher` of its identity.
    pub publisher: Publisher,
    /// `MinVersion`.
    pub min_version: Version,
}

/// Reads the `Dependencies` element.
pub(super) fn read(
    reader: &mut Reader<'_>,
    parent: Node<'_, '_>,
) -> Result<(Vec<TargetDeviceFamily>, Vec<PackageDependency>), ManifestError> {
    reader.check_attributes(parent, &[])?;
    let (mut families, mut packages) = (Vec::new(), Vec::new());
    for node in reader.elements(parent)? {
        match (Namespace::of(node.tag_name().namespace()), node.tag_name().name()) {
            (Namespace::Foundation, "TargetDeviceFamily") => {
                if !packages.is_empty() {
                    let (element, after) = ("TargetDeviceFamily", "PackageDependency");
                    let hint = "write all TargetDeviceFamily elements first";
                    return Err(reader.error(node, Problem::Order { element, after, hint }));
                }
                families.push(family(reader, node)?);
            }
            (Namespace::Foundation, "PackageDependency") => packages.push(package(reader, node)?),
            _ => reader.extension_point(node)?,
        }
        if families.len() > MAX_ENTRIES || packages.len() > MAX_ENTRIES {
            return Err(
                reader.error(node, Problem::Limit { what: "dependencies of one kind", limit: MAX_ENTRIES })
            );
        }
    }
    if families.is_empty() {
        let hint = "add <TargetDeviceFamily Name=\"Windows.Desktop\" MinVersion=\"…\" MaxVersionTested=\"…\"/>, \
                    or Linux.All for native Linux programs";
        return Err(reader.missing(parent, "TargetDeviceFamily", hint));
    }
    Ok((families, packages))
}

fn family(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<TargetDeviceFamily, ManifestError> {
    reader.check_attributes(node, &["Name", "MinVersion", "MaxVersionTested"])?;
    let name = reader.required(node, "Name", "name the family, like Windows.Desktop or Linux.All")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(plain) {
        return Err(reader.value(node, "TargetDeviceFamily Name", name, "use letters, digits, '.' and '-'"));
    }
    let min_version = version(reader, node, "MinVersion")?;
    let max_version_tested = version(reader, node, "MaxVersionTested")?;
    if max_version_tested < min_version {
        let rule = format!("it is lower than MinVersion; write {min_version} or higher");
        return Err(reader.value(node, "MaxVersionTested", &max_version_tested.to_string(), &rule));
    }
    Ok(TargetDeviceFamily { name: name.to_owned(), min_version, max_version_tested })
}

pub(super) fn package(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<PackageDependency, ManifestError> {
    reader.check_attributes(node, &["Name", "Publisher", "MinVersion", "MaxMajorVersionTested"])?;
    let name = reader.required(node, "Name", "name the package that is needed")?;
    let publisher = reader.required(node, "Publisher", "copy the Publisher of the package that is needed")?;
    let publisher =
        Publisher::new(publisher).map_err(|error| reader.error(node, IdentityError::from(error)))?;
    let min_version = version(reader, node, "MinVersion")?;
    // The same rules as for a package's own name.
    crate::Identity::new(name, publisher.clone(), min_version, crate::Architecture::Neutral, None)
        .map_err(|error| reader.error(node, error))?;
    Ok(PackageDependency { name: name.to_owned(), publisher, min_version })
}

pub(super) fn version(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    name: &'static str,
) -> Result<Version, ManifestError> {
    reader
        .required(node, name, "write four numbers, like 1.0.0.0")?
        .parse()
        .map_err(|error| reader.error(node, IdentityError::Version(error)))
}
