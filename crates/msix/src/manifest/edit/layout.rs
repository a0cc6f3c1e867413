//! Where additions are put, with the line ends and the indentation that the manifest has.

use super::{CapabilityElement, EditError, Insertion, start_tag};
use crate::manifest::capability::element_of;
use roxmltree::Node;

/// How the manifest is laid out.
pub(super) struct Layout<'a> {
    text: &'a str,
    root: Node<'a, 'a>,
    line_end: &'static str,
    /// What one level is indented by.
    unit: String,
}

/// An element's lines, by its kind.
type Lines = (CapabilityElement, Vec<String>);

impl<'a> Layout<'a> {
    pub fn new(text: &'a str, root: Node<'a, 'a>) -> Layout<'a> {
        let line_end = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let first = root.children().find(Node::is_element);
        let unit = first.and_then(|node| indentation(text, node.range().start)).unwrap_or("  ");
        let outer = indentation(text, root.range().start).unwrap_or_default();
        let unit = unit.strip_prefix(outer).filter(|unit| !unit.is_empty()).unwrap_or("  ").to_owned();
        Layout { text, root, line_end, unit }
    }

    /// Insertions into an element `Capabilities` that is there.
    pub fn within(
        &self,
        parent: Node<'_, '_>,
        elements: &[Lines],
        foundation: String,
    ) -> Result<Vec<Insertion>, EditError> {
        let (start, empty) =
            start_tag(self.text, parent).ok_or(EditError::Unsafe("a start tag has no end"))?;
        if empty {
            let outer = indentation(self.text, parent.range().start);
            let text = self.body(all_lines(elements), outer, &format!("{foundation}Capabilities"));
            // `/>`, and what white space is before it.
            let from = self.text[..start - 2].trim_end().len();
            return Ok(vec![Insertion { at: from, instead_of: start - from, text: format!(">{text}") }]);
        }
        let children: Vec<_> = parent.children().filter(Node::is_element).collect();
        if children.is_empty() {
            return Ok(vec![self.in_childless(parent, start, all_lines(elements))]);
        }
        let mut all = Vec::new();
        for (element, lines) in elements {
            let before = |node: &&Node<'_, '_>| element_of(**node).is_some_and(|have| have <= *element);
            let (at, like) = match children.iter().rfind(before) {
                Some(anchor) => (self.behind(*anchor), *anchor),
                None => (start, children[0]),
            };
            all.push(self.beside(at, like, lines));
        }
        Ok(all)
    }

    /// The element with its children, behind the last child of `Package`.
    pub fn new_parent(&self, elements: &[Lines], foundation: String) -> Result<Insertion, EditError> {
        self.child(&format!("{foundation}Capabilities"), all_lines(elements))
    }

    /// An element of `Package` with these children, behind its last one.
    pub fn new_child(&self, name: &str, lines: &[String]) -> Result<Insertion, EditError> {
        self.child(name, lines.iter())
    }

    /// More children of an element, behind those that it has.
    pub fn append(&self, parent: Node<'_, '_>, lines: &[String]) -> Result<Insertion, EditError> {
        let (start, empty) =
            start_tag(self.text, parent).ok_or(EditError::Unsafe("a start tag has no end"))?;
        if empty {
            let outer = indentation(self.text, parent.range().start);
            let name = &self.text[parent.range().start + 1..];
            let name = name.split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next();
            let text = self.body(lines.iter(), outer, name.unwrap_or_default());
            // `/>`, and what white space is before it.
            let from = self.text[..start - 2].trim_end().len();
            return Ok(Insertion { at: from, instead_of: start - from, text: format!(">{text}") });
        }
        Ok(match parent.children().rfind(Node::is_element) {
            Some(last) => self.beside(self.behind(last), last, lines),
            None => self.in_childless(parent, start, lines.iter()),
        })
    }

    fn child<'l>(&self, name: &str, lines: impl Iterator<Item = &'l String>) -> Result<Insertion, EditError> {
        let last = self.root.children().rfind(Node::is_element);
        let last = last.ok_or(EditError::Unsafe("Package is empty"))?;
        let outer = indentation(self.text, last.range().start);
        let open = format!("<{name}>");
        let body = self.body(lines, outer, name);
        let between = outer.map_or(String::new(), |outer| format!("{}{outer}", self.line_end));
        let text = format!("{between}{open}{body}");
        Ok(Insertion { at: self.behind(last), instead_of: 0, text })
    }

    /// The children on lines of their own, and the end tag; or all on one line where there is no indentation.
    fn body<'l>(&self, lines: impl Iterator<Item = &'l String>, outer: Option<&str>, name: &str) -> String {
        let mut text = String::new();
        for line in lines {
            if let Some(outer) = outer {
                text.push_str(&format!("{}{outer}{}", self.line_end, self.unit));
            }
            text.push_str(line);
        }
        if let Some(outer) = outer {
            text.push_str(&format!("{}{outer}", self.line_end));
        }
        text.push_str(&format!("</{name}>"));
        text
    }

    /// Into an element without children, which may hold white space and comments: behind those.
    fn in_childless<'l>(
        &self,
        parent: Node<'_, '_>,
        start: usize,
        lines: impl Iterator<Item = &'l String>,
    ) -> Insertion {
        let end = parent.last_child().map_or(start, |last| last.range().end);
        let inside = &self.text[start..end];
        let at = start + inside.trim_end().len();
        let outer = indentation(self.text, parent.range().start);
        let mut text = String::new();
        for line in lines {
            if let Some(outer) = outer {
                text.push_str(&format!("{}{outer}{}", self.line_end, self.unit));
            }
            text.push_str(line);
        }
        // The end tag gets a line of its own, unless it has one.
        if let (Some(outer), false) = (outer, self.text[at..end].contains('\n')) {
            text.push_str(&format!("{}{outer}", self.line_end));
        }
        Insertion { at, instead_of: 0, text }
    }

    /// Lines at `at`, indented as `like` is.
    fn beside(&self, at: usize, like: Node<'_, '_>, lines: &[String]) -> Insertion {
        let text = match indentation(self.text, like.range().start) {
            Some(indentation) => {
                lines.iter().map(|line| format!("{}{indentation}{line}", self.line_end)).collect()
            }
            None => lines.concat(),
        };
        Insertion { at, instead_of: 0, text }
    }

    /// Behind an element, and behind a comment that stands on the same line.
    fn behind(&self, node: Node<'_, '_>) -> usize {
        let mut end = node.range().end;
        let mut next = node.next_sibling();
        while let Some(sibling) = next {
            if sibling.is_comment() {
                end = sibling.range().end;
            } else if !sibling.is_text() || self.text[sibling.range()].contains(['\n', '\r']) {
                break;
            }
            next = sibling.next_sibling();
        }
        // A comment of several lines belongs to what follows it.
        if self.text[node.range().end..end].contains('\n') { node.range().end } else { end }
    }
}

fn all_lines(elements: &[Lines]) -> impl Iterator<Item = &String> {
    elements.iter().flat_map(|(_, lines)| lines)
}

/// The white space before the place, where nothing else stands on its line.
fn indentation(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n')? + 1;
    let before = &text[start..at];
    before.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(before)
}
