//! Walking the tree: which content is understood, which is dropped, which is an error.

use super::error::{ManifestError, Position, Problem, clip};
use super::namespace::{self, Namespace};
use super::text;
use super::warning::{Notice, Warning};
use roxmltree::{Attribute, Document, Node};
use std::collections::HashSet;

/// Most warnings that are kept.
const MAX_WARNINGS: usize = 64;

/// What all parts of the reader share.
pub(super) struct Reader<'a> {
    text: &'a str,
    ignorable: HashSet<String>,
    pub warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, ignorable: HashSet::new(), warnings: Vec::new() }
    }

    pub fn document(&self) -> Result<Document<'a>, ManifestError> {
        let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: 100_000 };
        Document::parse_with_options(self.text, options).map_err(|error| {
            use roxmltree::Error as Xml;
            let at = error.pos();
            let problem = match &error {
                Xml::DtdDetected => Problem::Dtd,
                Xml::NodesLimitReached => Problem::Limit { what: "elements and texts", limit: 100_000 },
                Xml::UnknownNamespace(prefix, _) => {
                    let prefix = clip(prefix);
                    Problem::Xml(format!(
                        "prefix {prefix:?} is not declared; add xmlns:{prefix}=\"…\" to Package"
                    ))
                }
                Xml::DuplicatedAttribute(name, _) => Problem::Xml(format!(
                    "attribute {:?} stands twice on one element; remove one",
                    clip(name)
                )),
                Xml::UnexpectedCloseTag(open, close, _) => {
                    let (open, close) = (clip(open), clip(close));
                    Problem::Xml(format!("<{open}> is closed by </{close}>; write </{open}>"))
                }
                Xml::UnclosedRootNode | Xml::UnexpectedEndOfStream => Problem::Xml(
                    "the text ends before all elements are closed; is the file cut off?".to_owned(),
                ),
                other => {
                    let what = clip(&other.to_string().replace(char::is_control, "?"));
                    Problem::Xml(format!("{what}; correct what stands there"))
                }
            };
            let position = match error {
                Xml::DtdDetected | Xml::NodesLimitReached => None,
                Xml::UnclosedRootNode | Xml::UnexpectedEndOfStream | Xml::NoRootNode => {
                    Some(text::position(self.text, usize::MAX))
                }
                _ => Some(Position { line: at.row, column: at.col }),
            };
            ManifestError { position, problem }
        })
    }

    /// Reads `IgnorableNamespaces`, a list of prefixes, on the root.
    pub fn read_ignorable(&mut self, root: Node<'_, '_>) -> Result<(), ManifestError> {
        let Some(list) = root.attribute("IgnorableNamespaces") else { return Ok(()) };
        for (index, prefix) in list.split_ascii_whitespace().enumerate() {
            if index == text::MAX_DECLARATIONS {
                let (what, limit) = ("prefixes in IgnorableNamespaces", text::MAX_DECLARATIONS);
                return Err(self.error(root, Problem::Limit { what, limit }));
            }
            let Some(uri) = root.lookup_namespace_uri(Some(prefix)) else {
                return Err(self.value(
                    root,
                    "IgnorableNamespaces",
                    prefix,
                    "it lists prefixes that Package declares; add the xmlns declaration or remove the prefix",
                ));
            };
            self.ignorable.insert(uri.to_owned());
        }
        Ok(())
    }

    pub fn at(&self, node: Node<'_, '_>) -> Position {
        text::position(self.text, node.range().start)
    }

    pub fn error(&self, node: Node<'_, '_>, problem: impl Into<Problem>) -> ManifestError {
        ManifestError { position: Some(self.at(node)), problem: problem.into() }
    }

    pub fn value(&self, node: Node<'_, '_>, what: &str, value: &str, rule: &str) -> ManifestError {
        self.error(node, Problem::Value { what: what.to_owned(), value: clip(value), rule: rule.to_owned() })
    }

    pub fn missing(&self, node: Node<'_, '_>, missing: &'static str, hint: &'static str) -> ManifestError {
        self.error(node, Problem::Missing { element: qualified(node), missing, hint })
    }

    pub fn warn(&mut self, node: Node<'_, '_>, notice: Notice) {
        match self.warnings.len() {
            n if n < MAX_WARNINGS => {
                let position = Some(self.at(node));
                self.warnings.push(Warning { position, notice });
            }
            MAX_WARNINGS => self.warnings.push(Warning { position: None, notice: Notice::More }),
            _ => {}
        }
    }

    /// The child elements; text between them is an error.
    pub fn elements<'n, 'i>(&self, node: Node<'n, 'i>) -> Result<Vec<Node<'n, 'i>>, ManifestError> {
        let mut found = Vec::new();
        for child in node.children() {
            if child.is_element() {
                found.push(child);
            } else if child.is_text() && !child.text().unwrap_or_default().trim().is_empty() {
                let stray = clip(child.text().unwrap_or_default().trim());
                return Err(self.error(child, Problem::StrayText(stray)));
            }
        }
        Ok(found)
    }

    /// The text of an element that holds nothing but text.
    pub fn text_of(&self, node: Node<'_, '_>) -> Result<String, ManifestError> {
        let mut all = String::new();
        for child in node.children() {
            if child.is_element() {
                self.unknown_element(child)?;
            } else if child.is_text() {
                all.push_str(child.text().unwrap_or_default());
            }
        }
        Ok(all)
    }

    fn is_ignorable(&self, uri: Option<&str>) -> bool {
        // The foundation namespace and lowbox's own can't be ignored: this reader knows all of them.
        let known = [namespace::FOUNDATION, namespace::LOWBOX_NETWORK];
        uri.is_some_and(|uri| !known.contains(&uri) && self.ignorable.contains(uri))
    }

    /// Refuses an element of lowbox's own where other readers would refuse the manifest for it.
    pub fn require_ignorable(&self, node: Node<'_, '_>) -> Result<(), ManifestError> {
        if node.tag_name().namespace().is_some_and(|uri| self.ignorable.contains(uri)) {
            return Ok(());
        }
        let missing = "ignorable namespace";
        let hint = "list its prefix in IgnorableNamespaces of Package, or Windows refuses the package";
        Err(self.missing(node, missing, hint))
    }

    /// What to do with an element that the place does not know: nothing when its namespace is ignorable.
    pub fn unknown_element(&self, node: Node<'_, '_>) -> Result<(), ManifestError> {
        if self.is_ignorable(node.tag_name().namespace()) {
            return Ok(());
        }
        let parent = node.parent_element().map_or_else(|| "the document".to_owned(), qualified);
        let hint = hint(Namespace::of(node.tag_name().namespace()));
        Err(self.error(node, Problem::UnknownElement { name: qualified(node), parent, hint }))
    }

    /// The same, where the schemas let newer namespaces add elements: those of Microsoft's manifest
    /// family pass unread.
    pub fn extension_point(&self, node: Node<'_, '_>) -> Result<(), ManifestError> {
        if Namespace::of(node.tag_name().namespace()).is_extension_of_manifest() {
            return Ok(());
        }
        self.unknown_element(node)
    }

    pub fn unknown_attribute(
        &self,
        node: Node<'_, '_>,
        one: &Attribute<'_, '_>,
    ) -> Result<(), ManifestError> {
        if self.is_ignorable(one.namespace()) {
            return Ok(());
        }
        let hint = hint(Namespace::of(one.namespace()));
        let (name, element) = (clip(one.name()), qualified(node));
        Err(self.error(node, Problem::UnknownAttribute { name, element, hint }))
    }

    /// Refuses attributes without namespace that are not in `known`, and foreign ones that are not ignorable.
    pub fn check_attributes(&self, node: Node<'_, '_>, known: &[&str]) -> Result<(), ManifestError> {
        for one in node.attributes() {
            let namespace = Namespace::of(one.namespace());
            let fine = match namespace {
                Namespace::None => known.contains(&one.name()),
                other => other.is_extension_of_manifest(),
            };
            if !fine {
                self.unknown_attribute(node, &one)?;
            }
        }
        Ok(())
    }

    pub fn required<'n>(
        &self,
        node: Node<'n, '_>,
        name: &'static str,
        hint: &'static str,
    ) -> Result<&'n str, ManifestError> {
        node.attribute(name).ok_or_else(|| self.missing(node, name, hint))
    }
}

fn hint(namespace: Namespace) -> String {
    match namespace {
        Namespace::None | Namespace::Foundation => "check its spelling or remove it".to_owned(),
        Namespace::LowboxNetwork => {
            "lowbox knows Network in Package, with AllowedHost (Name, Port) and LoopbackExemption (Port), the attributes without \
             prefix"
                .to_owned()
        }
        _ => "list its prefix in IgnorableNamespaces if it may be dropped, or remove it".to_owned(),
    }
}

/// An element's name for messages: local name, with the namespace's tail when it is not the foundation.
pub(super) fn qualified(node: Node<'_, '_>) -> String {
    let tag = node.tag_name();
    match tag.namespace() {
        Some(uri) if uri != namespace::FOUNDATION => format!("{} ({:?})", clip(tag.name()), clip(uri)),
        _ => clip(tag.name()),
    }
}
