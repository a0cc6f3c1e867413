//! Tables of descriptors: what has to happen at a number that another process chose.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Closes every descriptor from 3 on but those in `kept`. For the beginning of a process that owns nothing of what it
/// inherited.
///
/// # Errors
/// ENOSYS before Linux 5.9.
pub fn close_others(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut numbers: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    numbers.sort_unstable();
    let mut first = 3_u32;
    for number in numbers.into_iter().filter(|number| *number >= 3).chain([u32::MAX]) {
        if number > first {
            // SAFETY: plain integers; the caller promises that nothing here owns what is closed.
            if unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        first = number.saturating_add(1);
    }
    Ok(())
}

/// Moves a registration in `epoll` from one file to another under the same number, with its events and data: a key of epoll(7)
/// is a file and the number that it had. Done by a thread with a descriptor table of its own, in which the number is free.
///
/// # Errors
/// What epoll_ctl(2) reports for the new file.
pub fn move_registration(
    epoll: BorrowedFd<'_>,
    old: BorrowedFd<'_>,
    new: BorrowedFd<'_>,
    number: RawFd,
    events: u32,
    data: u64,
) -> io::Result<()> {
    let (epoll, old, new) = (epoll.as_raw_fd(), old.as_raw_fd(), new.as_raw_fd());
    let work = move || -> io::Result<()> {
        // SAFETY: plain integers. From here on this thread has a copy of the table, which nobody else uses and which is
        // closed when the thread ends; nothing in the closure owns a descriptor.
        unsafe {
            check(libc::unshare(libc::CLONE_FILES))?;
            let away = |fd: RawFd| -> io::Result<RawFd> {
                let mut copy = fd;
                while copy == number {
                    copy = check(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0))?;
                }
                Ok(copy)
            };
            let (epoll, old, new) = (away(epoll)?, away(old)?, away(new)?);
            let mut event = libc::epoll_event { events, u64: data };
            check(libc::dup2(old, number))?;
            // It is gone already if nobody else had the old file.
            let _ = libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, number, &raw mut event);
            check(libc::dup2(new, number))?;
            check(libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, number, &raw mut event))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 * 1024).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|_| Err(io::Error::from_raw_os_error(libc::EIO)))
    })
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
