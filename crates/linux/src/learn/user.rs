//! What the program's user may do on the host: what fails whatever is granted needs no grant.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use lowbox_policy::Operation;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::launch::Spec;

/// The program's user.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    /// Under root: the uid that root's files seem to belong to. An ordinary user is who lowbox is.
    roots: Option<u32>,
}

impl User {
    pub(super) fn of(spec: &Spec) -> User {
        User { roots: spec.user.launched_by_root.then_some(spec.user.uid) }
    }

    /// Whether the host's permissions allow it; of what they don't decide by mode alone it is said that they do.
    pub(super) fn may(self, path: &Path, operation: Operation) -> bool {
        let (wanted, on_folder) = match operation {
            Operation::Read | Operation::GetXattr => (Access::READ_OK, false),
            Operation::List => (Access::READ_OK, false),
            Operation::Write | Operation::Append | Operation::Truncate | Operation::Connect => {
                (Access::WRITE_OK, false)
            }
            Operation::Execute => (Access::EXEC_OK, false),
            Operation::Create
            | Operation::Mkdir
            | Operation::Symlink
            | Operation::MakeSpecial
            | Operation::Unlink
            | Operation::Rmdir
            | Operation::RenameFrom
            | Operation::RenameTo
            | Operation::RenameDirTo
            | Operation::LinkTo => (Access::WRITE_OK | Access::EXEC_OK, true),
            Operation::LinkFrom
            | Operation::Stat
            | Operation::Chmod
            | Operation::Utime
            | Operation::SetXattr => return true,
        };
        let Some(object) = (if on_folder { path.parent() } else { Some(path) }) else { return false };
        match self.roots {
            None => accessat(CWD, object, wanted, AtFlags::EACCESS).is_ok(),
            Some(uid) => by_mode(object, uid, wanted),
        }
    }
}

/// Root's programs own root's files, but for those of the kernel, and have no group beside root's.
fn by_mode(path: &Path, uid: u32, wanted: Access) -> bool {
    let Ok(meta) = std::fs::metadata(path) else { return false };
    let kernels = path.starts_with("/dev") || path.starts_with("/sys");
    let bits = match (meta.uid(), meta.gid()) {
        (owner, _) if owner == uid || (owner == 0 && !kernels) => meta.mode() >> 6,
        (_, 0) if !kernels => meta.mode() >> 3,
        _ => meta.mode(),
    };
    // access(2) has the bits of a mode.
    bits & wanted.bits() == wanted.bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_the_users_permissions_refuse_is_no_access() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
        let uid = rustix::process::geteuid().as_raw();
        for user in [User { roots: Some(uid) }, User { roots: None }] {
            assert!(user.may(&file, Operation::Read) && user.may(&file, Operation::Unlink));
            // Root itself may whatever the mode says; its program may not.
            let root_itself = user.roots.is_none() && uid == 0;
            assert_eq!(user.may(&file, Operation::Write), root_itself);
            assert!(!user.may(&file, Operation::Execute));
            assert!(!user.may(&folder.path().join("none/x"), Operation::Create));
        }
    }
}
