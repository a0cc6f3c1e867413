//! What was answered with no in this run.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Paths to which the answer stays no. The program chooses how many they are and how long, so what is kept is bounded; what does
/// not fit is decided again each time, and questions are throttled.
#[derive(Debug, Default)]
pub(super) struct Denied {
    paths: HashSet<PathBuf>,
    bytes: usize,
}

/// Bytes of all paths together.
const MOST: usize = 512 * 1024;

impl Denied {
    /// Keeps `path`; `false` if it is there already or does not fit.
    pub(super) fn insert(&mut self, path: &Path) -> bool {
        let length = path.as_os_str().as_bytes().len() + size_of::<PathBuf>();
        if self.bytes + length > MOST || !self.paths.insert(path.to_owned()) {
            return false;
        }
        self.bytes += length;
        true
    }

    /// The user gave it after all.
    pub(super) fn forget(&mut self, path: &Path) {
        if self.paths.remove(path) {
            self.bytes -= path.as_os_str().as_bytes().len() + size_of::<PathBuf>();
        }
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.paths.contains(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_denials_take_bounded_memory_and_the_first_ones_stay() {
        let mut denied = Denied::default();
        let first = PathBuf::from("/home/ada/first");
        assert!(denied.insert(&first));
        assert!(!denied.insert(&first));
        for number in 0..1_000_000 {
            denied.insert(Path::new(&format!("/home/ada/{number:0200}")));
        }
        assert!(denied.contains(&first));
        assert!(denied.bytes <= MOST && denied.paths.len() < 10_000);
        denied.forget(&first);
        assert!(!denied.contains(&first) && denied.insert(&first));
    }
}
