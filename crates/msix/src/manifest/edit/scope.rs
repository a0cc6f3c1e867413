//! Prefixes: which the manifest has, and which have to be declared.

use super::{EditError, Insertion, NewCapability, namespace, start_tag};
use roxmltree::Node;

/// What is in scope where capabilities stand.
pub(super) struct Scope<'a> {
    text: &'a str,
    root: Node<'a, 'a>,
    place: Node<'a, 'a>,
    /// Prefix and URI.
    declared: Vec<(String, String)>,
    /// Prefixes that the manifest has, and that have to be ignorable from now on.
    ignorable: Vec<String>,
}

impl<'a> Scope<'a> {
    pub fn new(text: &'a str, root: Node<'a, 'a>, parent: Option<Node<'a, 'a>>) -> Scope<'a> {
        Scope { text, root, place: parent.unwrap_or(root), declared: Vec::new(), ignorable: Vec::new() }
    }

    /// The prefix of the foundation namespace, with its colon; empty where it is the default.
    pub fn foundation(&self) -> String {
        self.known(namespace::FOUNDATION).unwrap_or_default()
    }

    /// The prefix of a capability's element, with its colon. One that the manifest does not have is noted for
    /// [`declarations`](Self::declarations).
    pub fn prefix(&mut self, one: &NewCapability) -> Result<String, EditError> {
        self.prefix_of(&one.namespace_uri, one.prefix.as_deref().unwrap_or("cap"))
    }

    /// The prefix of a namespace for attributes of a node, which the default namespace is not for; without its colon, and ignorable from
    /// now on. An element between may have given the customary prefix to something else.
    pub fn attribute_prefix(
        &mut self,
        namespace_uri: &str,
        customary: &str,
        node: Node<'_, '_>,
    ) -> Result<String, EditError> {
        let names =
            self.place.namespaces().filter(|one| one.uri() == namespace_uri).filter_map(|one| one.name());
        let mut names = names.filter(|name| node.lookup_namespace_uri(Some(name)) == Some(namespace_uri));
        let known = names.next().map(str::to_owned);
        let Some(known) = known else {
            return self.declared_prefix(namespace_uri, customary, Some(node));
        };
        let listed = |list: &str| {
            let mut uris =
                list.split_ascii_whitespace().map(|prefix| self.root.lookup_namespace_uri(Some(prefix)));
            uris.any(|uri| uri == Some(namespace_uri))
        };
        if !self.root.attribute("IgnorableNamespaces").is_some_and(listed) && !self.ignorable.contains(&known)
        {
            self.ignorable.push(known.clone());
        }
        Ok(known)
    }

    /// The same of any namespace.
    pub fn prefix_of(&mut self, namespace_uri: &str, customary: &str) -> Result<String, EditError> {
        if let Some(known) = self.known(namespace_uri) {
            return Ok(known);
        }
        self.declared_prefix(namespace_uri, customary, None).map(|prefix| format!("{prefix}:"))
    }

    /// A prefix that `Package` is to declare, without its colon: one that means nothing else there, at the place and at the node.
    fn declared_prefix(
        &mut self,
        namespace_uri: &str,
        customary: &str,
        node: Option<Node<'_, '_>>,
    ) -> Result<String, EditError> {
        let is_new = |prefix: &str| {
            self.root.lookup_namespace_uri(Some(prefix)).is_none()
                && self.place.lookup_namespace_uri(Some(prefix)).is_none()
                && node.is_none_or(|node| node.lookup_namespace_uri(Some(prefix)).is_none())
        };
        let mut declared = self.declared.iter().filter(|(_, uri)| uri == namespace_uri);
        if let Some((prefix, _)) = declared.find(|(prefix, _)| is_new(prefix)) {
            return Ok(prefix.clone());
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./:-_".contains(&b));
        let is_name = customary.starts_with(|c: char| c.is_ascii_alphabetic())
            && customary.bytes().all(|b| b.is_ascii_alphanumeric())
            && !customary.to_ascii_lowercase().starts_with("xml");
        if !plain(namespace_uri) || !is_name {
            return Err(EditError::Unsafe("a namespace or its prefix holds something that needs quoting"));
        }
        let numbered = (1..100).map(|number| format!("{customary}x{number}"));
        let free =
            |prefix: &String| is_new(prefix) && !self.declared.iter().any(|(taken, _)| taken == prefix);
        let prefix = std::iter::once(customary.to_owned()).chain(numbered).find(free);
        let prefix = prefix.ok_or(EditError::Unsafe("no prefix is free"))?;
        self.declared.push((prefix.clone(), namespace_uri.to_owned()));
        Ok(prefix)
    }

    /// A prefix in scope at the place, for elements.
    fn known(&self, uri: &str) -> Option<String> {
        // No prefix where it is the default namespace.
        if self.place.lookup_namespace_uri(None) == Some(uri) {
            return Some(String::new());
        }
        let mut names = self.place.namespaces().filter(|one| one.uri() == uri).filter_map(|one| one.name());
        names
            .find(|name| self.place.lookup_namespace_uri(Some(name)) == Some(uri))
            .map(|name| format!("{name}:"))
    }

    /// What has to be put into the start tag of `Package`.
    pub fn declarations(&self) -> Result<Vec<Insertion>, EditError> {
        if self.declared.is_empty() && self.ignorable.is_empty() {
            return Ok(Vec::new());
        }
        let xmlns: String =
            self.declared.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect();
        let declared = self.declared.iter().map(|(prefix, _)| prefix);
        let prefixes: Vec<&str> = declared.chain(&self.ignorable).map(String::as_str).collect();
        let prefixes = prefixes.join(" ");
        let (end, empty) =
            start_tag(self.text, self.root).ok_or(EditError::Unsafe("its start tag has no end"))?;
        let end = end - if empty { 2 } else { 1 };
        // In front of white space that stands before the end, such as a line break.
        let end = self.text[..end].trim_end().len();
        let mut ignorable = self
            .root
            .attributes()
            .filter(|one| one.namespace().is_none() && one.name() == "IgnorableNamespaces");
        let Some(list) = ignorable.next() else {
            let text = format!("{xmlns} IgnorableNamespaces=\"{prefixes}\"");
            return Ok(vec![Insertion { at: end, instead_of: 0, text }]);
        };
        let value = list.range_value();
        let space = if list.value().trim().is_empty() { "" } else { " " };
        Ok(vec![
            Insertion { at: value.end, instead_of: 0, text: format!("{space}{prefixes}") },
            Insertion { at: end, instead_of: 0, text: xmlns },
        ])
    }
}
