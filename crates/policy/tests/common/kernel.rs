//! A model of what the kernel enforces of a plan: which mount shows a path, its flags, and Landlock's rules added up
//! along the path through the mounts. The shut calls (xattr reads, watches) are modelled as the plan says.

use std::path::Path;

use lowbox_policy::{Bind, FsRights, NodeKind, Operation, Plan};

pub struct Kernel<'p> {
    plan: &'p Plan,
    /// Numbers of binds whose mounts have fallen off; their rules stay with the inodes.
    fallen: Vec<usize>,
    /// The rules of fallen mounts are gone too: something new stands in their place.
    replaced: bool,
}

impl<'p> Kernel<'p> {
    pub fn new(plan: &'p Plan) -> Kernel<'p> {
        Kernel { plan, fallen: Vec::new(), replaced: false }
    }

    pub fn without(plan: &'p Plan, bind: usize, replaced: bool) -> Kernel<'p> {
        Kernel { plan, fallen: vec![bind], replaced }
    }

    /// Whether the file that a fallen mount showed is still at this path.
    pub fn still_stands(&self, path: &Path) -> bool {
        !self.replaced && self.fallen.iter().any(|number| self.plan.binds[*number].path == path)
    }

    /// The mount that shows a path: the deepest bind at or above it.
    pub fn mount(&self, path: &Path) -> Option<&'p Bind> {
        path.ancestors().find_map(|above| {
            let number = self.plan.binds.iter().position(|bind| bind.path == above)?;
            let bind = &self.plan.binds[number];
            let shows = above == path || bind.id.kind == NodeKind::Dir;
            (shows && !self.fallen.contains(&number)).then_some(bind)
        })
    }

    /// Landlock's rights at a path: all rules on it and on every directory above it.
    fn rights(&self, path: &Path) -> FsRights {
        let mut rights = FsRights::NONE;
        for (number, bind) in self.plan.binds.iter().enumerate() {
            let holds = bind.path == path || (bind.id.kind == NodeKind::Dir && path.starts_with(&bind.path));
            if holds && !(self.replaced && self.fallen.contains(&number)) {
                rights |= bind.rights;
            }
        }
        if self.plan.listable.iter().any(|dir| path.starts_with(dir)) {
            rights |= FsRights::READ_DIR;
        }
        rights
    }

    /// Whether the kernel permits an operation on a path of this kind.
    pub fn permits(&self, operation: Operation, path: &Path, kind: NodeKind) -> bool {
        let Some(mount) = self.mount(path) else { return false };
        let parent = path.parent().unwrap_or(path);
        // Names are made and removed in the parent; the parent must lie on the same mount, not be skeleton.
        let in_parent = |needed: FsRights| {
            self.mount(parent).is_some_and(|above| above.path == mount.path && above.writable)
                && self.rights(parent).contains(needed)
        };
        let rights = self.rights(path);
        let special = !matches!(kind, NodeKind::File | NodeKind::Dir);
        let is_dir = kind == NodeKind::Dir;
        match operation {
            Operation::Read => !is_dir && rights.contains(FsRights::READ_FILE),
            Operation::List => is_dir && rights.contains(FsRights::READ_DIR),
            Operation::Write | Operation::Append => {
                !is_dir && rights.contains(FsRights::WRITE_FILE) && (special || mount.writable)
            }
            Operation::Truncate => !is_dir && rights.contains(FsRights::TRUNCATE) && mount.writable,
            Operation::Execute => !is_dir && rights.contains(FsRights::EXECUTE) && mount.executable,
            Operation::Stat => true,
            Operation::Chmod | Operation::Utime | Operation::SetXattr => mount.writable,
            Operation::GetXattr => !self.plan.deny_xattr_reads,
            Operation::Connect => mount.connect && mount.path == path,
            Operation::Create | Operation::RenameTo | Operation::LinkTo => in_parent(FsRights::MAKE_REG),
            Operation::LinkFrom => !is_dir && mount.writable && in_parent(FsRights::MAKE_REG),
            Operation::Mkdir | Operation::RenameDirTo => in_parent(FsRights::MAKE_DIR),
            Operation::Symlink => in_parent(FsRights::MAKE_SYM),
            Operation::MakeSpecial => in_parent(FsRights::MAKE_FIFO) || in_parent(FsRights::MAKE_SOCK),
            Operation::Unlink => !is_dir && in_parent(FsRights::REMOVE_FILE),
            Operation::Rmdir => is_dir && in_parent(FsRights::REMOVE_DIR),
            Operation::RenameFrom => {
                in_parent(if is_dir { FsRights::REMOVE_DIR } else { FsRights::REMOVE_FILE })
            }
        }
    }
}
