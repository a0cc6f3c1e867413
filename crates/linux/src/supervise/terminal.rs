//! The caller's terminal: what a program does to its modes ends with the program.

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

fn in_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}
