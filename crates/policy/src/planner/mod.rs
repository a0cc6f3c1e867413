//! The planner: objects and a token in, a plan for the kernel out.
//!
//! Landlock's rules add up down a tree and can't subtract, and a mask mounted over a child falls off when the host renames
//! the child. So whatever is narrower than the folder above it is never masked: the folder is built positively from its
//! other children, or loses the rights that its child must not have.
//!
//! Descriptors belong to paths. A file with a second name (a hard link, a bind mount of the host) has at each name what
//! that name's descriptor says, so a deny at one name does not reach the other.

pub(crate) mod check;
mod expand;
mod floor;
pub(crate) mod forest;
pub(crate) mod glob;
mod listable;
pub(crate) mod merge;
mod order;
mod place;
mod protect;
mod regions;
mod resolve;
mod rights;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use lowbox_security::Token;

use crate::fs_rights::FsRights;
use crate::host::{HostTree, NodeKind};
use crate::object::Object;
use crate::plan::{Bind, Plan, PlanError, PlanOptions};
use forest::{Barrier, Forest, Item};
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
    let resolved = resolve::resolve(objects, token, tree)?;
    protect::refuse(objects, &resolved, options)?;
    let mut items: Vec<(PathBuf, Item<'_>)> = Vec::with_capacity(resolved.entries.len() + 8);
    items.extend(resolved.entries.into_iter().map(|(path, entry, _)| (path, Item::Entry(entry))));
    for reserved in &options.reserved {
        items.push((order::plain(reserved), Item::Barrier(Barrier::Reserved)));
    }
    for protected in options.protected.iter().filter(|protected| protected.inside_too) {
        items.push((order::plain(&protected.path), Item::Barrier(Barrier::Protected(protected.what))));
    }
    let forest = Forest::build(items)?;
    let mut placer = Placer::new(&forest, Regions::new(token), tree, options);
    placer.run()?;
    let Placer { mut binds, mut links, mut notes, deny_xattr_reads, .. } = placer;
    binds.sort_by(|a, b| order::by_component(&a.path, &b.path));
    links_through(&resolved.through, &binds, &mut links);
    links.sort();
    links.dedup_by(|a, b| a.0 == b.0);
    notes.splice(0..0, resolved.notes);
    let listable = listable::listable(&binds, &links);
    let deny_watches =
        binds.iter().any(|bind| bind.id.kind == NodeKind::Dir && !bind.rights.contains(FsRights::READ_DIR));
    Ok(Plan { binds, listable, links, deny_xattr_reads, deny_watches, notes })
}

/// Links that lead to something granted are made, unless a bound tree shows them already.
fn links_through(through: &[Through], binds: &[Bind], links: &mut Vec<(PathBuf, PathBuf)>) {
    if through.is_empty() {
        return;
    }
    let bound: HashSet<&Path> = binds.iter().map(|bind| bind.path.as_path()).collect();
    let is_shown = |path: &Path| path.ancestors().any(|above| bound.contains(above));
    for Through { link, target, end } in through {
        let beneath = binds.partition_point(|bind| order::by_component(&bind.path, end).is_lt());
        let leads_to = binds.get(beneath).is_some_and(|bind| bind.path.starts_with(end));
        if !is_shown(link) && (is_shown(end) || leads_to) {
            links.push((link.clone(), target.clone()));
        }
    }
}
