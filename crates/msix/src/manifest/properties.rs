//! `Properties`: what people are shown.

use super::error::{ManifestError, Problem, clip};
use super::namespace::Namespace;
use super::reader::Reader;
use super::visuals;
use roxmltree::Node;
use std::collections::HashSet;

/// The package as shown to people. The texts come from the package: make control and direction characters
/// visible before printing them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// `DisplayName`, at most 256 characters; may be an `ms-resource:` reference.
    pub display_name: String,
    /// `PublisherDisplayName`, the same.
    pub publisher_display_name: String,
    /// `Description`, at most 2048 characters.
    pub description: Option<String>,
    /// `Logo`: a path inside the package.
    pub logo: String,
    /// `Framework`: other packages depend on it.
    pub framework: bool,
    /// `ResourcePackage`: it holds no program.
    pub resource_package: bool,
}

/// Reads the `Properties` element.
pub(super) fn read(reader: &mut Reader<'_>, parent: Node<'_, '_>) -> Result<Properties, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut properties = Properties::default();
    let mut seen = HashSet::new();
    for node in reader.elements(parent)? {
        let name = node.tag_name().name();
        if Namespace::of(node.tag_name().namespace()) != Namespace::Foundation {
            reader.extension_point(node)?;
            continue;
        }
        match name {
            "DisplayName" => properties.display_name = text(reader, node, 256)?,
            "PublisherDisplayName" => properties.publisher_display_name = text(reader, node, 256)?,
            "Description" => properties.description = Some(text(reader, node, 2048)?),
            "Logo" => {
                properties.logo = text(reader, node, 4096)?;
                visuals::picture(reader, node, "Logo", &properties.logo)?;
            }
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

pub(super) fn text(reader: &Reader<'_>, node: Node<'_, '_>, max: usize) -> Result<String, ManifestError> {
    let text = reader.text_of(node)?;
    let fine = !text.is_empty()
        && text.chars().count() <= max
        && text.trim() == text
        && !text.contains(char::is_control);
    if fine {
        return Ok(text);
    }
    let rule = format!("write 1 to {max} characters on one line, without white space around");
    Err(reader.value(node, node.tag_name().name(), &text, &rule))
}

pub(super) fn boolean(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<bool, ManifestError> {
    let text = reader.text_of(node)?;
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(reader.value(node, node.tag_name().name(), &text, "write true or false")),
    }
}
