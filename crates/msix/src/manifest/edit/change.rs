//! Attributes set and taken away, elements taken out: each a piece of text in place of another.

use super::Insertion;
use crate::manifest::namespace::Namespace;
use roxmltree::{Attribute, Node};

/// The attribute of that name in that namespace.
pub(super) fn attribute<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: Namespace,
    name: &str,
) -> Option<Attribute<'a, 'input>> {
    node.attributes().find(|one| one.name() == name && Namespace::of(one.namespace()) == namespace)
}

/// Another value for an attribute that is there. `value` needs no escapes.
pub(super) fn value(attribute: Attribute<'_, '_>, value: &str) -> Insertion {
    let range = attribute.range_value();
    Insertion { at: range.start, instead_of: range.len(), text: value.to_owned() }
}

/// A further attribute, behind those that are there.
pub(super) fn further(text: &str, node: Node<'_, '_>, name: &str, value: &str) -> Insertion {
    let at = node.attributes().map(|one| one.range().end).max().unwrap_or_else(|| {
        let start = node.range().start + 1;
        let name = text[start..].find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'));
        start + name.unwrap_or_default()
    });
    Insertion { at, instead_of: 0, text: format!(" {name}=\"{value}\"") }
}

/// No attribute, nor the white space before it.
pub(super) fn without_attribute(text: &str, attribute: Attribute<'_, '_>) -> Insertion {
    let range = attribute.range();
    let at = text[..range.start].trim_end().len();
    Insertion { at, instead_of: range.end - at, text: String::new() }
}

/// No element; nor its line, where it has one of its own.
pub(super) fn without_element(text: &str, node: Node<'_, '_>) -> Insertion {
    let range = node.range();
    let blank = |text: &str| text.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    let line = text[..range.start].rfind('\n');
    let before = line.filter(|&line| blank(&text[line + 1..range.start]));
    let after = text[range.end..].split(['\r', '\n']).next().unwrap_or_default();
    let at = match before {
        Some(line) if blank(after) => {
            if text[..line].ends_with('\r') {
                line - 1
            } else {
                line
            }
        }
        _ => range.start,
    };
    let end = if at == range.start { range.end } else { range.end + after.len() };
    Insertion { at, instead_of: end - at, text: String::new() }
}
