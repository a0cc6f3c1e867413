//! Objects ordered into a tree by path: one node for each path that an object names and for each folder above it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::descriptors::SdId;
use super::paths::{by_component, ends, is_within, path_of, plain};
use super::regions::Regions;
use crate::host::FileId;
use crate::object::ObjectKind;
use crate::plan::PlanError;

/// The entries that name one path, merged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub descriptor: SdId,
    pub kinds: Kinds,
    /// Stay silent when nothing is there.
    pub optional: bool,
    /// What is there.
    pub found: Option<FileId>,
}

/// Which kinds the entries of a path allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub tree: bool,
    pub socket: bool,
    pub device: bool,
}

impl Kinds {
    pub fn of(kind: ObjectKind) -> Kinds {
        Kinds {
            tree: kind == ObjectKind::Tree,
            socket: kind == ObjectKind::Socket,
            device: kind == ObjectKind::Device,
        }
    }

    pub fn and(self, other: Kinds) -> Kinds {
        Kinds {
            tree: self.tree || other.tree,
            socket: self.socket || other.socket,
            device: self.device || other.device,
        }
    }
}

/// A place that the host's tree is not bound across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// The container has its own: only devices and sockets with an entry of their own beneath it.
    Reserved,
    /// lowbox's own state: nothing is inherited into it.
    Protected(&'static str),
}

#[derive(Debug)]
pub(crate) struct Node<'o> {
    pub path: Cow<'o, Path>,
    pub children: Vec<usize>,
    pub entry: Option<Entry>,
    pub barrier: Option<Barrier>,
    /// At or beneath a reserved place.
    pub reserved: bool,
}

impl Node<'_> {
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

/// The tree of nodes; the first is `/`. A child's number is greater than its parent's.
#[derive(Debug)]
pub(crate) struct Forest<'o> {
    pub nodes: Vec<Node<'o>>,
}

/// What is put at a path.
pub(crate) enum Item {
    Entry(Entry),
    Barrier(Barrier),
}

impl<'o> Forest<'o> {
    /// Builds the tree in O(n log n) comparisons: sorted by path, each item lies beneath the one before, or beneath a folder
    /// above that.
    pub fn build(
        mut items: Vec<(Cow<'o, Path>, Item)>,
        regions: &mut Regions<'_>,
    ) -> Result<Forest<'o>, PlanError> {
        items.sort_by(|a, b| by_component(&a.0, &b.0));
        let mut forest = Forest { nodes: Vec::with_capacity(items.len() * 2) };
        forest.push(Cow::Borrowed(Path::new("/")), None);
        let mut stack = vec![0];
        for (path, item) in items {
            // What is borrowed is an object's path, checked already; a link may have led too deep.
            if let Cow::Owned(path) = &path {
                plain(path)?;
            }
            while stack.len() > 1 && !is_within(&path, &forest.nodes[stack[stack.len() - 1]].path) {
                stack.pop();
            }
            let mut top = stack[stack.len() - 1];
            let from = if top == 0 { 0 } else { forest.nodes[top].path.as_os_str().len() };
            for end in ends(path.as_os_str().as_bytes(), from) {
                top = forest.push(beginning(&path, end), Some(top));
                stack.push(top);
            }
            let node = &mut forest.nodes[top];
            match item {
                Item::Barrier(barrier) => {
                    node.barrier = Some(barrier);
                    node.reserved |= barrier == Barrier::Reserved;
                }
                Item::Entry(entry) => {
                    node.entry = Some(match node.entry.take() {
                        None => entry,
                        Some(before) => merge(before, entry, regions),
                    });
                }
            }
        }
        Ok(forest)
    }

    fn push(&mut self, path: Cow<'o, Path>, parent: Option<usize>) -> usize {
        let number = self.nodes.len();
        let reserved = parent.is_some_and(|parent| self.nodes[parent].reserved);
        self.nodes.push(Node { path, children: Vec::new(), entry: None, barrier: None, reserved });
        if let Some(parent) = parent {
            self.nodes[parent].children.push(number);
        }
        number
    }
}

/// The first `end` bytes of a path, borrowed where the path is.
fn beginning<'o>(path: &Cow<'o, Path>, end: usize) -> Cow<'o, Path> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path_of(&path.as_os_str().as_bytes()[..end])),
        Cow::Owned(path) => Cow::Owned(PathBuf::from(path_of(&path.as_os_str().as_bytes()[..end]))),
    }
}

fn merge(first: Entry, second: Entry, regions: &mut Regions<'_>) -> Entry {
    Entry {
        descriptor: regions.merged(first.descriptor, second.descriptor),
        kinds: first.kinds.and(second.kinds),
        optional: first.optional && second.optional,
        found: first.found.or(second.found),
    }
}
