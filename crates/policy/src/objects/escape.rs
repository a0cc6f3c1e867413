//! The escapes of fstab(5): a byte as a backslash and three octal digits.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Writes a path so that it is one word of a line: white space, `#`, `\`, `{`, `}`, `*`, control characters and bytes that are no
/// UTF-8 become `\ooo`.
pub fn escape(path: &OsStr) -> String {
    let mut out = String::new();
    for chunk in path.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_whitespace() || c.is_control() || matches!(c, '\\' | '#' | '{' | '}' | '*') {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| push(&mut out, byte));
            } else {
                out.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| push(&mut out, *byte));
    }
    out
}

fn push(out: &mut String, byte: u8) {
    out.push('\\');
    for shift in [6, 3, 0] {
        out.push(char::from(b'0' + ((byte >> shift) & 7)));
    }
}

/// Reads `\ooo` escapes. `None` when a backslash is not followed by three octal digits up to `\377`, or the byte is NUL
/// or `/` (which no name can hold).
pub fn unescape(word: &str) -> Option<OsString> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let mut value = 0u32;
        for _ in 0..3 {
            match bytes.next() {
                Some(digit @ b'0'..=b'7') => value = value * 8 + u32::from(digit - b'0'),
                _ => return None,
            }
        }
        match u8::try_from(value) {
            Ok(0 | b'/') | Err(_) => return None,
            Ok(value) => out.push(value),
        }
    }
    Some(OsString::from_vec(out))
}
