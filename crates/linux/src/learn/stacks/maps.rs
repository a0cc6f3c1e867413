//! What is mapped where (/proc/PID/maps).

use std::ops::Range;

/// The most lines that are looked at.
const MAX_MAPPINGS: usize = 1 << 14;

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// From where to where.
    pub range: Range<u64>,
    /// It holds code.
    pub executable: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file's device: major and minor number.
    pub device: (u32, u32),
    /// The file's number on it; 0 where there is no file.
    pub inode: u64,
    /// The file's path, or `[heap]` and its like.
    pub path: Vec<u8>,
}

impl Mapping {
    /// Whether both are of one file.
    pub fn is_same_file(&self, other: &Mapping) -> bool {
        self.inode != 0 && (self.inode, self.device) == (other.inode, other.device)
    }
}

/// Reads the lines. What can't be read is left out.
pub fn mappings(text: &[u8]) -> Vec<Mapping> {
    text.split(|&byte| byte == b'\n').take(MAX_MAPPINGS).filter_map(mapping).collect()
}

fn mapping(line: &[u8]) -> Option<Mapping> {
    // START-END PERMISSIONS OFFSET MAJOR:MINOR INODE, and after blanks the path.
    let mut words = line.splitn(6, |&byte| byte == b' ');
    let (start, end) = split(words.next()?, b'-')?;
    let permissions = words.next()?;
    let offset = number(words.next()?, 16)?;
    let (major, minor) = split(words.next()?, b':')?;
    let inode = number(words.next()?, 10)?;
    let path = words.next().unwrap_or_default();
    let path = &path[path.iter().take_while(|byte| **byte == b' ').count()..];
    (start < end).then_some(Mapping {
        range: start..end,
        executable: permissions.get(2) == Some(&b'x'),
        offset,
        device: (u32::try_from(major).ok()?, u32::try_from(minor).ok()?),
        inode,
        path: unescaped(path),
    })
}

fn split(word: &[u8], by: u8) -> Option<(u64, u64)> {
    let at = word.iter().position(|&byte| byte == by)?;
    Some((number(&word[..at], 16)?, number(&word[at + 1..], 16)?))
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// The kernel writes a line feed in a path as `\012`, and nothing else in another way.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\\012") {
            all.push(b'\n');
            rest = after;
        } else {
            all.push(byte);
            rest = after;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whatever_the_path_is() {
        let text = b"00400000-00401000 r-xp 00002000 fe:01 17                     /a b/\\012x (deleted)\n\
            7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \nnonsense\n\
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";
        let all = mappings(text);
        assert_eq!(all.len(), 3);
        assert_eq!(
            all[0],
            Mapping {
                range: 0x40_0000..0x40_1000,
                executable: true,
                offset: 0x2000,
                device: (0xfe, 1),
                inode: 17,
                path: b"/a b/\nx (deleted)".to_vec()
            }
        );
        assert!(!all[1].executable && all[1].path.is_empty() && !all[1].is_same_file(&all[1]));
        assert_eq!(all[2].path, b"[vsyscall]");
    }
}
