//! What reaches a terminal: paths and messages may hold anything, so control characters are made visible.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::failure::Failure;

/// Whether lines need a carriage return.
static RAW: AtomicBool = AtomicBool::new(false);

/// Messages that wait while a question is shown; `None` while none is.
static WAITING: Mutex<Option<Vec<String>>> = Mutex::new(None);
/// More of them are not kept: their paths are the program's doing.
const MOST_WAITING: usize = 256;

/// While this lives, messages wait: what they name is the program's doing, and nothing of that stands beside a question.
pub struct Quiet;

impl Quiet {
    /// From now on.
    pub fn begin() -> Quiet {
        *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
        Quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        end_quiet();
    }
}

/// Shows what waits, whatever question is open: the program has ended.
pub fn end_quiet() {
    let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner).take();
    waiting.into_iter().flatten().for_each(|message| raw_message(&message));
}

/// From now on the terminal leaves the ends of lines as they are, because the program has one of its own that makes them.
pub fn lines_end_at_a_raw_terminal() {
    RAW.store(true, Ordering::Relaxed);
}

/// One message of lowbox on standard error.
pub fn say(message: &str) {
    raw_message(&format!("lowbox: {message}"));
}

/// A message of several lines on standard error, as it is but for what [`visible`] changes.
pub fn raw_message(message: &str) {
    if let Some(waiting) = &mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner) {
        if waiting.len() < MOST_WAITING {
            waiting.push(message.to_owned());
        }
        return;
    }
    let lines: Vec<String> = message.trim_end_matches('\n').split('\n').map(visible).collect();
    let end = if RAW.load(Ordering::Relaxed) && std::io::stderr().is_terminal() { "\r\n" } else { "\n" };
    // A closed standard error is no reason to fail.
    // In one call, so that no line of the program's comes between.
    let _ = std::io::stderr().write_all((lines.join(end) + end).as_bytes());
}

/// `text` with control characters, and characters that change the direction of writing, as escapes: what an isolated
/// program names must not draw on the user's terminal.
pub fn visible(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            let _ = write!(result, "{}", character.escape_unicode());
        } else {
            result.push(character);
        }
    }
    result
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
///
/// # Errors
/// When standard output can't be written.
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    bytes(json_line(value)?.as_bytes())
}

/// One JSON value as a line, with its end.
///
/// # Errors
/// None for the types of this crate, whose maps have strings for keys.
pub fn json_line(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(Failure::new)?;
    // Within JSON such characters stand in strings alone, and there \uXXXX means the same.
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            // Beyond the first plane two of them stand for one character (RFC 8259 7).
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe.push('\n');
    Ok(safe)
}

/// Bytes on standard output as they are: what lowbox made itself.
///
/// # Errors
/// When they can't be written. A reader that has gone away (`| head`) has read enough.
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// How a piece of text looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As everything.
    Plain,
    /// A heading or a name.
    Strong,
    /// What matters less.
    Faint,
    /// Granted, in order.
    Good,
    /// Granted in part, or with a warning.
    Doubtful,
    /// Denied, missing.
    Bad,
}

impl Style {
    /// SGR parameters (ECMA-48 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Doubtful => "33",
            Style::Bad => "31",
        }
    }
}

/// Text for people on standard output, in colour on terminals that want it (<https://no-color.org>).
pub struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// An empty page.
    pub fn new() -> Page {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Page { text: String::new(), colour: wanted && std::io::stdout().is_terminal() }
    }

    /// A line of plain text.
    pub fn line(&mut self, text: &str) {
        self.styled(&[(Style::Plain, text)]);
    }

    /// A line of pieces.
    pub fn styled(&mut self, pieces: &[(Style, &str)]) {
        for (style, piece) in pieces {
            let piece = visible(piece);
            if self.colour && *style != Style::Plain {
                let _ = write!(self.text, "\x1b[{}m{piece}\x1b[0m", style.code());
            } else {
                self.text.push_str(&piece);
            }
        }
        // Padding of a last column is of no use.
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// A line `name  value` in two columns; a value of several lines keeps to its column.
    pub fn field(&mut self, name: &str, value: &str) {
        for (index, part) in value.split('\n').enumerate() {
            let name = if index == 0 { name } else { "" };
            self.styled(&[(Style::Strong, &format!("{name:<NAME_WIDTH$}")), (Style::Plain, part)]);
        }
    }

    /// Writes it all.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub fn print(self) -> Result<(), Failure> {
        bytes(self.text.as_bytes())
    }
}

/// Width of the names of [`Page::field`], the space behind included.
const NAME_WIDTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn escapes_and_reversed_text_show_as_what_they_are() {
        assert_eq!(visible("a\u{1b}[2Jb\r\u{202e}c"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c");
        assert_eq!(visible("\u{61c}\u{2028}\u{e0041}"), "\\u{61c}\\u{2028}\\u{e0041}");
        assert_eq!(path(Path::new(OsStr::from_bytes(b"/a\xffb\n"))), "/a\\xffb\\u{a}");
    }

    #[test]
    fn json_holds_no_hidden_character_and_means_the_same() {
        let text = "a\u{1b}\u{202e}\u{e0041}\u{e007f}\u{1f600}\"";
        let line = json_line(&text).unwrap();
        assert!(!line.trim_end().chars().any(is_hidden), "{line:?}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text, "{line}");
    }

    #[test]
    fn messages_wait_for_the_end_of_a_question_and_not_without_bound() {
        let quiet = Quiet::begin();
        (0..1000).for_each(|_| say("x"));
        assert_eq!(WAITING.lock().unwrap().as_ref().map(Vec::len), Some(MOST_WAITING));
        *WAITING.lock().unwrap() = Some(Vec::new());
        drop(quiet);
        assert!(WAITING.lock().unwrap().is_none());
    }

    #[test]
    fn a_page_without_colour_holds_no_escapes_and_no_trailing_space() {
        let mut page = Page { text: String::new(), colour: false };
        page.styled(&[(Style::Bad, "denied  "), (Style::Plain, "\u{1b}[31m  ")]);
        page.field("name", "one\ntwo");
        assert_eq!(page.text, "denied  \\u{1b}[31m\nname            one\n                two\n");
    }
}
