//! From bytes to text that the XML parser can be trusted with.
//!
//! The parser works recursively and compares attributes pairwise, so nesting and counts are bounded here,
//! by one pass over the text, before it runs. The pass reads tags as the parser does; where a text is not
//! well-formed the two may part, but the parser stops at that place.

use super::error::{ManifestError, Position, Problem};
use std::borrow::Cow;

/// Deepest nesting of elements. Real manifests nest about ten deep.
pub const MAX_DEPTH: usize = 48;
/// Most attributes (namespace declarations among them) on one element.
pub const MAX_ATTRIBUTES: usize = 256;
/// Most namespace declarations in the whole document.
pub const MAX_DECLARATIONS: usize = 512;
/// Most CDATA sections: the parser copies a text once for each section in it.
pub const MAX_CDATA: usize = 256;

/// Decodes UTF-8 or, by its byte order mark, UTF-16, and checks the limits above.
pub(crate) fn decode(bytes: &[u8], limit: usize) -> Result<Cow<'_, str>, ManifestError> {
    if bytes.len() > limit {
        return Err(ManifestError { position: None, problem: Problem::TooLarge(bytes.len()) });
    }
    let (text, encoding) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (utf8(rest)?, "utf-8"),
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, "utf-16"),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, "utf-16"),
        [0, b'<', ..] | [b'<', 0, ..] => {
            return Err(encoding_error("the text is UTF-16 without a byte order mark"));
        }
        _ => (utf8(bytes)?, "utf-8"),
    };
    check_declared_encoding(&text, encoding)?;
    check_characters(&text)?;
    check_shape(&text)?;
    Ok(text)
}

/// Encodes as `original` is encoded, its byte order mark included.
pub(super) fn encode_like(original: &[u8], text: &str) -> Vec<u8> {
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    match original {
        [0xEF, 0xBB, 0xBF, ..] => [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat(),
        [0xFF, 0xFE, ..] => utf16(&[0xFF, 0xFE], u16::to_le_bytes),
        [0xFE, 0xFF, ..] => utf16(&[0xFE, 0xFF], u16::to_be_bytes),
        _ => text.as_bytes().to_vec(),
    }
}

fn encoding_error(what: impl Into<String>) -> ManifestError {
    ManifestError { position: None, problem: Problem::Encoding(what.into()) }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, ManifestError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let position = position(&String::from_utf8_lossy(good), usize::MAX);
            let problem = Problem::Encoding("a byte sequence is not UTF-8".to_owned());
            Err(ManifestError { position: Some(position), problem })
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, ManifestError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(encoding_error("the text is UTF-16 but has an odd number of bytes"));
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| encoding_error("the text is UTF-16 with an unpaired surrogate"))
}

/// The XML parser does not look at `encoding="…"`; a text that claims another one than it has is refused,
/// since another reader would read another text.
fn check_declared_encoding(text: &str, actual: &str) -> Result<(), ManifestError> {
    let Some(declaration) = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) else {
        return Ok(());
    };
    let Some((_, value)) = declaration.0.split_once("encoding") else { return Ok(()) };
    let value = value.trim_start().trim_start_matches('=').trim();
    let name = value.trim_start_matches(['"', '\'']);
    let name = name.split(['"', '\'']).next().unwrap_or_default();
    let same =
        name.eq_ignore_ascii_case(actual) || (actual == "utf-8" && name.eq_ignore_ascii_case("us-ascii"));
    if same {
        return Ok(());
    }
    let name = super::error::clip(name);
    Err(encoding_error(format!("the text declares encoding {name:?} but is {actual}")))
}

/// XML 1.0 allows no control characters but tab and line ends, literally or as a reference.
fn check_characters(text: &str) -> Result<(), ManifestError> {
    let forbidden = |c: char| match c {
        '\t' | '\n' | '\r' => false,
        c => c < ' ' || c == '\u{fffe}' || c == '\u{ffff}',
    };
    match text.find(forbidden) {
        None => Ok(()),
        Some(at) => Err(ManifestError {
            position: Some(position(text, at)),
            problem: Problem::Encoding("a control character stands in the text".to_owned()),
        }),
    }
}

fn check_shape(text: &str) -> Result<(), ManifestError> {
    let bytes = text.as_bytes();
    let error = |at, problem| Err(ManifestError { position: Some(position(text, at)), problem });
    let limit = |at, what, limit| error(at, Problem::Limit { what, limit });
    let (mut at, mut depth, mut declarations, mut sections) = (0, 0usize, 0usize, 0usize);
    while let Some(start) = find(bytes, at, b"<") {
        let rest = &bytes[start..];
        let end = if rest.starts_with(b"<!--") {
            find(bytes, start + 4, b"-->").map(|end| end + 3)
        } else if rest.starts_with(b"<![CDATA[") {
            sections += 1;
            if sections > MAX_CDATA {
                return limit(start, "CDATA sections", MAX_CDATA);
            }
            find(bytes, start + 9, b"]]>").map(|end| end + 3)
        } else if rest.starts_with(b"<!") {
            return error(start, Problem::Dtd);
        } else if rest.starts_with(b"<?") {
            find(bytes, start + 2, b"?>").map(|end| end + 2)
        } else if rest.starts_with(b"</") {
            depth = depth.saturating_sub(1);
            find(bytes, start + 2, b">").map(|end| end + 1)
        } else {
            let tag = Tag::scan(bytes, start + 1);
            declarations += tag.declarations;
            if tag.attributes > MAX_ATTRIBUTES {
                return limit(start, "attributes on one element", MAX_ATTRIBUTES);
            }
            if declarations > MAX_DECLARATIONS {
                return limit(start, "namespace declarations", MAX_DECLARATIONS);
            }
            depth += usize::from(!tag.empty);
            if depth > MAX_DEPTH {
                return limit(start, "levels of nested elements", MAX_DEPTH);
            }
            tag.end
        };
        match end {
            Some(end) => at = end,
            None => return Ok(()), // unfinished: the parser says so
        }
    }
    Ok(())
}

struct Tag {
    /// Where it ends; `None` when it does not.
    end: Option<usize>,
    /// `<a/>`
    empty: bool,
    attributes: usize,
    declarations: usize,
}

impl Tag {
    fn scan(bytes: &[u8], start: usize) -> Self {
        let mut tag = Self { end: None, empty: false, attributes: 0, declarations: 0 };
        let (mut at, mut quote) = (start, None);
        while let Some(&byte) = bytes.get(at) {
            match (quote, byte) {
                (Some(open), _) => {
                    if byte == open {
                        quote = None;
                    }
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => tag.attributes += 1,
                (None, b'x') => tag.declarations += usize::from(bytes[at..].starts_with(b"xmlns")),
                (None, b'>') => {
                    tag.empty = bytes[at - 1] == b'/';
                    tag.end = Some(at + 1);
                    break;
                }
                (None, _) => {}
            }
            at += 1;
        }
        tag
    }
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let mut from = from;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| *byte == what[0])?;
        if bytes[from..].starts_with(what) {
            return Some(from);
        }
        from += 1;
    }
}

/// Line and column of a byte offset (anything past the end counts as the end).
pub(super) fn position(text: &str, offset: usize) -> Position {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    Position {
        line: count(before.bytes().filter(|b| *b == b'\n').count()),
        column: count(before[line_start..].chars().count()),
    }
}
