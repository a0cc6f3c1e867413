//! The host's tree as one plan sees it.
//!
//! Many links of the system lead to the same few folders, and each link is asked for where it is met and where it is made.
//! What was seen at a link and on the way that it leads is remembered until the plan is made; the launcher compares all that
//! it binds with what the plan says. Paths without links are looked at in order, so that nobody asks for them twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::host::{FileId, HostTree, NodeKind, TreeError};

type Known<T> = RefCell<BTreeMap<Vec<u8>, Option<T>>>;

pub(crate) struct Looked<'t> {
    tree: &'t dyn HostTree,
    nodes: Known<FileId>,
    links: Known<PathBuf>,
}

impl<'t> Looked<'t> {
    pub fn new(tree: &'t dyn HostTree) -> Looked<'t> {
        Looked { tree, nodes: RefCell::default(), links: RefCell::default() }
    }

    /// What `path` names; not remembered.
    pub fn node(&self, path: &Path) -> Option<FileId> {
        match self.nodes.borrow().get(path.as_os_str().as_bytes()) {
            Some(known) => *known,
            None => self.tree.node(path),
        }
    }

    /// What a path on a link's way names.
    pub fn node_by_link(&self, path: &Path) -> Option<FileId> {
        let id = self.node(path);
        self.remember_node(path, id);
        id
    }

    /// Remembers what was found at a path that will be asked for again.
    pub fn remember_node(&self, path: &Path, id: Option<FileId>) {
        self.nodes.borrow_mut().entry(path.as_os_str().as_bytes().to_vec()).or_insert(id);
    }

    /// Where a link points.
    pub fn read_link(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.links.borrow().get(path.as_os_str().as_bytes()) {
            return known.clone();
        }
        let target = self.tree.read_link(path);
        self.links.borrow_mut().insert(path.as_os_str().as_bytes().to_vec(), target.clone());
        target
    }

    /// The names in a directory, and what they are.
    pub fn listing(&self, dir: &Path) -> Result<Listing, TreeError> {
        let mut listing = Listing::default();
        self.tree.each_child(dir, &mut |name, kind| {
            listing.names.extend_from_slice(name.as_bytes());
            listing.ends.push((listing.names.len(), kind));
        })?;
        Ok(listing)
    }

    /// The names in a directory.
    pub fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError> {
        self.tree.children(dir)
    }
}

/// A directory's names, one behind the other: an allocation for each would be most of the work of a wildcard.
#[derive(Default)]
pub(crate) struct Listing {
    names: Vec<u8>,
    ends: Vec<(usize, NodeKind)>,
}

impl Listing {
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, NodeKind)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, kind)| {
            let name = OsStr::from_bytes(&self.names[start..*end]);
            start = *end;
            (name, *kind)
        })
    }
}
