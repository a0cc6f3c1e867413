//! Stopping with the program, as the shell expects it of a job.

use rustix::process::{Signal, getpid, kill_process};

use super::terminal::SavedTerminal;
use super::watch::ENDING;
use crate::sys::SignalFd;

/// How lowbox goes on after it was stopped.
pub(super) enum Resumed {
    /// Together with the program, for which these signals came meanwhile.
    Continued(Vec<i32>),
    /// A signal came that is to end the program, and going on for that would give it the keyboard.
    Ended(i32),
}

/// Stops lowbox until the shell continues it. In the background (`bg`) the program would read what the user types into the
/// shell, so there lowbox stops again, and the program that is stopped already is ended by what would end it (`kill %1`).
pub(super) fn stop(signals: &SignalFd, terminal: &SavedTerminal) -> Resumed {
    let left = terminal.restore();
    let mut came = Vec::new();
    loop {
        let _ = kill_process(getpid(), Signal::STOP);
        while let Ok(Some(number)) = signals.next() {
            let of_jobs = [Signal::TSTP, Signal::CONT, Signal::CHILD].map(Signal::as_raw);
            if !of_jobs.contains(&number) && !came.contains(&number) {
                came.push(number);
            }
        }
        if !terminal.keyboard_is_the_shells() {
            terminal.take_back(&left);
            return Resumed::Continued(came);
        }
        let ends = |number: &&i32| ENDING.iter().any(|signal| signal.as_raw() == **number);
        if let Some(number) = came.iter().find(ends) {
            return Resumed::Ended(*number);
        }
    }
}
