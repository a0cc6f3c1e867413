//! Why the kernel denies what the access check allows. Every such case needs a reason from here: a note of the plan, the
//! host's permissions, or a limit of the kernel that ARCHITECTURE documents.

use std::path::{Path, PathBuf};

use lowbox_model_test::{Action, Attempt};
use lowbox_policy::{Bind, FsRights, NodeKind, Note, Object, ObjectKind, Operation, Plan, Reason};
use rustix::io::Errno;

use crate::case::Tree;
use crate::kernel::Kernel;
use crate::oracle::{Need, Oracle};
use crate::permissions::Permissions;

/// The rights without which an operation can't be done.
fn rights_of(operation: Operation, kind: NodeKind) -> FsRights {
    match operation {
        Operation::Read => FsRights::READ_FILE,
        Operation::Write | Operation::Append => FsRights::WRITE_FILE,
        Operation::Truncate => FsRights::TRUNCATE | FsRights::WRITE_FILE,
        Operation::List => FsRights::READ_DIR,
        Operation::Execute => FsRights::EXECUTE,
        Operation::Create | Operation::LinkTo | Operation::RenameTo => FsRights::MAKE_FILE_LIKE,
        Operation::Symlink | Operation::MakeSpecial => FsRights::MAKE_FILE_LIKE,
        Operation::Mkdir | Operation::RenameDirTo => FsRights::MAKE_DIR,
        Operation::Unlink => FsRights::REMOVE_FILE,
        Operation::Rmdir => FsRights::REMOVE_DIR,
        Operation::RenameFrom if kind == NodeKind::Dir => FsRights::REMOVE_DIR,
        Operation::RenameFrom => FsRights::REMOVE_FILE,
        // They come with the mount's being writable.
        Operation::Chmod | Operation::Utime | Operation::SetXattr | Operation::LinkFrom => FsRights::WRITES,
        Operation::Stat | Operation::GetXattr | Operation::Connect => FsRights(u32::MAX),
    }
}

/// The name of a reason, for the table.
fn note_name(reason: &Reason) -> &'static str {
    match reason {
        Reason::Missing => "note: missing",
        Reason::Symlink { .. } => "note: a symbolic link on the way",
        Reason::Changed => "note: changed",
        Reason::NarrowerBeneath { .. } => "note: narrower beneath",
        Reason::BuiltPositively { .. } => "note: built child by child",
        Reason::CannotExpand { .. } => "note: can't be built child by child",
        Reason::WriteNeedsAttributes => "note: writing without WRITE_ATTRIBUTES and WRITE_EA",
        Reason::VisibleNeedsAttributes => "note: rights without READ_ATTRIBUTES",
        Reason::ExecuteNeedsRead => "note: EXECUTE without READ_DATA",
        Reason::WriteIsWhole => "note: WRITE_DATA without APPEND_DATA",
        Reason::NotUniform => "note: not uniform",
        Reason::WrongKind { .. } => "note: another kind",
        Reason::SocketInTree => "note: socket in a tree",
        Reason::Reserved => "note: reserved",
        Reason::Protected { .. } => "note: protected",
        #[allow(unreachable_patterns, reason = "the planner may learn more reasons")]
        _ => "note: another",
    }
}

/// Where a note holds: at its path, and where a link on it leads, because what an entry takes away is taken away there.
fn places(note: &Note, tree: &Tree) -> Vec<PathBuf> {
    let mut places = vec![note.path.clone()];
    if let Reason::Symlink { .. } = note.reason {
        for _ in 0..8 {
            let last = places[places.len() - 1].clone();
            let link =
                tree.nodes.iter().find(|node| node.kind == NodeKind::Symlink && last.starts_with(&node.path));
            let Some(link) = link else { break };
            places.push(link.target.join(last.strip_prefix(&link.path).unwrap_or(Path::new(""))));
        }
    }
    places
}

fn noted(plan: &Plan, tree: &Tree, need: &Need) -> Option<&'static str> {
    let wanted = rights_of(need.operation, need.kind);
    plan.notes
        .iter()
        .filter(|note| {
            places(note, tree).iter().any(|place| need.path.starts_with(place.components().as_path()))
        })
        .find(|note| note.dropped.is_empty() || note.dropped.intersects(wanted))
        .map(|note| note_name(&note.reason))
}

