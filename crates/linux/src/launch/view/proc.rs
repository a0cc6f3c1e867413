//! `/proc`: of the container's processes only, read-only, with what tells about the host masked.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use lowbox_policy::NodeKind;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, mkdirat, mknodat, openat, unlinkat};
use rustix::mount::{MoveMountFlags, move_mount};

use super::Builder;
use super::mounts::proc_mount;
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::pin::{file_id, open_without_links};
use crate::launch::rules::READ_ONLY;
use crate::sys::{self, MountAttributes, clone_mount};

/// What in /proc tells about the host beyond what programs need, or reaches its hardware. Entries of /proc can't be renamed,
/// so these masks stay.
const MASKED: [&str; 9] =
    ["kcore", "keys", "key-users", "timer_list", "cmdline", "sysrq-trigger", "kmsg", "modules", "kallsyms"];

/// Files of /proc/sys/user (namespaces(7), inotify(7)): name, value, whether a kernel without it is refused.
const NAMESPACE_LIMITS: [(&str, &str, bool); 4] = [
    ("max_user_namespaces", "0", true),
    ("max_inotify_instances", "64", false),
    ("max_inotify_watches", "16384", false),
    ("max_fanotify_groups", "0", false),
];

impl Builder {
    /// A /proc of the new pid namespace: read-only as a whole (sysctl, sysrq-trigger and the writable files of processes),
    /// with what tells about the host masked.
    pub(super) fn proc(&mut self) -> Result<(), Failure> {
        let path = Path::new("/proc");
        let at = || Failure::at::<rustix::io::Errno>(Step::Proc, path);
        let mount = proc_mount().map_err(at())?;
        self.attach(mount.as_fd(), path, true).map_err(at())?;
        self.lower_namespace_limits(mount.as_fd())?;
        for masked in MASKED {
            let target = match open_without_links(&mount, Path::new(masked)) {
                Ok(target) => target,
                // A kernel without it has nothing to mask.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(at()(error)),
            };
            // What only the host's root may open is closed already: host root is never mapped.
            if fstat(&target).map_err(at())?.st_mode & 0o007 == 0 {
                continue;
            }
            let empty = tmpfs_mask(&self.root, file_id(&target).map_err(at())?.kind)
                .map_err(Failure::at(Step::Proc, path))?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
            move_mount(&empty, "", &target, "", flags).map_err(at())?;
        }
        // The covers live on as mounts; their names need not.
        let _ = unlinkat(&self.root, EMPTY_FILE, AtFlags::empty());
        let _ = unlinkat(&self.root, EMPTY_FOLDER, AtFlags::REMOVEDIR);
        let attributes = MountAttributes {
            read_only: true,
            no_exec: true,
            no_dev: true,
            recursive: true,
            ..MountAttributes::default()
        };
        sys::set_mount_attributes(mount.as_fd(), attributes, None).map_err(Failure::at(Step::Proc, path))?;
        self.rule(mount.as_fd(), path, READ_ONLY, true)
    }

    /// No namespaces of the program's own, and only a part of what is counted by the host's user.
    fn lower_namespace_limits(&self, proc: BorrowedFd<'_>) -> Result<(), Failure> {
        for (file, value, needed) in NAMESPACE_LIMITS {
            let path = format!("sys/user/{file}");
            let at =
                || Failure::at::<rustix::io::Errno>(Step::NamespaceLimits, Path::new("/proc").join(&path));
            match openat(proc, path.as_str(), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
                Ok(file) => drop(rustix::io::write(&file, value.as_bytes()).map_err(at())?),
                Err(rustix::io::Errno::NOENT) if !needed => {}
                Err(error) => return Err(at()(error)),
            }
        }
        Ok(())
    }
}

const EMPTY_FILE: &str = ".empty-file";
const EMPTY_FOLDER: &str = ".empty-folder";

/// A detached mount of an empty file or folder of the private root, to cover something with.
fn tmpfs_mask(root: &OwnedFd, kind: NodeKind) -> io::Result<OwnedFd> {
    let name = if kind == NodeKind::Dir { EMPTY_FOLDER } else { EMPTY_FILE };
    let made = if kind == NodeKind::Dir {
        mkdirat(root, name, Mode::empty())
    } else {
        mknodat(root, name, FileType::RegularFile, Mode::empty(), 0)
    };
    if !matches!(made, Ok(()) | Err(rustix::io::Errno::EXIST)) {
        made?;
    }
    let object = openat(root, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    clone_mount(
        object.as_fd(),
        MountAttributes { read_only: true, no_exec: true, no_dev: true, ..MountAttributes::default() },
    )
}
