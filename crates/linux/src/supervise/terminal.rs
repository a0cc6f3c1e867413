//! The caller's terminal: what a program does to its modes ends with the program.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{Mode, OFlags, fcntl_getfl, open};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};

use crate::sys::{replace_descriptor, with_descriptor};

/// The modes of the terminals that a program inherits, as they were when it started.
#[derive(Debug)]
pub(crate) struct SavedTerminal {
    modes: Modes,
}

/// By the number of the descriptor.
type Modes = Vec<(i32, Termios)>;

impl SavedTerminal {
    /// Of descriptors 0 to 2, and of those that are lent by name.
    pub(crate) fn save(named: &[i32]) -> SavedTerminal {
        let terminal = |number| with_descriptor(number, |fd| Ok((number, tcgetattr(fd)?))).ok();
        SavedTerminal { modes: inherited(named).filter_map(terminal).collect() }
    }

    /// Whether the program can read a terminal in whose background lowbox is: what is typed is for somebody else.
    pub(super) fn keyboard_is_the_shells(&self) -> bool {
        let readable = |fd: BorrowedFd<'_>| {
            fcntl_getfl(fd).is_ok_and(|flags| flags & OFlags::RWMODE != OFlags::WRONLY) && in_background(fd)
        };
        self.modes.iter().any(|(number, _)| with_descriptor(*number, |fd| Ok(readable(fd))).unwrap_or(false))
    }

    /// Sets the saved modes; returns what the program had set, for [`SavedTerminal::take_back`].
    pub(super) fn restore(&self) -> Modes {
        let now =
            |(number, _): &(i32, Termios)| with_descriptor(*number, |fd| Ok((*number, tcgetattr(fd)?))).ok();
        let left = self.modes.iter().filter_map(now).collect();
        set(&self.modes);
        left
    }

    /// Gives the program back the modes that it had set before it was stopped.
    pub(super) fn take_back(&self, left: &Modes) {
        set(left);
    }
}

fn inherited(named: &[i32]) -> impl Iterator<Item = i32> {
    (0..3).chain(named.iter().copied())
}

fn set(modes: &Modes) {
    for (number, modes) in modes {
        let _ = with_descriptor(*number, |fd| {
            // In the background this would stop lowbox (SIGTTOU), and then the terminal is the shell's affair.
            if !in_background(fd) {
                tcsetattr(fd, OptionalActions::Now, modes)?;
            }
            Ok(())
        });
    }
}

/// Whether `fd` is the terminal of lowbox's session, and another job has it. A terminal that was hung up, or that is of
/// another session, has no background.
pub(super) fn in_background(fd: BorrowedFd<'_>) -> bool {
    rustix::termios::tcgetpgrp(fd).is_ok_and(|group| group != rustix::process::getpgrp())
}

/// A program that is started in the background must not take what the user types into the shell: it is in a session of its
/// own, so the kernel would let it read. Its terminal descriptors are opened again for writing only, and standard input is
/// empty.
///
/// # Errors
/// What opening /dev/null reports.
pub(crate) fn lend_no_keyboard_in_background(named: &[i32]) -> io::Result<()> {
    for number in inherited(named) {
        let lent = with_descriptor(number, |fd| Ok(isatty(fd) && in_background(fd)));
        if !lent.unwrap_or(false) {
            continue;
        }
        let flags = if number == 0 { OFlags::RDONLY } else { OFlags::WRONLY | OFlags::NOCTTY };
        let path = if number == 0 { "/dev/null".to_owned() } else { format!("/proc/self/fd/{number}") };
        let again = open(path, flags | OFlags::CLOEXEC, Mode::empty())
            .or_else(|_| open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()))?;
        replace_descriptor(&again, number)?;
    }
    Ok(())
}
