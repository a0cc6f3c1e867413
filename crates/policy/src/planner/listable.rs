//! Which skeleton directories may be listed with all beneath them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::fs_rights::FsRights;
use crate::host::NodeKind;
use crate::plan::Bind;

/// A READ_DIR rule on a skeleton directory covers everything beneath it, so it is given only where every directory bound
/// beneath has READ_DIR itself. `binds` is sorted by path. Returns the topmost such directories.
pub(crate) fn listable(binds: &[Bind], links: &[(PathBuf, PathBuf)]) -> Vec<PathBuf> {
    let mut closed: HashSet<&Path> = HashSet::new();
    for bind in binds {
        if bind.id.kind == NodeKind::Dir && !bind.rights.contains(FsRights::READ_DIR) {
            for above in bind.path.ancestors().skip(1) {
                if !closed.insert(above) {
                    break;
                }
            }
        }
    }
    if closed.is_empty() {
        return vec![PathBuf::from("/")];
    }
    let bound: HashSet<&Path> = binds.iter().map(|bind| bind.path.as_path()).collect();
    let mut found: HashSet<&Path> = HashSet::new();
    for path in binds.iter().map(|bind| bind.path.as_path()).chain(links.iter().map(|link| link.0.as_path()))
    {
        // Skeleton directories are what lies above a bind, down to the first bind on the way.
        let mut candidate = None;
        for above in path.ancestors().skip(1) {
            if bound.contains(above) {
                candidate = None;
            } else if closed.contains(above) {
                break;
            } else {
                candidate = Some(above);
            }
        }
        found.extend(candidate);
    }
    let mut all: Vec<PathBuf> = found.into_iter().map(Path::to_path_buf).collect();
    all.sort();
    all
}
