//! Shortcuts (`.lnk`): where one leads to. The format is documented by Microsoft (MS-SHLLINK); of it the path of a local file is read,
//! and nothing else. A crate that reads all of it would be more code than this, over bytes that nobody vouches for.

/// Shortcuts of more bytes are none.
pub const MAX_SHORTCUT: usize = 1 << 20;

/// `LinkCLSID`, behind the header's size.
const CLASS: [u8; 16] = [1, 0x14, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
const HEADER: usize = 76;
/// Flags: a list of items, a path, and text for people and programs follow; text is UTF-16.
const ITEMS: u32 = 1;
const PATH: u32 = 2;
const NAME: u32 = 4;
const RELATIVE: u32 = 8;
const FOLDER: u32 = 0x10;
const ARGUMENTS: u32 = 0x20;
const WIDE: u32 = 0x80;
/// Of a path: it is local. Its structure has UTF-16 too if its own header is so long.
const LOCAL: u32 = 1;
const WITH_WIDE: usize = 0x24;

/// Where a shortcut leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The file, as Windows names it.
    pub target: String,
    /// What its program is given.
    pub arguments: String,
}

impl Shortcut {
    /// Reads one; `None` for other files, and for those that lead to no local file.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Shortcut> {
        if bytes.len() > MAX_SHORTCUT || word(bytes, 0)? as usize != HEADER || *bytes.get(4..20)? != CLASS {
            return None;
        }
        let flags = word(bytes, 20)?;
        let mut rest = bytes.get(HEADER..)?;
        if flags & ITEMS != 0 {
            rest = rest.get(2 + usize::from(half(rest, 0)?)..)?;
        }
        if flags & PATH == 0 {
            return None;
        }
        let path = rest.get(..word(rest, 0)? as usize)?;
        let target = local_path(path)?;
        rest = &rest[path.len()..];
        let mut arguments = String::new();
        for flag in [NAME, RELATIVE, FOLDER, ARGUMENTS] {
            if flags & flag == 0 {
                continue;
            }
            let count = usize::from(half(rest, 0)?);
            let length = if flags & WIDE == 0 { count } else { count * 2 };
            let text = rest.get(2..2 + length)?;
            rest = &rest[2 + length..];
            if flag == ARGUMENTS {
                arguments = if flags & WIDE == 0 { narrow(text) } else { wide(text)? };
            }
        }
        Some(Shortcut { target, arguments })
    }
}

/// The path of a `LinkInfo`.
fn local_path(info: &[u8]) -> Option<String> {
    let (header, flags) = (word(info, 4)? as usize, word(info, 8)?);
    if flags & LOCAL == 0 {
        return None;
    }
    let at = |field: usize| info.get(word(info, field)? as usize..);
    let path = if header >= WITH_WIDE {
        let text = |field| wide(at(field)?);
        format!("{}{}", text(28)?, text(32)?)
    } else {
        let text = |field| at(field).map(narrow);
        format!("{}{}", text(16)?, text(24)?)
    };
    (!path.is_empty()).then_some(path)
}

/// Up to its zero. Its code page is not said; what is no UTF-8 is taken for Latin-1.
fn narrow(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn wide(bytes: &[u8]) -> Option<String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
    char::decode_utf16(units.take_while(|unit| *unit != 0)).collect::<Result<_, _>>().ok()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Wine writes them: items, a path in one byte for each character, a folder and arguments in UTF-16.
    fn shortcut(target: &str, arguments: &str) -> Vec<u8> {
        let mut bytes = (HEADER as u32).to_le_bytes().to_vec();
        bytes.extend(CLASS);
        bytes.extend((ITEMS | PATH | FOLDER | ARGUMENTS | WIDE).to_le_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend([4, 0, 1, 2, 0, 0]);
        let path = [target.as_bytes(), &[0, 0]].concat();
        let (start, end) = (28_u32, 28 + path.len() as u32);
        for field in [end, start, LOCAL, 0, start, 0, end - 1] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(path);
        for text in ["C:\\", arguments] {
            bytes.extend((text.encode_utf16().count() as u16).to_le_bytes());
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        bytes
    }

    #[test]
    fn a_shortcut_leads_where_it_says() {
        let target = r"C:\Program Files\Contoso\app.exe";
        let found = Shortcut::parse(&shortcut(target, "--open \u{e4}")).unwrap();
        assert_eq!(found, Shortcut { target: target.to_owned(), arguments: "--open \u{e4}".to_owned() });
        assert_eq!(Shortcut::parse(b"MZ"), None);
        let mut elsewhere = shortcut(target, "");
        elsewhere[20] &= !(PATH as u8);
        assert_eq!(Shortcut::parse(&elsewhere), None);
    }

    proptest! {
        #[test]
        fn a_damaged_shortcut_is_none_or_another(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            let mut bytes = shortcut(r"C:\Program Files\Contoso\app.exe", "arguments");
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            if let Some(found) = Shortcut::parse(&bytes) {
                prop_assert!(found.target.len() + found.arguments.len() <= bytes.len() * 3);
            }
        }
    }
}
