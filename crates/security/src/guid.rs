//! GUIDs (MS-DTYP 2.3.4), as object ACEs and device interface classes carry them.

use std::fmt;
use std::str::FromStr;

/// A GUID in its little-endian binary form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

/// The text is no GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no GUID: write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, with or without braces")]
pub struct GuidError(String);

impl From<[u8; 16]> for Guid {
    fn from(bytes: [u8; 16]) -> Guid {
        Guid(bytes)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = &self.0;
        let first = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let second = u16::from_le_bytes([b[4], b[5]]);
        let third = u16::from_le_bytes([b[6], b[7]]);
        write!(f, "{first:08x}-{second:04x}-{third:04x}-{:02x}{:02x}-", b[8], b[9])?;
        b[10..].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Guid, GuidError> {
        let error = || GuidError(text.chars().take(80).collect());
        let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        let bytes = bare.as_bytes();
        if bytes.len() != 36 {
            return Err(error());
        }
        let mut digits = [0u8; 32];
        let mut count = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return Err(error());
                }
                continue;
            }
            digits[count] = (*byte as char).to_digit(16).ok_or_else(error)? as u8;
            count += 1;
        }
        let mut value = [0u8; 16];
        for (byte, pair) in value.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = pair[0] << 4 | pair[1];
        }
        // The first three groups are written big-endian and stored little-endian.
        value[..4].reverse();
        value[4..6].reverse();
        value[6..8].reverse();
        Ok(Guid(value))
    }
}
