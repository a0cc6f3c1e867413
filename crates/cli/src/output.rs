//! What reaches a terminal: paths and messages may hold anything, so control characters are made visible.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// One message of lowbox on standard error.
pub fn say(message: &str) {
    let mut line = String::from("lowbox: ");
    for (index, part) in message.split('\n').enumerate() {
        if index > 0 {
            line.push('\n');
        }
        line.push_str(&visible(part));
    }
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// `text` with control characters, and characters that change the direction of writing, as escapes: what an isolated
/// program names must not draw on the user's terminal.
pub fn visible(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if hidden {
            let _ = write!(result, "{}", character.escape_unicode());
        } else {
            result.push(character);
        }
    }
    result
}

/// A path for people; bytes that are no UTF-8 show as \xNN.
pub fn path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut result = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        result.push_str(&visible(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(result, "\\x{byte:02x}");
        }
    }
    result
}

/// One JSON value on standard output, as a line.
pub fn json(value: &impl serde::Serialize) -> Result<(), crate::failure::Failure> {
    let text = serde_json::to_string(value).map_err(crate::failure::Failure::new)?;
    line(&text);
    Ok(())
}

/// One line on standard output. A reader that has gone away (`| head`) ends the output quietly.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn escapes_and_reversed_text_show_as_what_they_are() {
        assert_eq!(visible("a\u{1b}[2Jb\r\u{202e}c"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c");
        assert_eq!(path(Path::new(OsStr::from_bytes(b"/a\xffb\n"))), "/a\\xffb\\u{a}");
    }
}
