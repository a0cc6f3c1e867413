//! Changing a manifest in place (capabilities, hosts and loopback exemptions added, isolation): every byte that is not part of the change stays as it is.

mod captured;
mod change;
pub mod isolate;
mod layout;
mod network;
mod scope;
mod starter;
mod template;

pub use captured::{Captured, CapturedApplication, captured_manifest};
pub use network::{NewNetwork, add_network};
pub use starter::{LOGOS, Starter, System, starter_manifest};
pub use template::{NewManifest, NewManifestError, new_manifest};

use super::{CapabilityElement, Manifest, ManifestError, namespace, text};
use layout::Layout;
use roxmltree::{Document, Node};
use scope::Scope;

/// How a manifest that is made here begins: with the namespaces of an isolated program.
const PACKAGE: &str = r#"<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap5="http://schemas.microsoft.com/appx/manifest/uap/windows10/5"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities"
    IgnorableNamespaces="uap uap5 uap18 rescap">"#;

/// A capability that is to be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCapability {
    /// Its name.
    pub name: String,
    /// The element that declares it.
    pub element: CapabilityElement,
    /// The namespace of that element.
    pub namespace_uri: String,
    /// The prefix that is customary for the namespace, taken if the manifest has none for it.
    pub prefix: Option<String>,
    /// What stands in a comment above it.
    pub comment: Option<String>,
    /// It is written as a comment itself, for the author to decide.
    pub commented_out: bool,
}

/// A manifest with capabilities added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The manifest, in the encoding that it had.
    pub bytes: Vec<u8>,
    /// The names that were added, those that were commented out included. Empty: the bytes are what they were.
    pub added: Vec<String>,
}

/// Why a manifest was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// It can't be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The addition breaks a rule of manifests.
    #[error("with {added} added, the manifest would not be in order any more: {error}; declare them by hand")]
    Refused {
        /// What was to be added.
        added: String,
        /// What would be wrong.
        error: ManifestError,
    },
    /// Reading the changed manifest would give something else than the old one and the additions.
    #[error(
        "the manifest is written in a way that can't be added to safely: {0}; declare the capabilities by hand"
    )]
    Unsafe(&'static str),
}

/// Text that is put in: at a byte of the text, in place of so many.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Insertion {
    at: usize,
    instead_of: usize,
    text: String,
}

/// Adds the capabilities that `bytes` does not declare yet, each in the place that the schema's order asks for. What is missing
/// of namespaces is declared on `Package` and listed in `IgnorableNamespaces`. Doing it again changes nothing.
///
/// # Errors
/// [`EditError`]; nothing is ever written half.
pub fn add_capabilities(bytes: &[u8], new: &[NewCapability]) -> Result<Edited, EditError> {
    let before = Manifest::parse(bytes)?;
    let decoded = text::decode(bytes, super::MAX_BYTES)?;
    let document = parse(&decoded)?;
    let wanted = missing(new, &before, &document);
    if wanted.is_empty() {
        return Ok(Edited { bytes: bytes.to_vec(), added: Vec::new() });
    }
    let changed = apply(&decoded, insertions(&decoded, &document, &wanted)?);
    let changed = text::encode_like(bytes, &changed);
    verify(&before, &changed, &wanted)?;
    Ok(Edited { bytes: changed, added: wanted.iter().map(|one| one.name.clone()).collect() })
}

fn parse(text: &str) -> Result<Document<'_>, EditError> {
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: 100_000 };
    Document::parse_with_options(text, options).map_err(|_| EditError::Unsafe("it can't be read twice"))
}

/// Those that are not declared, each once, in the order of the schema. Names that differ in case, or in the namespace of
/// their element, stand for the same capability. What is commented out is looked for in comments too.
fn missing<'n>(
    new: &'n [NewCapability],
    before: &Manifest,
    document: &Document<'_>,
) -> Vec<&'n NewCapability> {
    let in_comment = |name: &str| {
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        let mut comments = document.descendants().filter(|node| node.is_comment());
        comments.any(|node| quoted.iter().any(|name| node.text().is_some_and(|text| text.contains(name))))
    };
    let mut wanted: Vec<&NewCapability> = Vec::new();
    for one in new {
        let same = |name: &str| name.eq_ignore_ascii_case(&one.name);
        let declared = before.capabilities.iter().any(|have| same(&have.name))
            || wanted.iter().any(|have| same(&have.name))
            || (one.commented_out && in_comment(&one.name));
        if !declared {
            wanted.push(one);
        }
    }
    wanted.sort_by_key(|one| one.element);
    wanted
}

