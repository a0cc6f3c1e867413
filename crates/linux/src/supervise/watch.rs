//! What has to be in place before a program runs: it may change the terminal, or a signal come, before lowbox has begun to
//! stay beside it.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::Signal;
use rustix::termios::isatty;

use super::FORWARDED;
use super::stop::{Resumed, stop};
use super::terminal::SavedTerminal;
use crate::launch::LaunchError;
use crate::sys::SignalFd;

/// Signals that end lowbox while its program has not started, or is stopped in the background.
pub(super) const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

/// How long a launch may go on after such a signal.
const GRACE: Duration = Duration::from_secs(1);

/// Blocked signals and the terminal's modes as they were.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(super) signals: SignalFd,
    pub(super) terminal: SavedTerminal,
    /// What came during the launch and is for the program.
    pub(super) early: Vec<i32>,
}

impl Watch {
    /// Blocks the signals that are forwarded. A job that was moved to the background until now stops, as one that reads there.
    ///
    /// # Errors
    /// [`LaunchError::Interrupted`] if a signal that ends lowbox comes while it is stopped.
    pub(crate) fn begin(terminal: SavedTerminal) -> Result<Watch, LaunchError> {
        let mut watched = FORWARDED.to_vec();
        watched.extend([Signal::TSTP, Signal::CONT]);
        let signals = SignalFd::block(&watched).map_err(LaunchError::system("signals"))?;
        let mut early = Vec::new();
        if terminal.keyboard_is_the_shells() {
            match stop(&signals, &terminal) {
                Resumed::Ended(signal) => return Err(LaunchError::Interrupted { signal }),
                Resumed::Continued(came) => early = came,
            }
        }
        Ok(Watch { signals, terminal, early })
    }

    /// Waits until `control` has something to read. Signals that come meanwhile are for the program, which may run already
    /// although pid 1 has not said so yet.
    ///
    /// # Errors
    /// [`LaunchError::Interrupted`] if a signal that ends lowbox comes and the launch takes [`GRACE`] longer: it may wait
    /// for a dead server.
    pub(crate) fn wait_for(&mut self, control: BorrowedFd<'_>) -> Result<(), LaunchError> {
        self.wait_until(control, None).map(drop)
    }

    /// The same; false if nothing came until then.
    ///
    /// # Errors
    /// As [`Watch::wait_for`].
    pub(super) fn wait_until(
        &mut self,
        control: BorrowedFd<'_>,
        until: Option<Instant>,
    ) -> Result<bool, LaunchError> {
        let mut interrupted: Option<(i32, Instant)> = None;
        loop {
            let timeout = interrupted.map(|(_, since)| GRACE.saturating_sub(since.elapsed()));
            if let (Some((signal, _)), Some(Duration::ZERO)) = (interrupted, timeout) {
                return Err(LaunchError::Interrupted { signal });
            }
            let own = until.map(|until| until.saturating_duration_since(Instant::now()));
            if own == Some(Duration::ZERO) {
                return Ok(false);
            }
            let timeout = timeout.into_iter().chain(own).min();
            let timeout = timeout.and_then(|left| Timespec::try_from(left).ok());
            let mut events = [
                PollFd::new(&control, PollFlags::IN),
                PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN),
            ];
            match poll(&mut events, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(LaunchError::System { what: "poll", source: error.into() }),
            }
            if !events[0].revents().is_empty() {
                return Ok(true);
            }
            while let Ok(Some(number)) = self.signals.next() {
                if ENDING.iter().any(|signal| signal.as_raw() == number) {
                    interrupted.get_or_insert((number, Instant::now()));
                }
                self.early.push(number);
            }
        }
    }
}

/// Lets go of standard input and output, unless they are the terminal: their other ends must see when the program closes
/// them. For callers that neither read nor print any more.
///
/// # Errors
/// What opening /dev/null reports.
pub fn release_input_and_output() -> std::io::Result<()> {
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    if !isatty(rustix::stdio::stdin()) {
        rustix::stdio::dup2_stdin(&null)?;
    }
    if !isatty(rustix::stdio::stdout()) {
        rustix::stdio::dup2_stdout(&null)?;
    }
    Ok(())
}
