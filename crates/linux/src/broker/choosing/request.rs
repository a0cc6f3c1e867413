//! What a Windows program wants the user to choose, as it says it: the name of something that is nowhere, below a folder which only
//! containers have. Pid 1 copies that name once, so there is no other channel, and nothing longer than a path.
//!
//! `wine-dll/choose.c` writes it: a number, what is to be chosen, then title, filters, folder, name and extension, each as UTF-16 in
//! hexadecimal digits or `-` for none. All of it is the program's.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The folder. Answers are in it, each under its request's number.
pub const FOLDER: &str = "/.choose";
/// Digits of a number.
const DIGITS: usize = 16;

/// What is to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file to be read.
    Open,
    /// Files to be read.
    OpenSeveral,
    /// A file to be written, which may be new.
    Save,
    /// A folder to be read.
    Folder,
}

/// Files that the program would see, of which the user may look at others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What the program calls it.
    pub name: String,
    /// Patterns such as `*.txt`: letters, digits, `*`, `?`, `.`, `_`, `-` and `+` alone.
    pub patterns: Vec<String>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Tells it from others of the same run.
    pub number: String,
    pub kind: Kind,
    /// What the program would call the window.
    pub title: String,
    pub filters: Vec<Filter>,
    /// Where to begin, as Windows names it.
    pub folder: String,
    /// A name to save as.
    pub name: String,
    /// What a name gets that has no extension.
    pub extension: String,
}

impl Request {
    /// Whether the path may be a request, and not one of the folders on the way, for which Wine looks too.
    pub fn is_one(path: &Path) -> bool {
        words(path).is_some_and(|words| words.count() == 7)
    }

    /// Reads it. `None` for what the add-on does not write.
    pub fn parse(path: &Path) -> Option<Request> {
        let words: Vec<&[u8]> = words(path)?.collect();
        let [number, kind, title, filters, folder, name, extension] = words.as_slice() else { return None };
        let is_number = number.len() == DIGITS && number.iter().all(u8::is_ascii_hexdigit);
        let kind = match *kind {
            b"open" => Kind::Open,
            b"several" => Kind::OpenSeveral,
            b"save" => Kind::Save,
            b"folder" => Kind::Folder,
            _ => return None,
        };
        Some(Request {
            number: is_number.then(|| std::str::from_utf8(number).ok())??.to_owned(),
            kind,
            title: text(title)?,
            filters: read_filters(&text(filters)?),
            folder: text(folder)?,
            name: text(name)?,
            extension: text(extension)?,
        })
    }

    /// The name to save as, if it is one that a person would not be surprised by: no hidden file, nothing that could not be seen.
    pub fn suggested(&self) -> Option<&str> {
        let is_plain = |character: char| character.is_alphanumeric() || " ._-+()[],".contains(character);
        let is_one = !self.name.is_empty() && self.name.len() <= 200 && !self.name.starts_with(['.', ' ']);
        (is_one && self.name.chars().all(is_plain)).then_some(&self.name)
    }

    /// The extension, without its dot, that a name gets.
    pub fn extension(&self) -> Option<&str> {
        let all = self.extension.as_str();
        let is_one = (1..=16).contains(&all.len()) && all.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then_some(all)
    }
}

fn words(path: &Path) -> Option<impl Iterator<Item = &[u8]>> {
    let rest = path.as_os_str().as_bytes().strip_prefix(FOLDER.as_bytes())?.strip_prefix(b"/")?;
    Some(rest.split(|byte| *byte == b'/'))
}

/// A text as the add-on writes it. Half of a pair that stands alone is a mark for what can't be read.
pub fn text(digits: &[u8]) -> Option<String> {
    if digits == b"-" {
        return Some(String::new());
    }
    let unit = |four: &[u8]| u16::from_str_radix(std::str::from_utf8(four).ok()?, 16).ok();
    let (fours, rest) = digits.as_chunks::<4>();
    let is_written = rest.is_empty() && !fours.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let units: Vec<u16> =
        fours.iter().filter(|_| is_written).map(|four| unit(four)).collect::<Option<_>>()?;
    is_written.then(|| String::from_utf16_lossy(&units))
}

/// A name, NUL, patterns with `;` between them, NUL, and so on. What has no pattern that can be read is left out.
fn read_filters(text: &str) -> Vec<Filter> {
    let words: Vec<&str> = text.split('\0').collect();
    let (pairs, _) = words.as_chunks::<2>();
    let pairs = pairs.iter().map(|[name, patterns]| Filter {
        name: (*name).to_owned(),
        patterns: patterns
            .split(';')
            .map(str::trim)
            .filter(|one| is_pattern(one))
            .map(str::to_owned)
            .collect(),
    });
    pairs.filter(|filter| !filter.patterns.is_empty()).collect()
}

/// More than two stars take whoever looks for what they fit to as long as the program likes.
fn is_pattern(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.matches('*').count() <= 2
        && text.chars().all(|character| character.is_alphanumeric() || "*?._-+".contains(character))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn hex(text: &str) -> String {
        let digits: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        if digits.is_empty() { "-".to_owned() } else { digits }
    }

    fn path(kind: &str, words: [&str; 5]) -> PathBuf {
        let number = "00000012deadBEEF";
        PathBuf::from(format!("{FOLDER}/{number}/{kind}/{}", words.map(hex).join("/")))
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let filters = "Text (*.txt)\0*.txt; *.md\0All\0*.*\0Evil\0$(x)\0Slow\0*a*a*b\0half";
        let path = path("save", ["Sp\u{e4}ichern \u{1f600}", filters, r"D:\docs", "new.txt", "txt"]);
        assert!(Request::is_one(&path));
        let read = Request::parse(&path).unwrap();
        assert_eq!((read.number.as_str(), read.kind), ("00000012deadBEEF", Kind::Save));
        assert_eq!((read.title.as_str(), read.folder.as_str()), ("Sp\u{e4}ichern \u{1f600}", r"D:\docs"));
        let filters: Vec<_> = read.filters.iter().map(|filter| filter.patterns.join(" ")).collect();
        assert_eq!(filters, ["*.txt *.md", "*.*"]);
        assert_eq!((read.suggested(), read.extension()), (Some("new.txt"), Some("txt")));
    }

    #[test]
    fn what_the_add_on_does_not_write_is_no_request() {
        let good = path("open", ["", "", "", "", ""]);
        assert!(Request::parse(&good).is_some());
        let good = good.to_str().unwrap();
        for bad in [
            good.replace("open", "run"),
            good.replace("/-", "/004"),
            good.replace("/-", "/+041"),
            good.replace("deadBEEF", "deadBEE"),
            good.replace("deadBEEF", "dead..EF"),
            good.replace("/.choose", "/choose"),
            good.replace("/-", ""),
            format!("{good}/-"),
        ] {
            assert_eq!(Request::parse(Path::new(&bad)), None, "{bad}");
        }
        assert!(!Request::is_one(Path::new("/.choose/00000012deadBEEF")));
    }

    #[test]
    fn a_name_that_would_surprise_is_not_suggested() {
        for name in [".bashrc", "a/b", "a\u{202e}txt.exe", "a\nb", "", " x", &"a".repeat(300)] {
            let request = Request::parse(&path("save", ["", "", "", name, name])).unwrap();
            assert_eq!((request.suggested(), request.extension()), (None, None), "{name:?}");
        }
    }
}
