//! Objects put at the places that their paths lead to: wildcards expanded, symbolic links followed where only the
//! system's administrator can have made them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use lowbox_security::{SecurityDescriptor, Token};

use super::forest::{Entry, Kinds, components};
use super::order::by_component;
use super::{glob, merge, order};
use crate::fs_rights::FsRights;
use crate::host::{FileId, HostTree, NodeKind};
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
    pub entries: Vec<(PathBuf, Entry<'o>, usize)>,
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
struct Led {
    real: PathBuf,
    found: Option<FileId>,
    links: Vec<(PathBuf, PathBuf)>,
    /// The last link, when the path's own last component is one: its place and identity.
    last: Option<(PathBuf, FileId)>,
    untrusted: Option<PathBuf>,
}

/// Resolves every object. Sorted by path, each shares its verified folders with the one before, so that the host is
/// asked about each folder once.
pub(crate) fn resolve<'o>(
    objects: &'o [Object],
    token: &Token,
    tree: &dyn HostTree,
) -> Result<Resolved<'o>, PlanError> {
    let mut order: Vec<(PathBuf, usize)> = Vec::with_capacity(objects.len());
    let mut resolved = Resolved::default();
    let mut listings = glob::Listings::default();
    for (number, object) in objects.iter().enumerate() {
        components(&object.path)?;
        let restricts = merge::restricts(&object.descriptor);
        if object.glob && restricts {
            let why = "a wildcard can't deny, since names made later would escape it";
            return Err(PlanError::BadPath { path: object.path.clone(), why });
        }
        // Most of the catalogue is for capabilities that the token does not hold: such entries change nothing.
        if object.optional && !restricts && !may_allow(&object.descriptor, token) {
            continue;
        }
        if object.glob {
            let paths = glob::expand(&object.path, tree, &mut listings);
            order.extend(paths.into_iter().map(|path| (path, number)));
        } else {
            order.push((order::plain(&object.path), number));
        }
    }
    order.sort_by(|a, b| by_component(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let mut verified: Vec<OsString> = Vec::new();
    for (path, number) in order {
        let led = lead(&path, tree, &mut verified)?;
        settle(path, number, &objects[number], led, token, &mut resolved);
    }
    // Entries that meet at one path keep the order of the objects.
    resolved.entries.sort_by(|a, b| by_component(&a.0, &b.0).then(a.2.cmp(&b.2)));
    Ok(resolved)
}

fn lead(path: &Path, tree: &dyn HostTree, verified: &mut Vec<OsString>) -> Result<Led, PlanError> {
    let names = components(path)?;
    let shared = names.iter().zip(verified.iter()).take_while(|(a, b)| **a == b.as_os_str()).count();
    let shared = shared.min(names.len().saturating_sub(1));
    verified.truncate(shared);
    let mut done = PathBuf::from("/");
    done.extend(&names[..shared]);
    let mut found = None;
    for (number, name) in names.iter().enumerate().skip(shared) {
        done.push(name);
        found = tree.node(&done);
        match found {
            None => {
                done.extend(&names[number + 1..]);
                break;
            }
            Some(FileId { kind: NodeKind::Symlink, .. }) => {
                done.pop();
                return Ok(follow(done, &names[number..], path, tree));
            }
            Some(_) if number + 1 < names.len() => verified.push(name.to_os_string()),
            Some(_) => {}
        }
    }
    if names.is_empty() {
        found = tree.node(Path::new("/"));
    }
    Ok(Led { real: done, found, links: Vec::new(), last: None, untrusted: None })
}

/// The slow way, for paths with links: `done` holds no link, `rest` begins with one.
fn follow(mut done: PathBuf, rest: &[&std::ffi::OsStr], path: &Path, tree: &dyn HostTree) -> Led {
    let mut todo: VecDeque<(OsString, bool)> = rest.iter().map(|name| (name.to_os_string(), true)).collect();
    if let Some(last) = todo.back_mut() {
        last.1 = false;
    }
    let mut led = Led { real: PathBuf::new(), found: None, links: Vec::new(), last: None, untrusted: None };
    while let Some((name, inner)) = todo.pop_front() {
        if name == ".." {
            done.pop();
            continue;
        }
        done.push(&name);
        led.found = tree.node(&done);
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
            led.untrusted = Some(done.clone());
            led.real = path.to_path_buf();
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
    led.real = done;
    led
}

fn settle<'o>(
    path: PathBuf,
    number: usize,
    object: &'o Object,
    led: Led,
    token: &Token,
    resolved: &mut Resolved<'o>,
) {
    let entry = Entry {
        descriptor: Cow::Borrowed(&object.descriptor),
        kinds: Kinds::of(object.kind),
        optional: object.optional || object.glob,
        found: led.found,
    };
    let mut refuse = |reason: Reason, entry: Entry<'o>, places: Vec<(PathBuf, Option<FileId>)>| {
        resolved.notes.push(Note { path: path.clone(), dropped: FsRights::NONE, reason });
        // What takes away still takes away, at every place that the path may mean.
        if let Some(descriptor) = merge::as_denies(&entry.descriptor, token) {
            for (place, found) in places {
                let entry = Entry {
                    descriptor: Cow::Owned(descriptor.clone()),
                    found,
                    optional: true,
                    ..entry.clone()
                };
                resolved.entries.push((place, entry, number));
            }
        }
    };
    if let Some(link) = led.untrusted {
        let mut places = vec![(path.clone(), None)];
        if led.real != path {
            places.push((led.real, led.found));
        }
        refuse(Reason::Symlink { link }, entry, places);
        return;
    }
    if let Some(pinned) = object.identity
        && led.found.is_some_and(|found| found != pinned)
    {
        refuse(Reason::Changed, entry, vec![(led.real, led.found)]);
        return;
    }
    for (link, target) in led.links {
        resolved.through.push(Through { link, target, end: led.real.clone() });
    }
    if let Some((place, id)) = led.last {
        resolved.entries.push((place, Entry { found: Some(id), ..entry.clone() }, number));
    }
    resolved.entries.push((led.real, entry, number));
}
