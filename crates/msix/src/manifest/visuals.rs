//! What an application looks like (`CT_VisualElements`), and what pictures may be called.

use super::error::{ManifestError, clip};
use super::reader::Reader;
use roxmltree::Node;

/// Reads `uap:VisualElements`; gives the name that people are shown.
pub(super) fn read(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<String, ManifestError> {
    let hints = [
        ("DisplayName", "name the application as people know it"),
        ("Description", "say in some words what it is"),
        ("BackgroundColor", "write transparent, or a colour like #464646"),
        ("Square150x150Logo", "name a PNG of the package, of 150 pixels (lowbox init writes one)"),
        ("Square44x44Logo", "name a PNG of the package, of 44 pixels (lowbox init writes one)"),
    ];
    for (name, hint) in hints {
        let value = reader.required(node, name, hint)?;
        match name {
            "DisplayName" => text(reader, node, name, value, 256)?,
            "Description" => text(reader, node, name, value, 2048)?,
            "BackgroundColor" => {
                let name_or_number = match value.strip_prefix('#') {
                    Some(digits) => digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    None => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphabetic()),
                };
                if !name_or_number {
                    let rule = "write transparent, a colour's name, or one like #464646";
                    return Err(reader.value(node, name, value, rule));
                }
            }
            _ => picture(reader, node, name, value)?,
        }
    }
    Ok(node.attribute("DisplayName").unwrap_or_default().to_owned())
}

fn text(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    name: &str,
    value: &str,
    max: usize,
) -> Result<(), ManifestError> {
    let fine = !value.is_empty() && !value.contains(char::is_control) && value.chars().count() <= max;
    if fine {
        return Ok(());
    }
    Err(reader.value(node, name, value, &format!("write 1 to {max} characters on one line")))
}

/// `ST_ImageFile`: a path in the package, of a picture.
pub(super) fn picture(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    what: &str,
    path: &str,
) -> Result<(), ManifestError> {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let is_picture = ["png", "jpg", "jpeg"].iter().any(|one| extension.eq_ignore_ascii_case(one));
    let forbidden = |c: char| matches!(c, '<' | '>' | '"' | ':' | '%' | '|' | '?' | '*') || c.is_control();
    let bad_segment = |part: &str| part.is_empty() || matches!(part, "." | "..");
    // A resource's name stands for a picture too.
    let is_resource = path.starts_with("ms-resource:");
    let leads_out = path.contains(forbidden) || path.split(['/', '\\']).any(bad_segment);
    if is_resource || (is_picture && !stem.is_empty() && !leads_out) {
        return Ok(());
    }
    let rule = "name a picture of the package by its path in it, ending in .png, .jpg or .jpeg, like Assets\\Logo.png";
    Err(reader.value(node, what, &clip(path), rule))
}
