//! The order of paths: by component, so that a folder stands right before what lies beneath it.

use std::cmp::Ordering;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Compares plain paths (see [`plain`]) like `Path::cmp`, by bytes: a separator is less than every byte of a name. Sorting
/// is most of the planner's work, and this is several times faster.
pub(crate) fn by_component(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
    match a.iter().zip(b).position(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some(at) => {
            let rank = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
            rank(a[at]).cmp(&rank(b[at]))
        }
    }
}

/// The path without doubled and trailing separators and without `.`.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    let untidy = bytes.len() > 1 && bytes.ends_with(b"/")
        || bytes.windows(2).any(|pair| pair == b"//" || pair == b"/.");
    if untidy { path.components().collect() } else { path.to_path_buf() }
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
    fn untidy_paths_are_tidied() {
        for (untidy, tidy) in [("/a//b/", "/a/b"), ("/./a/.", "/a"), ("/", "/"), ("/.a", "/.a")] {
            assert_eq!(plain(Path::new(untidy)).as_os_str(), tidy);
        }
    }
}
