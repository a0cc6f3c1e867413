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
            let text = self.body(elements, outer, &foundation);
            // `/>`, and what white space is before it.
            let from = self.text[..start - 2].trim_end().len();
            return Ok(vec![Insertion { at: from, instead_of: start - from, text: format!(">{text}") }]);
        }
        let children: Vec<_> = parent.children().filter(Node::is_element).collect();
        if children.is_empty() {
            return Ok(vec![self.in_childless(parent, start, elements)]);
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
        let last = self.root.children().rfind(Node::is_element);
        let last = last.ok_or(EditError::Unsafe("Package is empty"))?;
        let outer = indentation(self.text, last.range().start);
        let open = format!("<{foundation}Capabilities>");
        let body = self.body(elements, outer, &foundation);
        let between = outer.map_or(String::new(), |outer| format!("{}{outer}", self.line_end));
        let text = format!("{between}{open}{body}");
        Ok(Insertion { at: self.behind(last), instead_of: 0, text })
    }

    /// The children on lines of their own, and the end tag; or all on one line where there is no indentation.
    fn body(&self, elements: &[Lines], outer: Option<&str>, foundation: &str) -> String {
        let mut text = String::new();
        for line in elements.iter().flat_map(|(_, lines)| lines) {
            if let Some(outer) = outer {
                text.push_str(&format!("{}{outer}{}", self.line_end, self.unit));
            }
            text.push_str(line);
        }
        if let Some(outer) = outer {
            text.push_str(&format!("{}{outer}", self.line_end));
        }
        text.push_str(&format!("</{foundation}Capabilities>"));
        text
    }

    /// Into `<Capabilities></Capabilities>`, which may hold white space and comments: behind those.
    fn in_childless(&self, parent: Node<'_, '_>, start: usize, elements: &[Lines]) -> Insertion {
        let end = parent.last_child().map_or(start, |last| last.range().end);
        let inside = &self.text[start..end];
        let at = start + inside.trim_end().len();
        let outer = indentation(self.text, parent.range().start);
        let mut text = String::new();
        for line in elements.iter().flat_map(|(_, lines)| lines) {
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

/// The white space before the place, where nothing else stands on its line.
fn indentation(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n')? + 1;
    let before = &text[start..at];
    before.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(before)
}