/// What the kernel can't express, where the plan has no note.
fn inexpressible(plan: &Plan, kernel: &Kernel<'_>, oracle: &Oracle, need: &Need) -> Option<&'static str> {
    let parent = need.path.parent().unwrap_or(&need.path);
    let is_writable = |path: &Path| kernel.mount(path).is_some_and(|mount| mount.writable);
    match need.operation {
        Operation::Connect
            if !oracle.objects.iter().any(|object| is_socket_entry(object, oracle, &need.path)) =>
        {
            Some("limit: a socket is connected to by an entry of its own alone")
        }
        Operation::Append if !oracle.allows(&Need { operation: Operation::Write, ..need.clone() }) => {
            Some("limit: appending alone (the kernel has one right to write)")
        }
        Operation::Write if !oracle.allows(&Need { operation: Operation::Append, ..need.clone() }) => {
            Some("limit: writing without appending (the kernel has one right to write)")
        }
        Operation::GetXattr if plan.deny_xattr_reads => {
            Some("limit: extended attributes are shut for the whole container")
        }
        Operation::Chmod | Operation::Utime | Operation::SetXattr | Operation::LinkFrom
            if !is_writable(&need.path) =>
        {
            Some("limit: attributes change on writable mounts alone")
        }
        Operation::LinkFrom => Some("limit: a hard link needs the right to make files beside"),
        Operation::Unlink | Operation::Rmdir | Operation::RenameFrom if !is_writable(parent) => {
            Some("limit: names are removed from writable folders alone")
        }
        Operation::Unlink | Operation::Rmdir | Operation::RenameFrom => {
            Some("limit: DELETE on one object of a folder")
        }
        _ => None,
    }
}

/// Entries that say nothing about the token are not looked at; a socket is shown by one that does.
fn is_socket_entry(object: &Object, oracle: &Oracle, path: &Path) -> bool {
    let holds =
        |sid| oracle.token.app_container.as_ref().is_some_and(|container| container.matches_allow(sid));
    object.kind == ObjectKind::Socket
        && object.path == path
        && object.descriptor.dacl.aces().iter().any(|ace| holds(&ace.sid))
}

/// What a loss is judged by.
pub struct Judge<'a> {
    pub plan: &'a Plan,
    pub tree: &'a Tree,
    pub oracle: &'a Oracle,
    pub permissions: &'a Permissions<'a>,
    pub kernel: &'a Kernel<'a>,
}

/// The reason for a loss, or `None` when there is none.
pub fn reason(
    judge: &Judge<'_>,
    attempt: &Attempt,
    needs: &[Need],
    errno: Option<Errno>,
) -> Option<&'static str> {
    let Judge { plan, tree, oracle, permissions, kernel } = *judge;
    let unplanned: Vec<&Need> =
        needs.iter().filter(|need| !kernel.permits(need.operation, &need.path, need.kind)).collect();
    if let Some(need) = unplanned.first() {
        let by_note = unplanned.iter().find_map(|need| noted(plan, tree, need));
        let by_limit = || unplanned.iter().find_map(|need| inexpressible(plan, kernel, oracle, need));
        let by_wildcard = || unplanned.iter().find_map(|need| unmatched(oracle, permissions, need));
        return by_note.or_else(by_limit).or_else(by_wildcard).or_else(|| not_shown(kernel, need));
    }
    if attempt.action == Action::Watch && plan.deny_watches {
        return Some("limit: watches are shut for the whole container");
    }
    let is_device = |need: &Need| matches!(need.kind, NodeKind::CharDevice | NodeKind::BlockDevice);
    if needs.iter().any(|need| is_device(need) && !kernel.mount(&need.path).is_some_and(Bind::is_device)) {
        return Some("limit: a device is opened by an entry of its own alone");
    }
    // The plan has it all; what remains is what the kernel adds.
    let other = attempt.other.as_deref().unwrap_or(&attempt.path);
    let mounts = |path: &Path| kernel.mount(path).map(|mount| &mount.path);
    match (attempt.action, errno) {
        (_, Some(Errno::BUSY)) => Some("limit: a mount point can't be removed or moved"),
        (Action::Rename | Action::RenameOver | Action::Exchange | Action::Link, Some(Errno::XDEV))
            if mounts(attempt.path.parent()?) != mounts(other.parent()?) =>
        {
            Some("limit: nothing moves from one mount to another")
        }
        _ => None,
    }
}

/// A wildcard stands for the names that the user can list when the program starts.
fn unmatched(oracle: &Oracle, permissions: &Permissions<'_>, need: &Need) -> Option<&'static str> {
    let matched_at_start = |object: &Object| {
        let name: PathBuf = need.path.iter().take(object.path.iter().count()).collect();
        let folder = object.path.parent().unwrap_or(&object.path);
        permissions.seen.contains_key(&name) && permissions.lists(folder)
    };
    let folder_of = |object: &Object| object.path.parent().map(Path::to_path_buf).unwrap_or_default();
    oracle
        .objects
        .iter()
        .filter(|object| object.glob && need.path.starts_with(folder_of(object)))
        .any(|object| !matched_at_start(object))
        .then_some("limit: a wildcard stands for the names that are listed at the start")
}

/// Attributes alone: nothing can be opened, so nothing is bound, and there is nothing to tell the user about.
fn not_shown(kernel: &Kernel<'_>, need: &Need) -> Option<&'static str> {
    let bare = matches!(need.operation, Operation::Stat | Operation::GetXattr);
    (bare && kernel.mount(&need.path).is_none()).then_some("limit: attributes alone, with nothing to open")
}
