//! `Capabilities`: what the package asks for.

use super::error::{ManifestError, Problem, clip};
use super::namespace::Namespace;
use super::reader::Reader;
use super::warning::Notice;
use roxmltree::Node;
use std::collections::HashSet;
use std::fmt;

/// Most capabilities of each element kind (`CT_Capabilities`).
const LIMITS: [usize; 3] = [100, 1000, 1000];

/// The element that declares a capability. Their order is the order the schema asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityElement {
    /// `Capability`, of the foundation, `uap…`, `rescap` or another namespace.
    Capability,
    /// `uap4:CustomCapability`.
    CustomCapability,
    /// `DeviceCapability`.
    DeviceCapability,
}

impl CapabilityElement {
    /// The element's local name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capability => "Capability",
            Self::CustomCapability => "CustomCapability",
            Self::DeviceCapability => "DeviceCapability",
        }
    }
}

impl fmt::Display for CapabilityElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One declared capability.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeclaredCapability {
    /// `Name`, as spelled.
    pub name: String,
    /// The element.
    pub element: CapabilityElement,
    /// The namespace of the element.
    pub namespace_uri: String,
}

/// Reads the `Capabilities` element: each name valid for its element, once per element kind, in schema order.
pub(super) fn read(
    reader: &mut Reader<'_>,
    parent: Node<'_, '_>,
) -> Result<Vec<DeclaredCapability>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut declared = Vec::new();
    // Names are compared without case: their SIDs are hashed from the upper-case spelling.
    let mut seen = HashSet::new();
    let mut counts = [0; 3];
    let mut last = CapabilityElement::Capability;
    for node in reader.elements(parent)? {
        let Some(element) = element_of(node) else {
            reader.unknown_element(node)?;
            if node.tag_name().name().ends_with("Capability") {
                let name = clip(node.attribute("Name").unwrap_or_default());
                reader.warn(node, Notice::ForeignCapability(name));
            }
            continue;
        };
        if element < last {
            return Err(reader.error(
                node,
                Problem::Order {
                    element: element.as_str(),
                    after: last.as_str(),
                    hint: "write all Capability elements first, then CustomCapability, then DeviceCapability",
                },
            ));
        }
        last = element;
        counts[element as usize] += 1;
        if counts[element as usize] > LIMITS[element as usize] {
            let limit = LIMITS[element as usize];
            return Err(reader.error(node, Problem::Limit { what: "capabilities of one kind", limit }));
        }
        reader.check_attributes(node, &["Name"])?;
        let name = reader.required(node, "Name", "name the capability, like Name=\"internetClient\"")?;
        check_name(reader, node, element, name)?;
        if !seen.insert((element, name.to_ascii_uppercase())) {
            let hint = "declare each capability once";
            return Err(reader.error(node, Problem::Duplicate { what: "capability", name: clip(name), hint }));
        }
        check_content(reader, node, element)?;
        declared.push(DeclaredCapability {
            name: name.to_owned(),
            element,
            namespace_uri: node.tag_name().namespace().unwrap_or_default().to_owned(),
        });
    }
    Ok(declared)
}

pub(super) fn element_of(node: Node<'_, '_>) -> Option<CapabilityElement> {
    let namespace = Namespace::of(node.tag_name().namespace());
    match (namespace, node.tag_name().name()) {
        (Namespace::Foundation, "Capability") => Some(CapabilityElement::Capability),
        (Namespace::Foundation, "DeviceCapability") => Some(CapabilityElement::DeviceCapability),
        (Namespace::Uap(n), "CustomCapability") if n >= 4 => Some(CapabilityElement::CustomCapability),
        (other, "Capability") if other.is_extension_of_manifest() => Some(CapabilityElement::Capability),
        _ => None,
    }
}

pub(super) fn check_name(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    element: CapabilityElement,
    name: &str,
) -> Result<(), ManifestError> {
    let rule = match element {
        CapabilityElement::Capability if is_capability_name(name) => return Ok(()),
        CapabilityElement::CustomCapability if is_custom_name(name) => return Ok(()),
        CapabilityElement::DeviceCapability if is_device_name(name) => return Ok(()),
        CapabilityElement::Capability => {
            "use 3 to 128 letters, digits, '-', '_' and '.', the first a small letter, like internetClient"
        }
        CapabilityElement::CustomCapability => {
            "write vendor.name_publisherid with the 13-character publisher id, like contoso.scanner_8wekyb3d8bbwe"
        }
        CapabilityElement::DeviceCapability => {
            "use up to 50 letters, digits, '-' and '.', or an interface class GUID, like webcam"
        }
    };
    Err(reader.value(node, &format!("{element} Name"), name, rule))
}

/// A `DeviceCapability` may list devices and their functions; the other two are empty.
fn check_content(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    element: CapabilityElement,
) -> Result<(), ManifestError> {
    for child in reader.elements(node)? {
        let known = element == CapabilityElement::DeviceCapability
            && child.tag_name().name() == "Device"
            && !matches!(
                Namespace::of(child.tag_name().namespace()),
                Namespace::Foreign | Namespace::LowboxNetwork | Namespace::None
            );
        if !known {
            reader.unknown_element(child)?;
        }
    }
    Ok(())
}

/// `ST_Capability_Windows_Restricted_Party`, which the closed lists of the other namespaces satisfy too.
fn is_capability_name(name: &str) -> bool {
    (3..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// `ST_CustomCapability`: `[A-Za-z0-9][-_.A-Za-z0-9]*_[a-hjkmnp-z0-9]{13}`.
fn is_custom_name(name: &str) -> bool {
    let Some((vendor, publisher)) = name.rsplit_once('_') else { return false };
    name.len() <= 255
        && vendor.starts_with(|c: char| c.is_ascii_alphanumeric())
        && vendor.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && publisher.len() == 13
        && publisher
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b'z'))
}

/// `ST_DeviceCapability`; a GUID is made of the same characters.
fn is_device_name(name: &str) -> bool {
    (1..=50).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}
