//! Objects put at the places that their paths lead to: wildcards expanded, symbolic links followed where only the
//! system's administrator can have made them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use lowbox_security::{SecurityDescriptor, Token};

use super::descriptors::SdId;
use super::forest::{Entry, Kinds};
use super::looked::Looked;
use super::paths::{by_component, ends, path_of, plain, shared_folder};
use super::regions::Regions;
use super::{glob, merge};
use crate::fs_rights::FsRights;
use crate::host::{FileId, NodeKind};
use crate::object::Object;
use crate::plan::{Note, PlanError, Reason};

/// A symbolic link that a granted path goes through.
pub(crate) struct Through {
    pub link: PathBuf,
    pub target: PathBuf,
    /// Where the granted path ends.
    pub end: PathBuf,
}

#[derive(Default)]
pub(crate) struct Resolved<'o> {
    /// Each entry at its real path, with the number of the object that it comes from.
    pub entries: Vec<(Cow<'o, Path>, Entry, usize)>,
    /// Those that links led to. Apart until all are there: the others come in order, which makes sorting cheap.
    led: Vec<(Cow<'o, Path>, Entry, usize)>,
    pub through: Vec<Through>,
    pub notes: Vec<Note>,
}

/// As many links as the kernel follows in one path (MAXSYMLINKS).
const MAX_LINKS: usize = 40;

/// Folders in which, at any depth, only the administrator makes names, so that a link in them can be trusted.
const SYSTEM: [&str; 11] =
    ["/etc", "/usr", "/dev", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/snap", "/nix", "/gnu"];
/// Parts of these that others may write to.
const SHARED: [&str; 3] = ["/usr/local", "/dev/shm", "/dev/mqueue"];
/// Folders whose direct children only the administrator makes.
const TOPS: [&str; 8] = ["/", "/home", "/mnt", "/media", "/srv", "/opt", "/var", "/run"];

fn is_trusted(link: &Path) -> bool {
    let Some(parent) = link.parent() else { return false };
    TOPS.iter().any(|top| parent == Path::new(top))
        || (SYSTEM.iter().any(|top| parent.starts_with(top))
            && !SHARED.iter().any(|shared| parent.starts_with(shared)))
}

/// Whether any ACE can help the lowbox half of the token.
fn may_allow(sd: &SecurityDescriptor, token: &Token) -> bool {
    token
        .app_container
        .as_ref()
        .is_none_or(|container| sd.dacl.aces().iter().any(|ace| container.matches_allow(&ace.sid)))
}

/// Where a path leads.
struct Led<'o> {
    real: Cow<'o, Path>,
    found: Option<FileId>,
    links: Vec<(PathBuf, PathBuf)>,
    /// The last link, when the path's own last component is one: its place and identity.
    last: Option<(PathBuf, FileId)>,
    untrusted: Option<PathBuf>,
}

/// What a descriptor can do for the token, and its number.
#[derive(Clone, Copy)]
struct Use {
    number: SdId,
    restricts: bool,
    allows: bool,
}

/// Resolves every object. Sorted by path, each shares its verified folders with the one before, so that the host is
/// asked about each folder once.
pub(crate) fn resolve<'o>(
    objects: &'o [Object],
    token: &Token,
    regions: &mut Regions<'_>,
    tree: &Looked<'_>,
) -> Result<Resolved<'o>, PlanError> {
    let mut order: Vec<(Cow<'o, Path>, usize, SdId)> = Vec::with_capacity(objects.len());
    let mut listings = glob::Listings::default();
    // Objects of one origin stand together and mostly share their descriptor.
    let mut last: Option<(&Arc<SecurityDescriptor>, Use)> = None;
    for (number, object) in objects.iter().enumerate() {
        let path = plain(&object.path)?;
        let usable = match last {
            Some((descriptor, usable)) if Arc::ptr_eq(descriptor, &object.descriptor) => usable,
            _ => Use {
                number: regions.number(&object.descriptor),
                restricts: merge::restricts(&object.descriptor),
                allows: may_allow(&object.descriptor, token),
            },
        };
        last = Some((&object.descriptor, usable));
        if object.glob && usable.restricts {
            let why = "a wildcard can't deny, since names made later would escape it";
            return Err(PlanError::BadPath { path: object.path.clone(), why });
        }
        // Most of the catalogue is for capabilities that the token does not hold: such entries change nothing.
        if object.optional && !usable.restricts && !usable.allows {
            continue;
        }
        if object.glob {
            let paths = glob::expand(&path, tree, &mut listings);
            order.extend(paths.into_iter().map(|path| (Cow::Owned(path), number, usable.number)));
        } else {
            order.push((path, number, usable.number));
        }
    }
    order.sort_by(|a, b| by_component(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let mut resolved = Resolved { entries: Vec::with_capacity(order.len() + 8), ..Resolved::default() };
    let mut before = Before::default();
    for (path, number, descriptor) in order {
        let led = before.lead(&path, tree);
        settle(path, number, &objects[number], descriptor, led, regions, &mut resolved);
    }
    resolved.entries.append(&mut resolved.led);
    // Entries that meet at one path keep the order of the objects.
    resolved.entries.sort_by(|a, b| by_component(&a.0, &b.0).then(a.2.cmp(&b.2)));
    Ok(resolved)
}

/// What is known from the path before.
#[derive(Default)]
struct Before {
    /// A path without links, all of it there.
    there: Vec<u8>,
    /// What is at its end.
    end: Option<FileId>,
    /// A path at which there is nothing.
    missing: Vec<u8>,
}

impl Before {
    fn lead<'o>(&mut self, path: &Cow<'o, Path>, tree: &Looked<'_>) -> Led<'o> {
        let bytes = path.as_os_str().as_bytes();
        let straight =
            |found| Led { real: path.clone(), found, links: Vec::new(), last: None, untrusted: None };
        if bytes.len() == 1 {
            return straight(tree.node(path));
        }
        if self.missing.len() > 1 && shared_folder(bytes, &self.missing) == self.missing.len() {
            return straight(None);
        }
        let shared = shared_folder(bytes, &self.there);
        if shared < self.there.len() {
            self.there.truncate(shared);
            self.end = None;
        }
        let mut found = if shared == bytes.len() && self.end.is_none() { tree.node(path) } else { self.end };
        for end in ends(bytes, shared) {
            let here = path_of(&bytes[..end]);
            found = tree.node(here);
            match found {
                None => {
                    self.missing.clear();
                    self.missing.extend_from_slice(&bytes[..end]);
                    break;
                }
                Some(id) if id.kind == NodeKind::Symlink => {
                    tree.remember_node(here, found);
                    return follow(path, self.there.len(), tree);
                }
                Some(_) => {
                    self.there.clear();
                    self.there.extend_from_slice(&bytes[..end]);
                    self.end = found;
                }
            }
        }
        straight(found)
    }
}

/// The slow way, for paths with links: none is in the first `straight` bytes, and one comes next.
fn follow<'o>(path: &Cow<'o, Path>, straight: usize, tree: &Looked<'_>) -> Led<'o> {
    let bytes = path.as_os_str().as_bytes();
    let names = bytes[straight + 1..].split(|byte| *byte == b'/');
    let mut todo: VecDeque<(OsString, bool)> =
        names.map(|name| (OsString::from_vec(name.to_vec()), true)).collect();
    let mut done = PathBuf::from(path_of(if straight == 0 { b"/" } else { &bytes[..straight] }));
    if let Some(last) = todo.back_mut() {
        last.1 = false;
    }
    let mut led = Led { real: path.clone(), found: None, links: Vec::new(), last: None, untrusted: None };
    while let Some((name, inner)) = todo.pop_front() {
        if name == ".." {
            done.pop();
            continue;
        }
        done.push(&name);
        led.found = tree.node_by_link(&done);
        let Some(id) = led.found else {
            for (name, _) in todo.drain(..) {
                if name == ".." {
                    done.pop();
                } else {
                    done.push(name);
                }
            }
            break;
        };
        if id.kind != NodeKind::Symlink {
            continue;
        }
        let target = tree.read_link(&done);
        let (Some(target), true) = (target, led.links.len() < MAX_LINKS) else {
            led.untrusted = Some(done);
            return led;
        };
        if !is_trusted(&done) && led.untrusted.is_none() {
            led.untrusted = Some(done.clone());
        }
        if !inner && led.last.is_none() {
            led.last = Some((done.clone(), id));
        }
        led.links.push((done.clone(), target.clone()));
        done.pop();
        for part in target.components().rev() {
            match part {
                Component::Normal(name) => todo.push_front((name.to_os_string(), true)),
                Component::ParentDir => todo.push_front((OsString::from(".."), true)),
                Component::RootDir => done = PathBuf::from("/"),
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }
    led.real = Cow::Owned(done);
    led
}

fn settle<'o>(
    path: Cow<'o, Path>,
    number: usize,
    object: &Object,
    descriptor: SdId,
    led: Led<'o>,
    regions: &mut Regions<'_>,
    resolved: &mut Resolved<'o>,
) {
    let entry = Entry {
        descriptor,
        kinds: Kinds::of(object.kind),
        optional: object.optional || object.glob,
        found: led.found,
    };
    let mut refuse = |reason: Reason, places: Vec<(Cow<'o, Path>, Option<FileId>)>| {
        resolved.notes.push(Note { path: path.to_path_buf(), dropped: FsRights::NONE, reason });
        // What takes away still takes away, at every place that the path may mean.
        if let Some(descriptor) = regions.as_denies(descriptor) {
            for (place, found) in places {
                resolved.entries.push((place, Entry { descriptor, found, optional: true, ..entry }, number));
            }
        }
    };
    if let Some(link) = led.untrusted {
        let mut places = vec![(path.clone(), None)];
        if led.real != path {
            places.push((led.real, led.found));
        }
        refuse(Reason::Symlink { link }, places);
        return;
    }
    if let Some(pinned) = object.identity
        && led.found.is_some_and(|found| found != pinned)
    {
        refuse(Reason::Changed, vec![(led.real, led.found)]);
        return;
    }
    let list = if led.links.is_empty() { &mut resolved.entries } else { &mut resolved.led };
    list.push((led.real.clone(), entry, number));
    for (link, target) in led.links {
        resolved.through.push(Through { link, target, end: led.real.to_path_buf() });
    }
    if let Some((place, id)) = led.last {
        resolved.entries.push((Cow::Owned(place), Entry { found: Some(id), ..entry }, number));
    }
}
