//! Pipes of the container's own in place of the caller's.
//!
//! Whoever owns a pipe may open it again by `/proc/self/fd`, in the other direction too, and Landlock does not look at pipes: a
//! program could write into what the caller's shell reads its script from, or take what others wrote to the same pipe. So it
//! gets a pipe that nobody else has, and lowbox carries the bytes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fstat, fstatfs};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::sys::{replace_descriptor, with_descriptor};

/// PIPEFS_MAGIC (linux/magic.h): pipes without a name. Those with one are Landlock's affair.
const PIPEFS: u64 = 0x5049_5045;

/// A pipe of the caller's, and the one in its place.
#[derive(Debug)]
pub(crate) struct Relay {
    /// The descriptors that it is: standard output and standard error are often the same pipe.
    numbers: Vec<i32>,
    inode: u64,
    /// The caller's.
    outside: OwnedFd,
    /// For the program.
    inside: OwnedFd,
    /// The other end of the program's.
    ours: OwnedFd,
    /// Towards the program.
    inward: bool,
}

/// Makes a pipe for each of descriptors 0 to 2 that is a pipe which a program of user `uid` could open again, but for those that
/// are lent as they are. With `all`, also for those that it could not: what it writes can be held back then.
///
/// # Errors
/// EMFILE, ENFILE.
pub(crate) fn make(uid: u32, all: bool, lent: &[i32]) -> io::Result<Vec<Relay>> {
    let mut relays: Vec<Relay> = Vec::new();
    for number in (0..3).filter(|number| !lent.contains(number)) {
        let pipe = with_descriptor(number, |fd| look_at(fd, (!all).then_some(uid)));
        let (inode, inward) = match pipe {
            Ok(Some(pipe)) => pipe,
            Ok(None) => continue,
            // A closed descriptor stays closed.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => continue,
            Err(error) => return Err(error),
        };
        if let Some(same) = relays.iter_mut().find(|relay| relay.inode == inode && relay.inward == inward) {
            same.numbers.push(number);
            continue;
        }
        let outside = with_descriptor(number, |fd| Ok(fcntl_dupfd_cloexec(fd, 3)?))?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        let (inside, ours) = if inward { (read, write) } else { (write, read) };
        relays.push(Relay { numbers: vec![number], inode, outside, inside, ours, inward });
    }
    Ok(relays)
}

/// The pipe's number, and whether it is read from.
fn look_at(fd: BorrowedFd<'_>, owner: Option<u32>) -> io::Result<Option<(u64, bool)>> {
    let flags = fcntl_getfl(fd)?;
    if flags.contains(OFlags::PATH) || fstatfs(fd)?.f_type as u64 != PIPEFS {
        return Ok(None);
    }
    let stat = fstat(fd)?;
    let wanted = owner.is_none_or(|uid| stat.st_uid == uid);
    Ok(wanted.then_some((stat.st_ino, flags & OFlags::RWMODE == OFlags::RDONLY)))
}

impl Relay {
    /// The program's end in place of descriptor `number`, if this is about that one.
    pub(crate) fn inside(&self, number: i32) -> Option<BorrowedFd<'_>> {
        self.numbers.contains(&number).then(|| self.inside.as_fd())
    }

    /// Puts the program's ends where the caller's are.
    ///
    /// # Errors
    /// What dup2(2) reports.
    pub(crate) fn put_in_place(&self) -> io::Result<()> {
        self.numbers.iter().try_for_each(|number| replace_descriptor(&self.inside, *number))
    }

    /// Puts the caller's back.
    ///
    /// # Errors
    /// What dup2(2) reports.
    pub(crate) fn put_back(&self) -> io::Result<()> {
        self.numbers.iter().try_for_each(|number| replace_descriptor(&self.outside, *number))
    }

    /// From where to where bytes are carried, and whether they go to the program.
    pub(crate) fn into_way(self) -> (OwnedFd, OwnedFd, bool) {
        if self.inward { (self.outside, self.ours, true) } else { (self.ours, self.outside, false) }
    }
}
