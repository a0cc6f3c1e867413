//! What can be seen of a file or tree from outside: names, kinds, modes, owners, times, extended attributes, content.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Equal for two states in which nothing has changed.
pub fn fingerprint(path: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut wanted = vec![path.to_owned()];
    while let Some(path) = wanted.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let mut names = [0_u8; 1024];
        let attributes = rustix::fs::llistxattr(&path, &mut names[..]).unwrap_or(0);
        let mut text = format!(
            "{:o} {}:{} {} links {} at {}.{} {:?}",
            metadata.mode(),
            metadata.uid(),
            metadata.gid(),
            metadata.size(),
            metadata.nlink(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            String::from_utf8_lossy(&names[..attributes]),
        );
        if metadata.is_file() {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()));
        } else if metadata.is_dir() {
            wanted.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        all.insert(path, text);
    }
    all
}
