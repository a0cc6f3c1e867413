//! The caller's terminal: what a program does to its modes ends with the program.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};

/// The modes of the terminals behind descriptors 0 to 2 when the program started.
#[derive(Debug)]
pub(crate) struct SavedTerminal {
    modes: Modes,
}

/// Of descriptors 0 to 2, where they are terminals.
type Modes = [Option<Termios>; 3];

impl SavedTerminal {
    pub(crate) fn save() -> SavedTerminal {
        SavedTerminal { modes: modes() }
    }

    /// Whether standard input is a terminal, and lowbox is in its background: what is typed is for somebody else.
    pub(super) fn keyboard_is_the_shells(&self) -> bool {
        self.modes[0].is_some() && in_background(rustix::stdio::stdin())
    }

    /// Sets the saved modes; returns what the program had set, for [`SavedTerminal::take_back`].
    pub(super) fn restore(&self) -> Modes {
        let left = modes();
        set(&self.modes);
        left
    }

    /// Gives the program back the modes that it had set before it was stopped.
    pub(super) fn take_back(&self, left: Modes) {
        set(&left);
    }
}

fn standard() -> [BorrowedFd<'static>; 3] {
    [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()]
}

fn modes() -> Modes {
    standard().map(|fd| isatty(fd).then(|| tcgetattr(fd).ok()).flatten())
}

fn set(modes: &Modes) {
    for (fd, modes) in standard().into_iter().zip(modes) {
        // In the background this would stop lowbox (SIGTTOU), and then the terminal is the shell's affair.
        if let Some(modes) = modes
            && !in_background(fd)
        {
            let _ = tcsetattr(fd, OptionalActions::Now, modes);
        }
    }
}

/// Whether `fd` is the terminal of lowbox's session, and another job has it. A terminal that was hung up, or that is of
/// another session, has no background.
fn in_background(fd: BorrowedFd<'_>) -> bool {
    rustix::termios::tcgetpgrp(fd).is_ok_and(|group| group != rustix::process::getpgrp())
}

/// A program that is started in the background must not take what the user types into the shell: it is in a session of its
/// own, so the kernel would let it read. Its terminal descriptors are opened again for writing only, and standard input is
/// empty.
///
/// # Errors
/// What opening /dev/null reports.
pub(crate) fn lend_no_keyboard_in_background() -> io::Result<()> {
    for number in 0..3 {
        let lent = crate::sys::with_descriptor(number, |fd| Ok(isatty(fd) && in_background(fd)));
        if !lent.unwrap_or(false) {
            continue;
        }
        let flags = if number == 0 { OFlags::RDONLY } else { OFlags::WRONLY | OFlags::NOCTTY };
        let path = if number == 0 { "/dev/null".to_owned() } else { format!("/proc/self/fd/{number}") };
        let again = open(path, flags | OFlags::CLOEXEC, Mode::empty())
            .or_else(|_| open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()))?;
        crate::sys::replace_descriptor(&again, number)?;
    }
    Ok(())
}
