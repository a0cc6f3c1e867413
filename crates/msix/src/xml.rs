//! Reading the small XML files of a package other than its manifest: no DTD, bounded, every element and attribute known.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use crate::manifest::{Position, text};

/// Why such a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It is not well-formed, has a DTD or exceeds a limit.
    #[error("{0}")]
    Malformed(String),
    /// The root is another one.
    #[error("its root is not {0} of {1}")]
    Root(&'static str, &'static str),
    /// An element that does not belong there.
    #[error("{at}: element {name:?} does not belong there")]
    Element {
        /// Where.
        at: Position,
        /// Its name.
        name: String,
    },
    /// An attribute that does not belong there.
    #[error("{at}: attribute {name:?} does not belong there")]
    Attribute {
        /// Where.
        at: Position,
        /// Its name.
        name: String,
    },
    /// An attribute that has to be there.
    #[error("{at}: {element} has no {name}")]
    Missing {
        /// Where.
        at: Position,
        /// Of which element.
        element: &'static str,
        /// Which.
        name: &'static str,
    },
    /// A value that is none.
    #[error("{at}: {name}={value:?}: {what}")]
    Value {
        /// Where.
        at: Position,
        /// Of which attribute.
        name: &'static str,
        /// The value.
        value: String,
        /// What is wrong.
        what: String,
    },
}

/// Longest part of a value that is told.
const MAX_TOLD: usize = 120;

fn clip(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(MAX_TOLD).collect()
}

/// Decodes the text within limits.
pub(crate) fn decode(bytes: &[u8], limit: usize) -> Result<Cow<'_, str>, XmlError> {
    text::decode(bytes, limit).map_err(|error| XmlError::Malformed(error.to_string()))
}

/// Parses it, and looks at the root.
pub(crate) fn parse<'a>(
    text: &'a str,
    nodes: u32,
    root: &'static str,
    namespace: &'static str,
) -> Result<Document<'a>, XmlError> {
    parse_any(text, nodes, root, &[namespace])
}

/// The same, where the root may be of one of several namespaces, of which the first is named if it is of none.
pub(crate) fn parse_any<'a>(
    text: &'a str,
    nodes: u32,
    root: &'static str,
    namespaces: &[&'static str],
) -> Result<Document<'a>, XmlError> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: nodes };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| XmlError::Malformed(clip(&error.to_string())))?;
    let found = document.root_element().tag_name();
    if found.name() != root || !namespaces.iter().any(|one| found.namespace() == Some(*one)) {
        return Err(XmlError::Root(root, namespaces[0]));
    }
    Ok(document)
}

/// Where a node is.
pub(crate) fn at(node: Node<'_, '_>) -> Position {
    let at = node.document().text_pos_at(node.range().start);
    Position { line: at.row, column: at.col }
}

/// An attribute without a namespace.
pub(crate) fn required<'a>(
    node: Node<'a, '_>,
    element: &'static str,
    name: &'static str,
) -> Result<&'a str, XmlError> {
    node.attribute(name).ok_or_else(|| XmlError::Missing { at: at(node), element, name })
}

/// A value that is wrong.
pub(crate) fn value(
    node: Node<'_, '_>,
    name: &'static str,
    value: &str,
    what: impl Into<String>,
) -> XmlError {
    XmlError::Value { at: at(node), name, value: clip(value), what: what.into() }
}

/// A number in decimal digits, as xs:unsignedLong, without signs or spaces.
pub(crate) fn number(node: Node<'_, '_>, name: &'static str, text: &str) -> Result<u64, XmlError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| value(node, name, text, "it is no number"))
}

/// Refuses attributes that are not among `known`; those of ignorable namespaces pass.
pub(crate) fn check_attributes(
    node: Node<'_, '_>,
    known: &[&str],
    ignorable: &[&str],
) -> Result<(), XmlError> {
    for attribute in node.attributes() {
        let passes = match attribute.namespace() {
            None => known.contains(&attribute.name()),
            Some(namespace) => ignorable.contains(&namespace),
        };
        if !passes {
            return Err(XmlError::Attribute { at: at(node), name: clip(attribute.name()) });
        }
    }
    Ok(())
}

/// The elements in a node: those of its own namespace, with others refused unless they are ignorable. Text has no place.
pub(crate) fn elements<'a, 'input>(
    node: Node<'a, 'input>,
    ignorable: &[&str],
) -> Result<Vec<Node<'a, 'input>>, XmlError> {
    elements_of(node, &[node.tag_name().namespace().unwrap_or_default()], ignorable)
}

/// The same, where the elements are of one of several namespaces.
pub(crate) fn elements_of<'a, 'input>(
    node: Node<'a, 'input>,
    namespaces: &[&str],
    ignorable: &[&str],
) -> Result<Vec<Node<'a, 'input>>, XmlError> {
    let mut found = Vec::new();
    for child in node.children() {
        if child.is_text() && !child.text().unwrap_or_default().trim().is_empty() {
            let name = format!("{:?}", clip(child.text().unwrap_or_default().trim()));
            return Err(XmlError::Element { at: at(child), name });
        }
        if !child.is_element() {
            continue;
        }
        match child.tag_name().namespace() {
            own if namespaces.contains(&own.unwrap_or_default()) => found.push(child),
            Some(other) if ignorable.contains(&other) => {}
            _ => return Err(unexpected(child)),
        }
    }
    Ok(found)
}

/// An element that does not belong there.
pub(crate) fn unexpected(node: Node<'_, '_>) -> XmlError {
    XmlError::Element { at: at(node), name: clip(node.tag_name().name()) }
}

/// The namespaces that `IgnorableNamespaces` names by their prefixes.
pub(crate) fn ignorable<'a>(root: Node<'a, '_>) -> Result<Vec<&'a str>, XmlError> {
    let list = root.attribute("IgnorableNamespaces").unwrap_or_default();
    let mut found = Vec::new();
    for prefix in list.split_ascii_whitespace().take(text::MAX_DECLARATIONS) {
        let uri = root.lookup_namespace_uri(Some(prefix));
        found.push(
            uri.ok_or_else(|| value(root, "IgnorableNamespaces", prefix, "the prefix is not declared"))?,
        );
    }
    // A namespace that has to be understood can't be ignored.
    found.retain(|uri| Some(*uri) != root.tag_name().namespace());
    Ok(found)
}

/// Escapes text for an attribute in double quotes.
pub(crate) fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            c if c.is_control() => into.push_str(&format!("&#{};", c as u32)),
            c => into.push(c),
        }
    }
}
