//! Sets of folders by the bytes of their paths: comparing component by component would be a tenth of building the view.
//! Paths are absolute and plain, as the planner makes them.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Folders.
#[derive(Default)]
pub(super) struct Places(HashSet<Box<[u8]>>);

impl Places {
    pub(super) fn insert(&mut self, folder: &Path) {
        self.0.insert(folder.as_os_str().as_bytes().into());
    }

    pub(super) fn contains(&self, folder: &Path) -> bool {
        self.0.contains(folder.as_os_str().as_bytes())
    }

    /// Whether `path` is one of them or lies in one.
    pub(super) fn cover(&self, path: &Path) -> bool {
        let bytes = path.as_os_str().as_bytes();
        let above = (1..bytes.len()).filter(|&end| bytes[end] == b'/').map(|end| &bytes[..end]);
        !self.0.is_empty()
            && (self.0.contains(bytes) || above.into_iter().any(|folder| self.0.contains(folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_covers_itself_and_what_lies_in_it_but_no_name_that_only_begins_alike() {
        let mut places = Places::default();
        assert!(!places.cover(Path::new("/a/b")));
        places.insert(Path::new("/a/b"));
        for inside in ["/a/b", "/a/b/c", "/a/b/c/d"] {
            assert!(places.cover(Path::new(inside)), "{inside}");
        }
        for outside in ["/a", "/a/bc", "/b", "/"] {
            assert!(!places.cover(Path::new(outside)), "{outside}");
        }
        assert!(places.contains(Path::new("/a/b")) && !places.contains(Path::new("/a/b/c")));
    }
}
