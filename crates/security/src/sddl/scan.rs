//! A cursor over SDDL text. All syntax is ASCII; other characters can stand only inside conditions and attributes.

use super::SddlError;

pub(super) struct Scanner<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Takes `wanted` if it comes next.
    pub fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    pub fn expect(&mut self, wanted: &str, expected: &'static str) -> Result<(), SddlError> {
        if self.eat(wanted) { Ok(()) } else { Err(SddlError::Expected { at: self.at, expected }) }
    }

    /// The text up to one of `stops` or the end, without the space around it, and where it starts.
    pub fn field<const N: usize>(&mut self, stops: &[u8; N]) -> (usize, &'a str) {
        self.skip_space();
        let (start, rest) = (self.at, self.rest());
        let length = rest.bytes().position(|byte| stops.contains(&byte)).unwrap_or(rest.len());
        self.at += length;
        (start, rest.get(..length).unwrap_or("").trim_ascii_end())
    }

    /// The text inside the parentheses that start here, strings in double quotes respected. Stands behind the closing one
    /// afterwards.
    pub fn parenthesized(&mut self) -> Result<(usize, &'a str), SddlError> {
        let open = self.at;
        self.expect("(", "`(`")?;
        let (mut depth, mut quoted) = (1usize, false);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok((open + 1, self.text.get(open + 1..self.at - 1).unwrap_or("")));
            }
        }
        Err(SddlError::Expected { at: open, expected: "a `)` for this `(`" })
    }
}

/// At most 40 characters of hostile text for a message.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