fn insertions(
    text: &str,
    document: &Document<'_>,
    wanted: &[&NewCapability],
) -> Result<Vec<Insertion>, EditError> {
    let root = document.root_element();
    let parent = root.children().find(|node| node.has_tag_name((namespace::FOUNDATION, "Capabilities")));
    let mut scope = Scope::new(text, root, parent);
    let mut elements = Vec::new();
    for one in wanted {
        elements.push((one.element, lines(one, scope.prefix(one)?)?));
    }
    let layout = Layout::new(text, root);
    let mut all = match parent {
        Some(parent) => layout.within(parent, &elements, scope.foundation())?,
        None => vec![layout.new_parent(&elements, scope.foundation())?],
    };
    all.extend(scope.declarations()?);
    Ok(all)
}

/// The lines of an addition: its comment, and the element, as itself or in a comment.
fn lines(one: &NewCapability, prefix: String) -> Result<Vec<String>, EditError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'{' | b'}');
    if one.name.is_empty() || !one.name.bytes().all(plain) || one.name.contains("--") {
        return Err(EditError::Unsafe(
            "the name of a capability holds something else than letters, digits, dots and dashes",
        ));
    }
    let mut lines = Vec::new();
    if let Some(comment) = &one.comment {
        if comment.contains("--") || comment.ends_with('-') || comment.contains(|c: char| c.is_control()) {
            return Err(EditError::Unsafe("a comment holds what ends comments"));
        }
        lines.push(format!("<!-- {comment} -->"));
    }
    let element = format!("<{prefix}{} Name=\"{}\"/>", one.element, one.name);
    lines.push(if one.commented_out { format!("<!-- {element} -->") } else { element });
    Ok(lines)
}

fn apply(text: &str, mut all: Vec<Insertion>) -> String {
    // Those at one place stay in their order.
    all.sort_by_key(|one| one.at);
    let mut changed = String::with_capacity(text.len() + 1024);
    let mut from = 0;
    for one in all {
        changed.push_str(&text[from..one.at]);
        changed.push_str(&one.text);
        from = one.at + one.instead_of;
    }
    changed.push_str(&text[from..]);
    changed
}

/// Reads what was written: it has to be the old manifest, with the additions.
fn verify(before: &Manifest, changed: &[u8], wanted: &[&NewCapability]) -> Result<(), EditError> {
    let after = Manifest::parse(changed).map_err(|error| {
        let names: Vec<&str> = wanted.iter().map(|one| one.name.as_str()).collect();
        EditError::Refused { added: names.join(", "), error }
    })?;
    let kept = |name: &str| before.capabilities.iter().any(|have| have.name.eq_ignore_ascii_case(name));
    let (old, new): (Vec<_>, Vec<_>) = after.capabilities.iter().partition(|one| kept(&one.name));
    let added = wanted
        .iter()
        .filter(|one| !one.commented_out)
        .map(|one| (&one.name, one.element, &one.namespace_uri));
    // Without their places, which move.
    let hosts = |manifest: &Manifest| {
        manifest.network.hosts.iter().map(|host| (host.name.clone(), host.port)).collect::<Vec<_>>()
    };
    let same = old.into_iter().eq(&before.capabilities)
        && new.into_iter().map(|one| (&one.name, one.element, &one.namespace_uri)).eq(added)
        && same_but(before, &after)
        && hosts(&after) == hosts(before)
        && after.network.loopback_ports == before.network.loopback_ports;
    if same { Ok(()) } else { Err(EditError::Unsafe("read again it is not what it was, with the additions")) }
}

/// Whether all but capabilities and networks is the same.
fn same_but(before: &Manifest, after: &Manifest) -> bool {
    after.identity == before.identity
        && after.properties == before.properties
        && after.target_device_families == before.target_device_families
        && after.package_dependencies == before.package_dependencies
        && after.applications == before.applications
        && after.extensions == before.extensions
}

/// Where the start tag of an element ends: behind its `>`; and whether it is an empty element.
fn start_tag(text: &str, node: Node<'_, '_>) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let (mut quote, mut at) = (None, node.range().start);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some((at + 1, bytes[at - 1] == b'/')),
            _ => {}
        }
        at += 1;
    }
    None
}
