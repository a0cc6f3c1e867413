//! A terminal of the program's own in place of the caller's.
//!
//! Whoever has a terminal reads what is typed there, sets its modes and writes over what others wrote. Where questions are
//! asked at the caller's terminal, and in a container that is kept, the program gets another one, and lowbox carries the bytes: see
//! [`terminal_relay`](crate::supervise::terminal_relay).

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fchmod, fchown, fcntl_getfl, fcntl_setfl};
use rustix::process::{Uid, getsid};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, tcgetattr, tcgetsid, tcgetwinsize, tcsetattr, tcsetwinsize,
};

use super::spec::ContainerUser;
use crate::sys::{replace_descriptor, with_descriptor};

/// Both ends of the program's terminal.
#[derive(Debug)]
pub(crate) struct Pty {
    /// lowbox's end, which never waits.
    pub(crate) master: OwnedFd,
    /// The program's end. lowbox keeps it open, so that the terminal lasts while the program has closed it everywhere.
    pub(crate) slave: OwnedFd,
    /// Whether what is typed goes to the program.
    pub(crate) keyboard: bool,
    /// The descriptors that it is.
    numbers: Vec<i32>,
}

/// Makes a terminal if one of descriptors 0 to 2, or of those that are lent by name, is the terminal of lowbox's session.
///
/// # Errors
/// Where devpts is missing or full (ENOENT, ENOSPC).
pub(crate) fn make(user: &ContainerUser, named: &[i32]) -> io::Result<Option<Pty>> {
    let is_the_callers = |number: &i32| {
        let same = |fd: BorrowedFd<'_>| Ok(tcgetsid(fd).is_ok_and(|id| getsid(None) == Ok(id)));
        with_descriptor(*number, same).unwrap_or(false)
    };
    let numbers: Vec<i32> = (0..3).chain(named.iter().copied()).filter(is_the_callers).collect();
    let Some(first) = numbers.first() else { return Ok(None) };
    let (mut modes, size) = with_descriptor(*first, |fd| Ok((tcgetattr(fd)?, tcgetwinsize(fd)?)))?;
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    unlockpt(&master)?;
    // By the master itself: a name could mean a terminal of another devpts.
    let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    // Nobody else writes to it (write(1), wall(1)); root's program is another user than root, and opens it by /dev/stdin.
    fchmod(&slave, Mode::RUSR | Mode::WUSR)?;
    if user.launched_by_root {
        fchown(&slave, Some(Uid::from_raw(user.uid)), None)?;
    }
    let readable = |number: &i32| {
        *number != 1
            && *number != 2
            && with_descriptor(*number, |fd| Ok(fcntl_getfl(fd)? & OFlags::RWMODE != OFlags::WRONLY))
                .unwrap_or(false)
    };
    let keyboard = numbers.iter().any(readable);
    if !keyboard {
        // The caller's terminal keeps its modes then, and ends lines itself.
        modes.output_modes.remove(OutputModes::OPOST);
    }
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    tcsetwinsize(&slave, size)?;
    Ok(Some(Pty { master, slave, keyboard, numbers }))
}

impl Pty {
    /// Puts the program's end where the caller's terminal is.
    ///
    /// # Errors
    /// What dup2(2) reports.
    pub(crate) fn put_in_place(&self) -> io::Result<()> {
        self.numbers.iter().try_for_each(|number| replace_descriptor(&self.slave, *number))
    }

    /// Whether it is in place of that descriptor.
    pub(crate) fn is_for(&self, number: i32) -> bool {
        self.numbers.contains(&number)
    }

    /// A descriptor by which the program takes it as its controlling terminal.
    pub(crate) fn number(&self) -> i32 {
        self.numbers[0]
    }
}
