//! Wildcards in the paths of objects: `*` stands for any run of bytes within one name.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::host::{HostTree, NodeKind};

/// The most paths that one pattern stands for.
const MAX_MATCHES: usize = 4096;

/// Whether a name fits a pattern. A leading dot is only met by a dot. Linear in name × stars.
pub(crate) fn fits(pattern: &OsStr, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    if pattern.first() == Some(&b'*') && name.first() == Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && pattern[p] == name[n] {
            p += 1;
            n += 1;
        } else if let Some((at, met)) = star {
            p = at + 1;
            n = met + 1;
            star = Some((at, met + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Listings that several patterns share: the catalogue has many for one directory.
#[derive(Default)]
pub(crate) struct Listings(HashMap<PathBuf, Vec<(OsString, NodeKind)>>);

impl Listings {
    fn of(&mut self, dir: &Path, tree: &dyn HostTree) -> &[(OsString, NodeKind)] {
        self.0.entry(dir.to_path_buf()).or_insert_with(|| {
            let mut children = tree.children(dir).unwrap_or_default();
            children.sort();
            children
        })
    }
}

/// The paths that a pattern stands for now, in order. Directories that can't be listed give none.
pub(crate) fn expand(pattern: &Path, tree: &dyn HostTree, listings: &mut Listings) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::from("/")];
    let names: Vec<&OsStr> = pattern.iter().skip(1).collect();
    for (number, name) in names.iter().enumerate() {
        let last = number + 1 == names.len();
        if !name.as_bytes().contains(&b'*') {
            paths.iter_mut().for_each(|path| path.push(name));
            continue;
        }
        let mut next = Vec::new();
        for path in &paths {
            for (child, kind) in listings.of(path, tree) {
                if (last || *kind == NodeKind::Dir) && fits(name, child) {
                    next.push(path.join(child));
                }
            }
        }
        next.truncate(MAX_MATCHES);
        paths = next;
    }
    paths
}
