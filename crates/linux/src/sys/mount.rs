//! mount_setattr(2) and open_tree_attr(2): attributes and id maps of mounts, which rustix does not offer.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mount::{OpenTreeFlags, open_tree};

/// The attributes to set on a mount (mount_setattr(2)); nothing is cleared but by [`change_mount_attributes`], and MOUNT_ATTR_NOSUID is always set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountAttributes {
    /// MOUNT_ATTR_RDONLY.
    pub read_only: bool,
    /// MOUNT_ATTR_NOEXEC.
    pub no_exec: bool,
    /// MOUNT_ATTR_NODEV.
    pub no_dev: bool,
    /// MOUNT_ATTR_NOATIME, which only mounts can have that were made in this user namespace. A link on a mount that is read-only without it
    /// takes each look-up that follows it, and the rest of its path, off the kernel's fast way (path-lookup.rst, "RCU-walk"): its time of
    /// access is due and can't be written.
    pub no_atime: bool,
    /// Of the mounts beneath it too (AT_RECURSIVE).
    pub recursive: bool,
}

impl MountAttributes {
    /// The same, and what is not wanted is cleared.
    fn exactly(self) -> libc::mount_attr {
        let attr = self.for_kernel();
        let all = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOEXEC;
        libc::mount_attr { attr_clr: attr.attr_clr | (all & !attr.attr_set), ..attr }
    }

    fn for_kernel(self) -> libc::mount_attr {
        let mut set = libc::MOUNT_ATTR_NOSUID;
        for (wanted, bit) in [
            (self.read_only, libc::MOUNT_ATTR_RDONLY),
            (self.no_exec, libc::MOUNT_ATTR_NOEXEC),
            (self.no_dev, libc::MOUNT_ATTR_NODEV),
            (self.no_atime, libc::MOUNT_ATTR_NOATIME),
        ] {
            if wanted {
                set |= bit;
            }
        }
        // What is said of times of access is a value and no bit: it is set by clearing the one before.
        let clear = if self.no_atime { libc::MOUNT_ATTR__ATIME } else { 0 };
        libc::mount_attr { attr_set: set, attr_clr: clear, propagation: libc::MS_PRIVATE, userns_fd: 0 }
    }
}

/// A detached clone of the mount at `object` (or with `recursive` of the mount tree), with `attributes` and private
/// propagation: by open_tree_attr(2) from Linux 6.15 on, else by two calls.
///
/// # Errors
/// What open_tree(2) and mount_setattr(2) report.
pub fn clone_mount(object: BorrowedFd<'_>, attributes: MountAttributes) -> io::Result<OwnedFd> {
    /// asm-generic/unistd.h, Linux 6.15.
    const SYS_OPEN_TREE_ATTR: libc::c_long = 467;
    static MISSING: AtomicBool = AtomicBool::new(false);
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if attributes.recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    if !MISSING.load(Ordering::Relaxed) {
        let attr = attributes.for_kernel();
        // SAFETY: `object` is open for the whole call, the path is a static empty C string, `attr` is a properly initialised
        // struct whose exact size is passed, and the kernel only reads it.
        let result = unsafe {
            libc::syscall(
                SYS_OPEN_TREE_ATTR,
                object.as_raw_fd(),
                c"".as_ptr(),
                flags.bits(),
                &raw const attr,
                size_of::<libc::mount_attr>(),
            )
        };
        if result >= 0 {
            // SAFETY: a non-negative result is a descriptor that the kernel just made for us.
            return Ok(unsafe { OwnedFd::from_raw_fd(result as i32) });
        }
        let error = io::Error::last_os_error();
        // Filters of outer containers say EPERM to calls that they don't know.
        if !matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) {
            return Err(error);
        }
        MISSING.store(true, Ordering::Relaxed);
    }
    let mount = open_tree(object, "", flags)?;
    set_mount_attributes(mount.as_fd(), attributes, None)?;
    Ok(mount)
}

/// Makes the mount behind `mount` read-only and noexec exactly as `attributes` say; both may be cleared.
///
/// # Errors
/// What mount_setattr(2) reports; EPERM for what the host's own mount does not allow.
pub fn change_mount_attributes(mount: BorrowedFd<'_>, attributes: MountAttributes) -> io::Result<()> {
    set(mount, attributes.exactly(), attributes.recursive)
}

/// Sets attributes on the mount (or with `recursive` the mount tree) behind `mount`, makes its propagation private, and
/// with `idmap` gives it the id map of that user namespace.
///
/// # Errors
/// What mount_setattr(2) reports; EINVAL for an id map that the filesystem does not support, EPERM without privilege over
/// the filesystem's user namespace.
pub fn set_mount_attributes(
    mount: BorrowedFd<'_>,
    attributes: MountAttributes,
    idmap: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut attr = attributes.for_kernel();
    if let Some(namespace) = idmap {
        attr.attr_set |= libc::MOUNT_ATTR_IDMAP;
        attr.userns_fd = namespace.as_raw_fd() as u64;
    }
    set(mount, attr, attributes.recursive)
}

fn set(mount: BorrowedFd<'_>, attr: libc::mount_attr, recursive: bool) -> io::Result<()> {
    let mut flags = libc::AT_EMPTY_PATH as u32;
    if recursive {
        flags |= libc::AT_RECURSIVE as u32;
    }
    // SAFETY: `mount` is an open descriptor for the whole call (as is one that `attr` names, by the callers above), the path is
    // a static empty C string, `attr` is a properly initialised struct whose exact size is passed, and the kernel only reads it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
