//! The caller's terminal: what a program does to its modes ends with the program.

use std::io;

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};

/// The modes of the terminal behind descriptors 0 to 2 when the program started.
#[derive(Debug)]
pub(super) struct SavedTerminal {
    modes: Option<Termios>,
}

impl SavedTerminal {
    pub(super) fn save() -> SavedTerminal {
        SavedTerminal { modes: Self::modes() }
    }

    /// Whether standard input is the terminal.
    pub(super) fn is_there(&self) -> bool {
        self.modes.is_some()
    }

    fn modes() -> Option<Termios> {
        let stdin = rustix::stdio::stdin();
        isatty(stdin).then(|| tcgetattr(stdin).ok()).flatten()
    }

    /// Sets the saved modes; returns what the program had set, for [`SavedTerminal::take_back`].
    pub(super) fn restore(&self) -> Option<Termios> {
        let saved = self.modes.as_ref()?;
        let left = Self::modes();
        // In the background this would stop lowbox (SIGTTOU), and then the terminal is the shell's affair.
        if in_foreground() {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, saved);
        }
        left
    }

    /// Gives the program back the modes that it had set before it was stopped.
    pub(super) fn take_back(&self, left: Option<Termios>) {
        if let Some(modes) = left
            && in_foreground()
        {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &modes);
        }
    }
}

/// A program that is started in the background must not take what the user types into the shell: it is in a session of its
/// own, so the kernel would let it read. Its terminal descriptors are opened again for writing only, and standard input is
/// empty.
///
/// # Errors
/// What opening /dev/null reports.
pub(super) fn lend_no_keyboard_in_background() -> io::Result<()> {
    for number in 0..3 {
        let in_background = crate::sys::with_descriptor(number, |fd| {
            let group = isatty(fd).then(|| rustix::termios::tcgetpgrp(fd).ok()).flatten();
            Ok(group.is_some_and(|group| group != rustix::process::getpgrp()))
        });
        if !in_background.unwrap_or(false) {
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

pub(super) fn in_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}
