//! Whether a plan lets the kernel permit what the access check grants: the plan withholds what the kernel can't hold
//! exactly.

use std::path::Path;

use lowbox_policy::{Bind, FsRights, NodeKind, Operation, Plan};

/// Whether the mounts and Landlock rules of `plan` permit the operation. Exact for what exists; answers for names in a
/// folder by the folder.
pub fn permits(plan: &Plan, operation: Operation, path: &Path, kind: NodeKind) -> bool {
    let parent = path.parent().unwrap_or(path);
    let own = |right: FsRights| rights(plan, path).contains(right);
    let writable = |path: &Path| mount(plan, path).is_some_and(|bind| bind.writable);
    let in_folder = |right: FsRights| writable(parent) && rights(plan, parent).contains(right);
    let special = !matches!(kind, NodeKind::File | NodeKind::Dir);
    let removing = if kind == NodeKind::Dir { FsRights::REMOVE_DIR } else { FsRights::REMOVE_FILE };
    match operation {
        Operation::Read | Operation::List if kind == NodeKind::Dir => own(FsRights::READ_DIR),
        Operation::Read | Operation::List => own(FsRights::READ_FILE),
        Operation::Write | Operation::Append => own(FsRights::WRITE_FILE) && (special || writable(path)),
        Operation::Truncate => own(FsRights::TRUNCATE) && writable(path),
        Operation::Execute => own(FsRights::EXECUTE) && mount(plan, path).is_some_and(|bind| bind.executable),
        Operation::Stat => is_visible(plan, path),
        Operation::GetXattr => !plan.deny_xattr_reads && is_visible(plan, path),
        Operation::Chmod | Operation::Utime | Operation::SetXattr => writable(path),
        Operation::Connect => plan.binds.iter().any(|bind| bind.path == path && bind.connect),
        Operation::Create | Operation::RenameTo | Operation::LinkTo => in_folder(FsRights::MAKE_REG),
        Operation::LinkFrom => writable(path) && in_folder(FsRights::MAKE_REG),
        Operation::Mkdir | Operation::RenameDirTo => in_folder(FsRights::MAKE_DIR),
        Operation::Symlink => in_folder(FsRights::MAKE_SYM),
        Operation::MakeSpecial => in_folder(FsRights::MAKE_FIFO) || in_folder(FsRights::MAKE_SOCK),
        Operation::Unlink | Operation::Rmdir | Operation::RenameFrom => in_folder(removing),
    }
}

/// The mount that shows the path: the deepest at or above it.
fn mount<'p>(plan: &'p Plan, path: &Path) -> Option<&'p Bind> {
    plan.binds.iter().filter(|bind| covers(bind, path)).max_by_key(|bind| bind.path.as_os_str().len())
}

fn covers(bind: &Bind, path: &Path) -> bool {
    bind.path == path || (bind.id.kind == NodeKind::Dir && path.starts_with(&bind.path))
}

/// Folders that only hold mounts, and links that are kept, are there too.
fn is_visible(plan: &Plan, path: &Path) -> bool {
    mount(plan, path).is_some()
        || plan.links.iter().any(|(link, _)| link.starts_with(path))
        || plan.binds.iter().any(|bind| bind.path.starts_with(path))
}

/// Landlock adds up the rules on the path and on every folder above it.
fn rights(plan: &Plan, path: &Path) -> FsRights {
    let rules = plan.binds.iter().filter(|bind| covers(bind, path)).map(|bind| bind.rights);
    let mut all = rules.fold(FsRights::NONE, |all, rights| all | rights);
    if plan.listable.iter().any(|folder| path.starts_with(folder)) {
        all |= FsRights::READ_DIR;
    }
    all
}
