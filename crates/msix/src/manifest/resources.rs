//! `Resources`: the languages, scales and graphics that a package has something for.

use super::error::{ManifestError, Problem};
use super::namespace::Namespace;
use super::reader::Reader;
use crate::qualifiers::{self, Qualifiers};
use roxmltree::Node;

/// Most of them (`CT_Resources`).
const MAX: usize = 200;

/// Reads the `Resources` element.
pub(super) fn read(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<Vec<Qualifiers>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let nodes = reader.elements(parent)?;
    if nodes.len() > MAX {
        return Err(reader.error(parent, Problem::Limit { what: "resources", limit: MAX }));
    }
    let mut resources = Vec::new();
    for node in nodes {
        match (Namespace::of(node.tag_name().namespace()), node.tag_name().name()) {
            (Namespace::Foundation, "Resource") => {
                reader.check_attributes(node, &["Language"])?;
                // Scale and DXFeatureLevel are of a newer namespace.
                let newer = |name: &str| {
                    let is = |one: &roxmltree::Attribute<'_, '_>| {
                        one.name() == name && matches!(Namespace::of(one.namespace()), Namespace::Uap(_))
                    };
                    node.attributes().find(is).map(|one| one.value())
                };
                let (scale, graphics) = (newer("Scale"), newer("DXFeatureLevel"));
                let one = qualifiers::parse(node.attribute("Language"), scale, graphics);
                resources.push(one.map_err(|(name, text, what)| reader.value(node, name, &text, what))?);
            }
            _ => reader.unknown_element(node)?,
        }
    }
    Ok(resources)
}
