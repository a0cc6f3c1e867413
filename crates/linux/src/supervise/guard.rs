//! Holding pid 1 of a container: whoever lets go of it ends everything in the container.

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Pid 1. Dropping it ends the container.
#[derive(Debug)]
pub(crate) struct Guard {
    init: Pid,
    ended: bool,
}

impl Guard {
    pub(crate) fn new(init: Pid) -> Guard {
        Guard { init, ended: false }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.init
    }

    /// Ends the container and waits until the kernel has ended everything in it.
    pub(crate) fn end(&mut self) {
        if !self.ended {
            let _ = kill_process(self.init, Signal::KILL);
            let _ = waitpid(Some(self.init), WaitOptions::empty());
            self.ended = true;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
    }
}
