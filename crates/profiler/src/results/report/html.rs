//! Text that goes into the page.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::Raw;

/// Text as HTML and SVG take it, in elements and in attributes with double quotes.
pub struct Text<T>(pub T);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                let mut from = 0;
                for (at, byte) in text.bytes().enumerate() {
                    let escape = match byte {
                        b'&' => "&amp;",
                        b'<' => "&lt;",
                        b'>' => "&gt;",
                        b'"' => "&quot;",
                        b'\'' => "&#39;",
                        _ => continue,
                    };
                    self.0.write_str(&text[from..at])?;
                    self.0.write_str(escape)?;
                    from = at + 1;
                }
                self.0.write_str(&text[from..])
            }
        }
        fmt::Write::write_fmt(&mut Escaping(f), format_args!("{}", self.0))
    }
}

/// The source expression of a Content Security Policy for this script or style.
pub fn policy_hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// A word of a shell's command line; with bytes that are no plain text, in the form `$'…'` (POSIX.1-2024).
pub fn shell_word(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./:@%+=,-".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let raw = Raw::from(bytes);
    let written = raw.to_string();
    if written.as_bytes() == bytes && !bytes.contains(&b'\'') {
        return format!("'{written}'");
    }
    // The written form's escapes are the shell's as well.
    format!("$'{}'", written.replace('\'', "\\'"))
}

/// A number with thin spaces between the thousands.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count of accesses in words.
pub fn accesses(count: u64) -> String {
    if count == 1 { "1 access".to_owned() } else { format!("{} accesses", number(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_html_is_escaped() {
        assert_eq!(
            Text("<a href='x'>\"&</a>").to_string(),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&lt;/a&gt;"
        );
    }

    #[test]
    fn words_come_out_of_a_shell_as_they_went_in() {
        for bytes in [&b"/plain"[..], b"a b", b"it's", b"", b"$(x)`y`", b"a\\b", b"\xff\n'\\", b"-x=\"1\""] {
            let command = format!("printf %s {}", shell_word(bytes));
            let output = std::process::Command::new("bash").args(["-c", &command]).output().unwrap();
            assert_eq!(output.stdout, bytes, "{command}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(number(1_234_567).split('\u{202f}').collect::<Vec<_>>(), ["1", "234", "567"]);
        assert_eq!(number(999), "999");
    }
}
