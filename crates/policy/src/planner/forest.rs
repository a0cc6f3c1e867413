//! Objects ordered into a tree by path: one node for each path that an object names and for each folder above it.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use lowbox_security::SecurityDescriptor;

use super::order::by_component;
use crate::host::FileId;
use crate::object::ObjectKind;
use crate::plan::PlanError;

/// The deepest path that the planner takes, in components. Recursion is bounded by it.
pub(crate) const MAX_DEPTH: usize = 128;

/// The entries that name one path, merged.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'o> {
    pub descriptor: Cow<'o, SecurityDescriptor>,
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

#[derive(Debug, Default)]
pub(crate) struct Node<'o> {
    pub name: OsString,
    pub path: PathBuf,
    pub children: Vec<usize>,
    pub entry: Option<Entry<'o>>,
    pub barrier: Option<Barrier>,
}

/// The tree of nodes; the first is `/`. A child's number is greater than its parent's.
#[derive(Debug)]
pub(crate) struct Forest<'o> {
    pub nodes: Vec<Node<'o>>,
}

/// What is put at a path.
#[expect(clippy::large_enum_variant, reason = "nearly all items are entries, and barriers are few")]
pub(crate) enum Item<'o> {
    Entry(Entry<'o>),
    Barrier(Barrier),
}

impl<'o> Forest<'o> {
    /// Builds the tree in O(n log n) comparisons: sorted by path, each item shares a prefix with the one before.
    pub fn build(mut items: Vec<(PathBuf, Item<'o>)>) -> Result<Forest<'o>, PlanError> {
        items.sort_by(|a, b| by_component(&a.0, &b.0));
        let mut nodes = vec![Node { path: PathBuf::from("/"), ..Node::default() }];
        let mut stack = vec![0usize];
        for (path, item) in items {
            let names = components(&path)?;
            let mut shared = 0;
            while shared < names.len()
                && shared + 1 < stack.len()
                && nodes[stack[shared + 1]].name == names[shared]
            {
                shared += 1;
            }
            stack.truncate(shared + 1);
            for name in &names[shared..] {
                let parent = *stack.last().unwrap_or(&0);
                let number = nodes.len();
                let path = nodes[parent].path.join(name);
                nodes.push(Node { name: name.to_os_string(), path, ..Node::default() });
                nodes[parent].children.push(number);
                stack.push(number);
            }
            let node = &mut nodes[*stack.last().unwrap_or(&0)];
            match item {
                Item::Barrier(barrier) => node.barrier = Some(barrier),
                Item::Entry(entry) => {
                    node.entry = Some(match node.entry.take() {
                        None => entry,
                        Some(before) => merge(before, entry),
                    });
                }
            }
        }
        Ok(Forest { nodes })
    }
}

/// The names of an absolute path, root first.
pub(crate) fn components(path: &Path) -> Result<Vec<&OsStr>, PlanError> {
    let bad = |why| PlanError::BadPath { path: path.to_path_buf(), why };
    let mut parts = path.components();
    if parts.next() != Some(Component::RootDir) {
        return Err(bad("it does not begin with /"));
    }
    let mut names = Vec::new();
    for part in parts {
        match part {
            Component::Normal(name) => names.push(name),
            _ => return Err(bad("it holds ..")),
        }
        if names.len() > MAX_DEPTH {
            return Err(bad("it is more than 128 folders deep"));
        }
    }
    Ok(names)
}

fn merge<'o>(first: Entry<'o>, second: Entry<'o>) -> Entry<'o> {
    Entry {
        descriptor: Cow::Owned(super::merge::merged(
            first.descriptor.into_owned(),
            second.descriptor.into_owned(),
        )),
        kinds: first.kinds.and(second.kinds),
        optional: first.optional && second.optional,
        found: first.found.or(second.found),
    }
}
