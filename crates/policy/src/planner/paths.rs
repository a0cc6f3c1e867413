//! Absolute paths by their bytes. Paths are most of the planner's work, and `Path`'s own iterator, which takes every form of
//! path, is several times slower than what a tidy one needs.
//!
//! A *plain* path begins with `/` and holds no `.`, no `..` and no doubled or trailing separator.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::plan::PlanError;

/// The deepest path that the planner takes, in components. Recursion is bounded by it.
pub const MAX_DEPTH: usize = 128;

/// The path made plain.
///
/// # Errors
/// [`PlanError::BadPath`] where that can't be: it is relative, holds `..`, or is too deep.
pub(crate) fn plain(path: &Path) -> Result<Cow<'_, Path>, PlanError> {
    let bad = |why| PlanError::BadPath { path: path.to_path_buf(), why };
    let Some((b'/', rest)) = path.as_os_str().as_bytes().split_first() else {
        return Err(bad("it does not begin with /"));
    };
    let (mut depth, mut tidy) = (0, true);
    for name in rest.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => tidy &= rest.is_empty(),
            b".." => return Err(bad("it holds ..")),
            _ => depth += 1,
        }
        if depth > MAX_DEPTH {
            return Err(bad("it is more than 128 folders deep"));
        }
    }
    Ok(if tidy { Cow::Borrowed(path) } else { Cow::Owned(path.components().collect()) })
}

/// How many bytes two texts share at their start, eight at a time.
fn shared(a: &[u8], b: &[u8]) -> usize {
    let (eights, _) = a.as_chunks::<8>();
    let others = b.as_chunks::<8>().0;
    let mut at = 0;
    for (x, y) in eights.iter().zip(others) {
        let differs = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differs != 0 {
            return at + differs.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(x, y)| x == y).count()
}

/// Compares plain paths like `Path::cmp`, so that a folder stands right before what lies beneath it: a separator is less
/// than every byte of a name.
pub(crate) fn by_component(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
    let at = shared(a, b);
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    a.get(at).map(rank).cmp(&b.get(at).map(rank))
}

/// The length of the deepest path at or above both of two plain paths; 0 for `/`.
pub(crate) fn shared_folder(a: &[u8], b: &[u8]) -> usize {
    let at = shared(a, b);
    let ends = |path: &[u8]| path.get(at).is_none_or(|byte| *byte == b'/');
    if at > 1 && ends(a) && ends(b) {
        return at;
    }
    a[..at].iter().rposition(|byte| *byte == b'/').unwrap_or(0)
}

/// Whether a plain path is `above` or lies beneath it.
pub fn is_within(path: &Path, above: &Path) -> bool {
    let (path, above) = (path.as_os_str().as_bytes(), above.as_os_str().as_bytes());
    path.starts_with(above) && (above.len() <= 1 || path.get(above.len()).is_none_or(|byte| *byte == b'/'))
}

/// The lengths of a plain path's beginnings that are longer than `from` and name something: `/a/b` has 2 and 4.
pub(crate) fn ends(path: &[u8], from: usize) -> impl Iterator<Item = usize> + '_ {
    let names = path.get(from + 1..).filter(|rest| !rest.is_empty());
    let mut at = from;
    names.into_iter().flat_map(|rest| rest.split(|byte| *byte == b'/')).map(move |name| {
        at += 1 + name.len();
        at
    })
}

/// The path with these bytes.
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_components() {
        let paths =
            ["/", "/a", "/a/b", "/a/b/c", "/a b", "/a!", "/a-b", "/a.b", "/ab", "/a/\u{1}", "/\u{1}", "/b"];
        for a in paths {
            for b in paths {
                assert_eq!(
                    by_component(a.as_ref(), b.as_ref()),
                    Path::new(a).cmp(Path::new(b)),
                    "{a:?} {b:?}"
                );
            }
        }
    }

    #[test]
    fn beginnings_and_shared_folders_end_where_names_do() {
        let all = |path: &'static str, from| ends(path.as_bytes(), from).collect::<Vec<_>>();
        assert_eq!(all("/a/bc/d", 0), [2, 5, 7]);
        assert_eq!(all("/a/bc/d", 2), [5, 7]);
        assert_eq!(all("/a/bc/d", 7), []);
        assert_eq!(all("/", 0), []);
        for (a, b, length) in [
            ("/", "/", 0),
            ("/a", "/", 0),
            ("/a", "/a", 2),
            ("/a/b", "/a/b/c", 4),
            ("/a/b", "/a/bc", 2),
            ("/long/folder/x", "/long/folder/y", 12),
            ("/a", "/b", 0),
        ] {
            assert_eq!(shared_folder(a.as_bytes(), b.as_bytes()), length, "{a} {b}");
            assert_eq!(shared_folder(b.as_bytes(), a.as_bytes()), length, "{b} {a}");
        }
        for (path, above, within) in [
            ("/a", "/", true),
            ("/", "/", true),
            ("/a/b", "/a", true),
            ("/ab", "/a", false),
            ("/a", "/a/b", false),
        ] {
            assert_eq!(is_within(path.as_ref(), above.as_ref()), within, "{path} {above}");
        }
    }

    #[test]
    fn untidy_paths_are_tidied() {
        for (untidy, tidy) in [("/a//b/", "/a/b"), ("/./a/.", "/a"), ("/", "/"), ("/.a", "/.a")] {
            assert_eq!(plain(Path::new(untidy)).expect("it is absolute").as_os_str(), tidy);
        }
        for bad in ["", "a", "./a", "/a/..", "/..//", &"/a".repeat(129)] {
            assert!(plain(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
