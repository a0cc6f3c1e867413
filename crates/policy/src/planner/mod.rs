//! The planner: objects and a token in, a plan for the kernel out.
//!
//! Landlock's rules add up down a tree and can't subtract, and a mask mounted over a child falls off when the host renames
//! the child. So whatever is narrower than the folder above it is never masked: the folder is built positively from its
//! other children, or loses the rights that its child must not have.
//!
//! Descriptors belong to paths. A file with a second name (a hard link, a bind mount of the host) has at each name what
//! that name's descriptor says, so a deny at one name does not reach the other.

pub(crate) mod check;
mod descriptors;
mod expand;
mod floor;
pub(crate) mod forest;
pub(crate) mod glob;
mod listable;
mod looked;
pub(crate) mod merge;
pub(crate) mod paths;
mod place;
mod protect;
mod regions;
mod resolve;
mod rights;

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_security::Token;

use crate::fs_rights::FsRights;
use crate::host::{HostTree, NodeKind};
use crate::object::Object;
use crate::plan::{Bind, Plan, PlanError, PlanOptions};
use forest::{Barrier, Forest, Item};
use looked::Looked;
use paths::{by_component, ends, is_within, path_of, plain};
use place::Placer;
use regions::Regions;
use resolve::Through;

/// Plans what of the host's tree the program gets. Deterministic: the same input gives the same plan.
///
/// The kernel, set up as the plan says, never permits what the access check denies; where it can't enforce a grant
/// exactly, the plan gives less and a [`Note`](crate::Note) says so.
///
/// # Errors
/// [`PlanError::Refused`] when a grant would open a protected place, and others when a path is malformed or the plan
/// would be too large.
pub fn plan(
    token: &Token,
    objects: &[Object],
    tree: &dyn HostTree,
    options: &PlanOptions,
) -> Result<Plan, PlanError> {
    let tree = Looked::new(tree);
    let mut regions = Regions::new(token);
    let resolved = resolve::resolve(objects, token, &mut regions, &tree)?;
    protect::refuse(objects, &resolved, options)?;
    let mut items: Vec<(Cow<'_, Path>, Item)> = Vec::with_capacity(resolved.entries.len() + 8);
    items.extend(resolved.entries.into_iter().map(|(path, entry, _)| (path, Item::Entry(entry))));
    for reserved in &options.reserved {
        items.push((plain(reserved)?, Item::Barrier(Barrier::Reserved)));
    }
    for protected in options.protected.iter().filter(|protected| protected.inside_too) {
        items.push((plain(&protected.path)?, Item::Barrier(Barrier::Protected(protected.what))));
    }
    let forest = Forest::build(items, &mut regions)?;
    let mut placer = Placer::new(&forest, regions, &tree, options);
    placer.run()?;
    let Placer { mut binds, mut links, mut notes, deny_xattr_reads, .. } = placer;
    binds.sort_by(|a, b| by_component(&a.path, &b.path));
    links_through(&resolved.through, &binds, &mut links);
    links.sort();
    links.dedup_by(|a, b| a.0 == b.0);
    notes.splice(0..0, resolved.notes);
    let listable = listable::listable(&binds, &links);
    let deny_watches =
        binds.iter().any(|bind| bind.id.kind == NodeKind::Dir && !bind.rights.contains(FsRights::READ_DIR));
    Ok(Plan { binds, listable, links, deny_xattr_reads, deny_watches, notes })
}

/// Links that lead to something granted are made, unless a bound tree shows them already. `binds` is sorted by path.
fn links_through(through: &[Through], binds: &[Bind], links: &mut Vec<(PathBuf, PathBuf)>) {
    let at_or_after = |path: &Path| binds.partition_point(|bind| by_component(&bind.path, path).is_lt());
    let is_shown = |path: &Path| {
        let bound = |path: &Path| {
            binds.get(at_or_after(path)).is_some_and(|bind| bind.path.as_os_str() == path.as_os_str())
        };
        let bytes = path.as_os_str().as_bytes();
        bound(Path::new("/")) || ends(bytes, 0).any(|end| bound(path_of(&bytes[..end])))
    };
    for Through { link, target, end } in through {
        let leads_to = binds.get(at_or_after(end)).is_some_and(|bind| is_within(&bind.path, end));
        if !is_shown(link) && (leads_to || is_shown(end)) {
            links.push((link.clone(), target.clone()));
        }
    }
}
