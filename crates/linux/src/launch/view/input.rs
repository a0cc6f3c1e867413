//! Standard input from a file: whoever may read it through a descriptor could also change its mode, times and attributes,
//! because that goes by ownership. So a file that was opened for reading only is opened again, through a read-only mount.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{FileType, Mode, OFlags, SeekFrom, fcntl_getfl, fstat, open, readlink, seek};

use super::mounts::clone_mount;
use super::{Builder, relative};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::idmap::open_without_links;
use crate::launch::pin::file_id;
use crate::sys::MountAttributes;

impl Builder<'_> {
    /// Replaces descriptors 0 to 2 that are regular files, opened for reading only and owned by the container's user.
    ///
    /// What was opened for writing stays: writing includes these changes, as in a writable grant. A file without a name
    /// (deleted, as a shell's here-document) stays too: nobody else sees it. The position is taken over, but from then on
    /// is the program's own.
    pub(super) fn reopen_inputs(&self) -> Result<(), Failure> {
        for number in 0..3 {
            crate::sys::with_descriptor(number, |fd| self.reopen(fd)).or_else(|error| {
                // A closed descriptor stays closed.
                if error.raw_os_error() == Some(libc::EBADF) {
                    return Ok(());
                }
                Err(Failure::new(Step::Bind, format!("/proc/self/fd/{number}"), error))
            })?;
        }
        Ok(())
    }

    fn reopen(&self, input: BorrowedFd<'_>) -> io::Result<()> {
        let stat = fstat(input)?;
        let flags = fcntl_getfl(input)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
            || flags.intersects(OFlags::WRONLY | OFlags::RDWR | OFlags::PATH)
            || stat.st_nlink == 0
            || stat.st_uid != self.spec.user.uid
        {
            return Ok(());
        }
        let link = readlink(format!("/proc/self/fd/{}", input.as_raw_fd()), Vec::new())?;
        let path = PathBuf::from(OsString::from_vec(link.into_bytes()));
        let object = open_without_links(&self.host, relative(&path))?;
        if file_id(&object)? != file_id(input)? {
            return Err(io::Error::from_raw_os_error(libc::ESTALE));
        }
        let attributes =
            MountAttributes { read_only: true, no_exec: true, no_dev: true, ..MountAttributes::default() };
        let mount = clone_mount(object.as_fd(), attributes)?;
        let again = format!("/proc/self/fd/{}", mount.as_raw_fd());
        let kept = flags & (OFlags::NONBLOCK | OFlags::DIRECT);
        let file = open(again, OFlags::RDONLY | OFlags::CLOEXEC | kept, Mode::empty())?;
        seek(&file, SeekFrom::Start(seek(input, SeekFrom::Current(0))?))?;
        crate::sys::replace_descriptor(&file, input.as_raw_fd())
    }
}
