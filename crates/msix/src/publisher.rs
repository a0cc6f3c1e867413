//! The publisher: an X.500 name, and the short id that derives from it.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Longest publisher the manifest schema allows, in characters (`ST_Publisher_2010_v2`).
const MAX_CHARS: usize = 8192;

/// Attribute types of the schema's pattern; `OID.1.2.3` comes on top.
const TYPES: [&str; 20] = [
    "CN",
    "L",
    "O",
    "OU",
    "E",
    "C",
    "S",
    "STREET",
    "T",
    "G",
    "I",
    "SN",
    "DC",
    "SERIALNUMBER",
    "Description",
    "PostalCode",
    "POBox",
    "Phone",
    "X21Address",
    "dnQualifier",
];

/// A valid publisher, such as `CN=Contoso, O=Contoso Ltd, C=US`, spelled exactly as the manifest spells it:
/// every character of it goes into the publisher id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Publisher(String);

/// The text is no publisher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublisherError {
    /// Empty, or longer than the schema's 8192 characters.
    #[error("a publisher has 1 to 8192 characters, this one has {0}; write for example \"CN=Contoso\"")]
    Length(usize),
    /// A part has no `TYPE=`.
    #[error(
        "publisher part {0:?} is not TYPE=value; write an X.500 name such as \"CN=Contoso, O=Contoso Ltd, C=US\""
    )]
    NotAnAttribute(String),
    /// A part's type is none that the schema knows.
    #[error(
        "publisher attribute {0:?} is unknown; use CN, O, OU, L, S, C, E, STREET, T, G, I, SN, DC, \
         SERIALNUMBER, Description, PostalCode, POBox, Phone, X21Address, dnQualifier or OID.<numbers>"
    )]
    UnknownType(String),
    /// A value holds what must be quoted, or is empty, or starts or ends with white space.
    #[error("publisher value {0:?} {1}")]
    Value(String, &'static str),
    /// Parts are joined by something other than a comma and a space.
    #[error(
        "publisher parts are separated by a comma and one space; after {0:?} comes something else; write them like CN=A, O=B"
    )]
    Separator(String),
}

impl Publisher {
    /// Takes the text of a manifest's `Publisher` attribute.
    ///
    /// # Errors
    /// When it is not an X.500 name of the form that the manifest schema (`ST_Publisher_2010_v2`) asks for.
    pub fn new(text: &str) -> Result<Self, PublisherError> {
        let chars = text.chars().count();
        if chars == 0 || chars > MAX_CHARS {
            return Err(PublisherError::Length(chars));
        }
        let mut rest = text;
        loop {
            rest = attribute(rest)?;
            if rest.is_empty() {
                return Ok(Self(text.to_owned()));
            }
            rest = rest
                .strip_prefix(", ")
                .ok_or_else(|| PublisherError::Separator(clip(&text[..text.len() - rest.len()])))?;
        }
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts in order, each with its type and its value, which is not quoted any more.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        let mut rest = self.0.as_str();
        // It was found in order when it was made.
        while let Ok(after) = attribute(rest) {
            let part = &rest[..rest.len() - after.len()];
            let (kind, value) = part.split_once('=').unwrap_or((part, ""));
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = quoted.map_or_else(|| value.to_owned(), |value| value.replace("\"\"", "\""));
            parts.push((kind.to_owned(), value));
            match after.strip_prefix(", ") {
                Some(next) => rest = next,
                None => break,
            }
        }
        parts
    }

    /// The 13-character publisher id: the first 64 bits of SHA-256 over the UTF-16LE name, one zero bit
    /// appended, in base 32 with the alphabet `0-9a-hjkmnp-tv-z`.
    #[must_use]
    pub fn id(&self) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut hasher = Sha256::new();
        for unit in self.0.encode_utf16() {
            hasher.update(unit.to_le_bytes());
        }
        let digest = hasher.finalize();
        let mut bits = 0u128;
        for byte in &digest[..8] {
            bits = bits << 8 | u128::from(*byte);
        }
        bits <<= 1;
        (0..13).rev().map(|digit| char::from(ALPHABET[(bits >> (5 * digit) & 31) as usize])).collect()
    }
}

/// Reads one `TYPE=value` off the front and returns what follows it.
fn attribute(text: &str) -> Result<&str, PublisherError> {
    let end_of_type = text
        .find('=')
        .filter(|at| !text[..*at].contains([',', '"']))
        .ok_or_else(|| PublisherError::NotAnAttribute(clip(text)))?;
    let (kind, rest) = (&text[..end_of_type], &text[end_of_type + 1..]);
    if !TYPES.contains(&kind) && !is_oid(kind) {
        return Err(PublisherError::UnknownType(clip(kind)));
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = closing_quote(quoted)
            .ok_or_else(|| PublisherError::Value(clip(rest), "has no closing quote; add one"))?;
        return Ok(&quoted[end + 1..]);
    }
    let end = rest.find(',').unwrap_or(rest.len());
    let value = &rest[..end];
    let error = |what| Err(PublisherError::Value(clip(value), what));
    if value.is_empty() {
        return error("is empty; write the value after the =");
    }
    if value.contains(['+', '=', '"', '<', '>', '#', ';']) {
        return error("holds one of + = \" < > # ;, so it must stand in double quotes");
    }
    if value.trim() != value {
        return error("starts or ends with white space; remove it or quote the value");
    }
    if value.contains(char::is_control) {
        return error("holds a control character; remove it");
    }
    Ok(&rest[end..])
}

/// Position of the quote that ends a quoted value; a doubled quote stands for one inside it.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            if bytes.get(at + 1) != Some(&b'"') {
                return Some(at);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

fn is_oid(kind: &str) -> bool {
    kind.strip_prefix("OID.").is_some_and(|numbers| {
        numbers.contains('.')
            && numbers.split('.').all(|n| {
                !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'))
            })
    })
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

impl FromStr for Publisher {
    type Err = PublisherError;

    fn from_str(text: &str) -> Result<Self, PublisherError> {
        Self::new(text)
    }
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
