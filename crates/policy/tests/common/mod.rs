//! A host tree in memory, tokens and descriptors for tests.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, HostTree, NodeKind, Object, Origin, TreeError};
use lowbox_security::{
    AccessMask, Ace, AceFlags, Acl, AppContainer, Control, Dacl, Group, Integrity, SecurityDescriptor, Sid,
    Token, derive,
};

/// A host tree in memory. Counts how often it is asked.
#[derive(Debug, Default)]
pub struct FakeTree {
    nodes: BTreeMap<PathBuf, (NodeKind, Option<PathBuf>)>,
    children: BTreeMap<PathBuf, Vec<OsString>>,
    has_links: bool,
    pub asked: Cell<usize>,
}

impl FakeTree {
    pub fn new() -> FakeTree {
        let mut tree = FakeTree::default();
        tree.nodes.insert("/".into(), (NodeKind::Dir, None));
        tree
    }

    pub fn add(&mut self, path: impl AsRef<Path>, kind: NodeKind) -> &mut FakeTree {
        let path = path.as_ref();
        if let Some(parent) = path.parent() {
            if !self.nodes.contains_key(parent) {
                self.add(parent, NodeKind::Dir);
            }
            if let Some(name) = path.file_name()
                && !self.nodes.contains_key(path)
            {
                self.children.entry(parent.to_path_buf()).or_default().push(name.to_os_string());
            }
        }
        self.nodes.insert(path.to_path_buf(), (kind, None));
        self
    }

    pub fn dir(&mut self, path: impl AsRef<Path>) -> &mut FakeTree {
        self.add(path, NodeKind::Dir)
    }

    pub fn file(&mut self, path: impl AsRef<Path>) -> &mut FakeTree {
        self.add(path, NodeKind::File)
    }

    pub fn link(&mut self, path: impl AsRef<Path>, target: &str) -> &mut FakeTree {
        self.add(path.as_ref(), NodeKind::Symlink);
        self.has_links = true;
        self.nodes.insert(path.as_ref().to_path_buf(), (NodeKind::Symlink, Some(target.into())));
        self
    }

    pub fn paths(&self) -> impl Iterator<Item = (&Path, NodeKind)> {
        self.nodes.iter().map(|(path, (kind, _))| (path.as_path(), *kind))
    }

    pub fn kind(&self, path: &Path) -> Option<NodeKind> {
        self.nodes.get(path).map(|(kind, _)| *kind)
    }
}

/// The path after links on the way, as the host's kernel would see it; a link in the last component is kept.
fn walk(tree: &FakeTree, path: &Path) -> PathBuf {
    if !tree.has_links {
        return path.to_path_buf();
    }
    let mut done = PathBuf::from("/");
    let names: Vec<OsString> = path.iter().skip(1).map(|name| name.to_os_string()).collect();
    for (number, name) in names.iter().enumerate() {
        if name == ".." {
            done.pop();
            continue;
        }
        let here = done.join(name);
        match tree.nodes.get(&here) {
            Some((NodeKind::Symlink, Some(target))) if number + 1 < names.len() => {
                done = walk(tree, &done.join(target));
            }
            _ => done = here,
        }
    }
    done
}

impl HostTree for FakeTree {
    fn node(&self, path: &Path) -> Option<FileId> {
        self.asked.set(self.asked.get() + 1);
        let path = walk(self, path);
        let ino = BuildHasherDefault::<DefaultHasher>::default().hash_one(&path);
        self.nodes.get(&path).map(|(kind, _)| FileId { dev: 1, ino, kind: *kind })
    }

    fn children(&self, dir: &Path) -> Result<Vec<(OsString, NodeKind)>, TreeError> {
        self.asked.set(self.asked.get() + 1);
        let dir = walk(self, dir);
        match self.nodes.get(&dir) {
            Some((NodeKind::Dir, _)) => {}
            _ => return Err(TreeError::NotADirectory),
        }
        let names = self.children.get(&dir).map_or(&[][..], Vec::as_slice);
        Ok(names.iter().map(|name| (name.clone(), self.nodes[&dir.join(name)].0)).collect())
    }

    fn read_link(&self, path: &Path) -> Option<PathBuf> {
        self.nodes.get(&walk(self, path)).and_then(|(_, target)| target.clone())
    }
}

pub fn package() -> Sid {
    derive::package_sid("lowbox.test_0123456789abc")
}

pub fn user() -> Sid {
    derive::unix_user_sid(1000)
}

pub fn token_with(capabilities: &[&str], less_privileged: bool) -> Token {
    Token {
        user: user(),
        groups: vec![
            Group { sid: Sid::everyone(), deny_only: false },
            Group { sid: derive::unix_group_sid(1000), deny_only: false },
        ],
        app_container: Some(AppContainer {
            package: package(),
            capabilities: capabilities.iter().map(|name| derive::capability_sid(name)).collect(),
            less_privileged,
        }),
        integrity: Integrity::Low,
        privileges: Vec::new(),
    }
}

pub fn token() -> Token {
    token_with(&["documentsLibrary"], false)
}

pub fn sd(aces: Vec<Ace>, protected: bool) -> SecurityDescriptor {
    SecurityDescriptor {
        dacl: Dacl::Present(Acl::new(aces)),
        control: if protected { Control::DACL_PROTECTED } else { Control::default() },
        ..SecurityDescriptor::default()
    }
}

pub const INHERITED_BY_ALL: AceFlags = AceFlags(AceFlags::OBJECT_INHERIT.0 | AceFlags::CONTAINER_INHERIT.0);

pub fn allow(mask: AccessMask) -> SecurityDescriptor {
    sd(vec![Ace::allow(mask, package()).with_flags(INHERITED_BY_ALL)], false)
}

pub fn deny(mask: AccessMask) -> SecurityDescriptor {
    sd(vec![Ace::deny(mask, package()).with_flags(INHERITED_BY_ALL)], false)
}

pub fn grant(path: &str, letters: &str) -> Object {
    let rights = letters.parse().expect("letters of a grant");
    Object::new(path, lowbox_policy::grant_descriptor(&package(), rights), Origin::Grant)
}

pub fn object(path: &str, descriptor: SecurityDescriptor) -> Object {
    Object::new(path, descriptor, Origin::Grant)
}
