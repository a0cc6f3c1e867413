//! Strings of the program's making: bytes, kept as they are and shown escaped.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path, an argument or another name that the program chose. Any bytes.
///
/// Its one written form, in record files, tables and reports alike, is text without control characters from which the bytes
/// can be had back: printable UTF-8 stands for itself, `\\` is a backslash, and every other byte is `\xNN`. Characters that
/// change the direction of writing, or that nobody sees, count as not printable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Raw(Box<[u8]>);

impl Raw {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a path.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What follows the last slash.
    pub fn file_name(&self) -> Raw {
        let start = self.0.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
        Raw::from(&self.0[start..])
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// [`RawError`] for a backslash that begins no escape.
    pub fn parse(text: &str) -> Result<Raw, RawError> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            match after {
                [b'\\', after @ ..] => {
                    bytes.push(b'\\');
                    rest = after;
                }
                [b'x', high, low, after @ ..] => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(RawError);
                    bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
                    rest = after;
                }
                _ => return Err(RawError),
            }
        }
        Ok(Raw(bytes.into()))
    }
}

/// The text is not the written form of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a backslash is written \\\\, and a byte that can't be printed \\xNN")]
pub struct RawError;

impl From<&[u8]> for Raw {
    fn from(bytes: &[u8]) -> Raw {
        Raw(bytes.into())
    }
}

impl From<Vec<u8>> for Raw {
    fn from(bytes: Vec<u8>) -> Raw {
        Raw(bytes.into())
    }
}

impl From<&str> for Raw {
    fn from(text: &str) -> Raw {
        Raw(text.as_bytes().into())
    }
}

impl From<&Path> for Raw {
    fn from(path: &Path) -> Raw {
        Raw(path.as_os_str().as_bytes().into())
    }
}

/// The written form.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let valid = chunk.valid();
            let mut from = 0;
            for (at, character) in valid.char_indices() {
                if character != '\\' && is_printable(character) {
                    continue;
                }
                f.write_str(&valid[from..at])?;
                from = at + character.len_utf8();
                if character == '\\' {
                    f.write_str("\\\\")?;
                } else {
                    hexadecimal(&valid.as_bytes()[at..from], f)?;
                }
            }
            f.write_str(&valid[from..])?;
            hexadecimal(chunk.invalid(), f)?;
        }
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// Whether a character shows what it is: no control, no format character (Unicode categories Cc, Cf, Zl and Zp), no
/// variation selector.
pub(crate) fn is_printable(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'))
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("escaped bytes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Raw, E> {
                Raw::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_or_a_reader_would_trip_over_is_escaped() {
        for (bytes, written) in [
            (&b"/home/ada/a b.txt"[..], "/home/ada/a b.txt"),
            (b"back\\slash", "back\\\\slash"),
            (b"\x1b[2J\n", "\\x1b[2J\\x0a"),
            (b"a\xff", "a\\xff"),
            ("caf\u{e9} \u{65e5}".as_bytes(), "caf\u{e9} \u{65e5}"),
            ("\u{202e}gnp".as_bytes(), "\\xe2\\x80\\xaegnp"),
            ("\u{9b}".as_bytes(), "\\xc2\\x9b"),
        ] {
            assert_eq!(Raw::from(bytes).to_string(), written);
        }
    }

    #[test]
    fn a_backslash_that_begins_no_escape_is_refused() {
        for bad in ["\\", "\\x", "\\x1", "\\xgg", "\\n"] {
            assert_eq!(Raw::parse(bad), Err(RawError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_from_their_written_form(bytes: Vec<u8>) {
            let raw = Raw::from(bytes);
            let written = raw.to_string();
            prop_assert!(written.chars().all(is_printable));
            prop_assert_eq!(Raw::parse(&written).unwrap(), raw.clone());
            let json = serde_json::to_string(&raw).unwrap();
            prop_assert_eq!(serde_json::from_str::<Raw>(&json).unwrap(), raw);
        }
    }
}
