//! What can be wrong with a manifest, where, and what to write instead.

use crate::IdentityError;
use std::fmt;

/// A place in the manifest, counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ManifestError {
    /// Where; `None` when it concerns the file as a whole.
    pub position: Option<Position>,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{position}: {}", self.problem),
            None => self.problem.fmt(f),
        }
    }
}

/// Kinds of problems. Texts taken from the manifest are shown escaped and clipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Larger than [`super::MAX_BYTES`].
    #[error("the manifest has {0} bytes; at most {max} are read, so shorten it", max = super::MAX_BYTES)]
    TooLarge(usize),
    /// Not readable as text.
    #[error("{0}; save the manifest as UTF-8")]
    Encoding(String),
    /// More of something than any real manifest has.
    #[error("{what}: at most {limit} are read; take some out")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// A document type declaration, which could pull in other files.
    #[error("a DOCTYPE is not allowed in a manifest; remove it and write entities out")]
    Dtd,
    /// Not well-formed.
    #[error("not well-formed XML: {0}")]
    Xml(String),
    /// Another kind of document.
    #[error("the root element is {found:?}; {hint}")]
    Root {
        /// Its name.
        found: String,
        /// What to write.
        hint: &'static str,
    },
    /// An element that this place does not take.
    #[error("element {name} is not known in {parent}; {hint}")]
    UnknownElement {
        /// Its name.
        name: String,
        /// The element around it.
        parent: String,
        /// What to write.
        hint: String,
    },
    /// An attribute that this element does not take.
    #[error("attribute {name} is not known on {element}; {hint}")]
    UnknownAttribute {
        /// Its name.
        name: String,
        /// The element.
        element: String,
        /// What to write.
        hint: String,
    },
    /// Text between elements.
    #[error("stray text {0:?}; only elements stand here, remove it")]
    StrayText(String),
    /// Something required is absent.
    #[error("{element} has no {missing}; {hint}")]
    Missing {
        /// Where it is missing.
        element: String,
        /// What is missing.
        missing: &'static str,
        /// What to write.
        hint: &'static str,
    },
    /// Something stands twice.
    #[error("{what} {name:?} stands here a second time; {hint}")]
    Duplicate {
        /// What kind of thing.
        what: &'static str,
        /// Which.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// Elements in an order that the schema forbids.
    #[error("{element} comes after {after}; {hint}")]
    Order {
        /// The late one.
        element: &'static str,
        /// What it must precede.
        after: &'static str,
        /// The right order.
        hint: &'static str,
    },
    /// A value that breaks its rule.
    #[error("{what} {value:?} is not valid; {rule}")]
    Value {
        /// Attribute or element.
        what: String,
        /// Its value.
        value: String,
        /// What to write.
        rule: String,
    },
    /// Name, publisher, version, architecture or resource id.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Attributes that contradict each other about isolation.
    #[error("application {application:?} {what}")]
    Isolation {
        /// Its id.
        application: String,
        /// The contradiction and the way out.
        what: &'static str,
    },
}

/// Cuts a text of the manifest to a length fit for a message.
pub(super) fn clip(text: &str) -> String {
    const MAX: usize = 80;
    match text.char_indices().nth(MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
