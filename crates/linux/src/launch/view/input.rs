//! Descriptors that the program inherits: whoever holds one could also change the mode, times and attributes of what it is
//! for, because that goes by ownership and by the object's own mode. So a file that was opened for reading only, and a
//! terminal, are opened again, through a read-only mount. (A device is written through one as well.)

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{
    Access, FileType, Mode, OFlags, SeekFrom, access, fcntl_getfl, fstat, open, readlink, seek,
};
use rustix::termios::isatty;

use super::{Builder, relative};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::pin::{file_id, open_without_links};
use crate::sys::{MountAttributes, clone_mount};

impl Builder {
    /// Replaces what is inherited and is a terminal, or a regular file that was opened for reading only, if the container's
    /// user could change it.
    ///
    /// A file that was opened for writing stays: writing includes these changes, as in a writable grant. A file without a
    /// name (deleted, as a shell's here-document) stays too: nobody else sees it. The position is taken over, but from then
    /// on is the program's own.
    pub(super) fn reopen_inputs(&self, named: &[i32]) -> Result<(), Failure> {
        for number in (0..3).chain(named.iter().copied()) {
            crate::sys::with_descriptor(number, |fd| match reopened(fd, self.host.as_fd(), self.user.uid)? {
                Some(file) => crate::sys::replace_descriptor(&file, number),
                None => Ok(()),
            })
            .or_else(|error| {
                // A closed descriptor stays closed.
                if error.raw_os_error() == Some(libc::EBADF) {
                    return Ok(());
                }
                Err(Failure::new(Step::Bind, format!("/proc/self/fd/{number}"), error))
            })?;
        }
        Ok(())
    }
}

/// What is to be in place of an inherited descriptor; `None` if that may stay. The caller may make mounts of the host's tree `host`; `uid` is
/// the container's user.
///
/// # Errors
/// When what it is for can't be opened again.
pub(crate) fn reopened(input: BorrowedFd<'_>, host: BorrowedFd<'_>, uid: u32) -> io::Result<Option<OwnedFd>> {
    let stat = fstat(input)?;
    let flags = fcntl_getfl(input)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let terminal = kind == FileType::CharacterDevice && isatty(input);
    let read_only_file = kind == FileType::RegularFile
        && !flags.intersects(OFlags::WRONLY | OFlags::RDWR | OFlags::PATH)
        && stat.st_nlink != 0;
    let by_path = format!("/proc/self/fd/{}", input.as_raw_fd());
    // Times and attributes may also be changed by whoever may write (utimensat(2), xattr(7)).
    let may_change = stat.st_uid == uid || (read_only_file && access(&by_path, Access::WRITE_OK).is_ok());
    if !(terminal || read_only_file) || !may_change {
        return Ok(None);
    }
    let link = readlink(&by_path, Vec::new())?;
    let path = PathBuf::from(OsString::from_vec(link.into_bytes()));
    let object = match open_without_links(host, relative(&path)) {
        // A terminal from outside of an outer container (lxc-attach, nsenter) has no name here.
        Err(rustix::io::Errno::NOENT) if terminal => return Ok(None),
        object => object?,
    };
    if file_id(&object)? != file_id(input)? {
        return if terminal { Ok(None) } else { Err(io::Error::from_raw_os_error(libc::ESTALE)) };
    }
    let attributes =
        MountAttributes { read_only: true, no_exec: true, no_dev: !terminal, ..MountAttributes::default() };
    let mount = clone_mount(object.as_fd(), attributes)?;
    let again = format!("/proc/self/fd/{}", mount.as_raw_fd());
    let kept = flags & (OFlags::RWMODE | OFlags::NONBLOCK | OFlags::DIRECT | OFlags::APPEND);
    let file = open(again, OFlags::CLOEXEC | OFlags::NOCTTY | kept, Mode::empty())?;
    if read_only_file {
        seek(&file, SeekFrom::Start(seek(input, SeekFrom::Current(0))?))?;
    }
    Ok(Some(file))
}
