//! The lines of a catalogue text and their words.
//!
//! `const`, so that the built-in catalogue is split when lowbox is compiled (a line out of shape fails the build) and other
//! texts when they are read, by one parser. Hence the loops over bytes: iterators and closures are not `const` yet.

use super::parse::MAX_LINE;

/// A line with an entry.
#[derive(Clone, Copy)]
pub(super) struct Line<'t> {
    /// From 1.
    pub number: usize,
    pub kind: &'t str,
    pub path: &'t str,
    /// The descriptor, which may hold spaces.
    pub sddl: &'t str,
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is longer than [`MAX_LINE`].
    TooLong,
    /// Fewer than three words.
    Shape,
}

/// What is left of a text.
#[derive(Clone, Copy)]
pub(super) struct Lines<'t> {
    rest: &'t str,
    /// The line that was read last.
    pub number: usize,
}

impl<'t> Lines<'t> {
    pub const fn new(text: &'t str) -> Lines<'t> {
        Lines { rest: text, number: 0 }
    }

    /// The next line with an entry. Empty lines and what follows a word that begins with `#` are passed over.
    pub const fn next(&mut self) -> Option<Result<Line<'t>, Flaw>> {
        while !self.rest.is_empty() {
            let (line, rest) = self.rest.split_at(line_length(self.rest));
            self.rest = if rest.is_empty() { rest } else { rest.split_at(1).1 };
            self.number += 1;
            // `\r\n` ends a line too.
            let whole = if rest.is_empty() { line } else { without_return(line) };
            if whole.len() > MAX_LINE {
                return Some(Err(Flaw::TooLong));
            }
            let (kind, after) = word(line);
            if kind.is_empty() {
                continue;
            }
            let (path, after) = word(after);
            let sddl = words(after);
            if sddl.is_empty() {
                return Some(Err(Flaw::Shape));
            }
            return Some(Ok(Line { number: self.number, kind, path, sddl }));
        }
        None
    }
}

/// The length of the first line, without what ends it.
const fn line_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    at
}

const fn without_return(line: &str) -> &str {
    match line.as_bytes() {
        [.., b'\r'] => line.split_at(line.len() - 1).0,
        _ => line,
    }
}

/// The first word, and what follows it; empty, with all of the text, where none is left but a comment.
const fn word(text: &str) -> (&str, &str) {
    let (_, start) = text.split_at(span(text, true));
    match start.as_bytes() {
        [b'#', ..] => ("", text),
        _ => start.split_at(span(start, false)),
    }
}

/// All words up to the comment.
const fn words(text: &str) -> &str {
    let (_, all) = text.split_at(span(text, true));
    let mut end = 0;
    loop {
        let (next, rest) = word(all.split_at(end).1);
        if next.is_empty() {
            return all.split_at(end).0;
        }
        end = all.len() - rest.len();
    }
}

/// The length of the white space, or of the word, that a text begins with.
const fn span(text: &str, white: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let (is_white, width) = match bytes[at] {
            b'\t'..=b'\r' | b' ' => (true, 1),
            0..0x80 => (false, 1),
            _ => other_white(bytes, at),
        };
        if is_white != white {
            break;
        }
        at += width;
    }
    at
}

/// Whether a character beyond ASCII that starts here is white space (`char::is_whitespace`), and the bytes to go on by.
const fn other_white(bytes: &[u8], at: usize) -> (bool, usize) {
    match bytes.split_at(at).1 {
        [0xC2, 0x85 | 0xA0, ..] => (true, 2),
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => (true, 3),
        // No other byte of a character looks like the first of one.
        _ => (false, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_unicode_says() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let expected = if c.is_whitespace() { (text.len(), 0) } else { (0, text.len()) };
            assert_eq!((span(&text, true), span(&text, false)), expected, "{c:?}");
        }
    }

    #[test]
    fn lines_are_counted_and_words_end_at_a_comment() {
        let text = "# a b c\r\n\ntree /a#b  D:(A;;FR;;;AC) S: # why\r\n  \u{a0}file\t/c\u{2003}D:#x\u{3000}\n link /d # D:";
        let mut lines = Lines::new(text);
        let mut all = Vec::new();
        while let Some(Ok(Line { number, kind, path, sddl })) = lines.next() {
            all.push((number, kind, path, sddl));
        }
        assert_eq!(all, [(3, "tree", "/a#b", "D:(A;;FR;;;AC) S:"), (4, "file", "/c", "D:#x")]);
        assert_eq!(lines.number, 5, "the last has two words");
    }
}
