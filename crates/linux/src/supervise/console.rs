//! The caller's terminal while something is asked there. This moves bytes and sets modes; the words are the caller's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use super::gate::Held;
use crate::sys::RestoredWhenKilled;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::termios::{
    InputModes, OptionalActions, OutputModes, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp,
    tcsetattr,
};

/// The terminal of lowbox's session, with modes for a question: what is typed comes byte by byte, is not shown, and raises no
/// signals. Dropping it puts the modes back.
#[derive(Debug)]
pub struct Console {
    terminal: OwnedFd,
    before: Termios,
    held: Held,
    _restored: RestoredWhenKilled,
}

/// Whether lowbox has a terminal and is in its foreground, so that a question can be asked there.
pub fn terminal_to_ask_at() -> bool {
    open_in_foreground().is_some()
}

/// An open file of its own, which does not wait.
fn open_in_foreground() -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let terminal = open("/dev/tty", flags, Mode::empty()).ok()?;
    tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp()).then_some(terminal)
}

impl Console {
    /// Takes the terminal, which the program does not have at the moment; `None` if there is none, or another job has it.
    pub fn take(held: Held) -> Option<Console> {
        let terminal = open_in_foreground()?;
        let restored = RestoredWhenKilled::remember(terminal.try_clone().ok()?).ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut modes = before.clone();
        modes.make_raw();
        modes.input_modes |= InputModes::ICRNL;
        modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        held.unless_ended(|| tcsetattr(&terminal, OptionalActions::Now, &modes))?.ok()?;
        Some(Console { terminal, before, held, _restored: restored })
    }

    /// Throws away what was typed and is not read yet.
    pub fn discard_input(&self) {
        let _ = tcflush(&self.terminal, QueueSelector::IFlush);
    }

    /// Writes all of it; false if that was not possible until `deadline`.
    ///
    /// # Errors
    /// EIO when the terminal is hung up.
    pub fn write(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<bool> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.terminal, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::AGAIN | Errno::INTR) => {
                    if !self.wait(PollFlags::OUT, deadline)? {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Reads what is typed until `until` at the latest; `None` if nothing was.
    ///
    /// # Errors
    /// UnexpectedEof when the terminal is hung up; what read(2) reports.
    pub fn read<'b>(&self, buffer: &'b mut [u8], until: Instant) -> io::Result<Option<&'b [u8]>> {
        while self.wait(PollFlags::IN, until)? {
            match rustix::io::read(&self.terminal, &mut *buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => return Ok(Some(&buffer[..count])),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    fn wait(&self, what: PollFlags, until: Instant) -> io::Result<bool> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.terminal, what)], Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // In the background this would stop lowbox, and then the terminal is the shell's affair.
        if !super::terminal::in_background(self.terminal.as_fd()) {
            let _ = self.held.unless_ended(|| tcsetattr(&self.terminal, OptionalActions::Now, &self.before));
        }
    }
}
