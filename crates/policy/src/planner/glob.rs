//! Wildcards in the paths of objects: `*` stands for any run of bytes within one name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::looked::{Listing, Looked};
use crate::host::NodeKind;

/// The most paths that one pattern stands for.
const MAX_MATCHES: usize = 4096;

/// Whether a name fits a pattern. A leading dot is only met by a dot. Linear in name × stars.
pub(crate) fn fits(pattern: &OsStr, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    match pattern.first() {
        Some(b'*') if name.first() == Some(&b'.') => return false,
        // Most names differ in their first byte.
        Some(byte) if *byte != b'*' && name.first() != Some(byte) => return false,
        _ => {}
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
pub(crate) struct Listings(BTreeMap<OsString, Listing>);

impl Listings {
    fn of(&mut self, dir: &Path, tree: &Looked<'_>) -> &Listing {
        let listed = || tree.listing(dir).unwrap_or_default();
        self.0.entry(dir.as_os_str().to_os_string()).or_insert_with(listed)
    }
}

/// The paths that a plain pattern stands for now, in order. Directories that can't be listed give none.
pub(crate) fn expand(pattern: &Path, tree: &Looked<'_>, listings: &mut Listings) -> Vec<PathBuf> {
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
            let fitting =
                |child: &(&OsStr, NodeKind)| (last || child.1 == NodeKind::Dir) && fits(name, child.0);
            // A pattern is met by few of a directory's names, so it is they that are put in order.
            let mut found: Vec<_> = listings.of(path, tree).iter().filter(fitting).collect();
            found.sort();
            next.extend(found.into_iter().map(|(child, _)| path.join(child)));
        }
        next.truncate(MAX_MATCHES);
        paths = next;
    }
    paths
}
