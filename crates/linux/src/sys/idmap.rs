//! mount_setattr(2): attributes and id maps of mounts, which rustix does not offer.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// The attributes to set on a mount (mount_setattr(2)); nothing is ever cleared, and MOUNT_ATTR_NOSUID is always set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountAttributes {
    /// MOUNT_ATTR_RDONLY.
    pub read_only: bool,
    /// MOUNT_ATTR_NOEXEC.
    pub no_exec: bool,
    /// MOUNT_ATTR_NODEV.
    pub no_dev: bool,
    /// Of the mounts beneath it too (AT_RECURSIVE).
    pub recursive: bool,
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
    let mut set = libc::MOUNT_ATTR_NOSUID;
    for (wanted, bit) in [
        (attributes.read_only, libc::MOUNT_ATTR_RDONLY),
        (attributes.no_exec, libc::MOUNT_ATTR_NOEXEC),
        (attributes.no_dev, libc::MOUNT_ATTR_NODEV),
        (idmap.is_some(), libc::MOUNT_ATTR_IDMAP),
    ] {
        if wanted {
            set |= bit;
        }
    }
    let attr = libc::mount_attr {
        attr_set: set,
        attr_clr: 0,
        propagation: libc::MS_PRIVATE,
        userns_fd: idmap.map_or(0, |fd| fd.as_raw_fd() as u64),
    };
    let mut flags = libc::AT_EMPTY_PATH as u32;
    if attributes.recursive {
        flags |= libc::AT_RECURSIVE as u32;
    }
    // SAFETY: `mount` and `idmap` are open descriptors for the whole call, the path is a static empty C string, `attr`
    // is a properly initialised struct whose exact size is passed, and the kernel only reads it.
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
