//! Telling lowbox, for a user who asked, where the program was not let.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::launch::control::Report;

/// After so many the rest is not worth reading.
const MAX_TOLD: usize = 1000;

/// Tells, until nobody would read on.
#[derive(Debug)]
pub(super) struct Refusals {
    control: OwnedFd,
    told: AtomicUsize,
}

impl Refusals {
    pub(super) fn new(control: OwnedFd) -> Refusals {
        Refusals { control, told: AtomicUsize::new(0) }
    }

    /// A call that was refused: connect, or bind.
    pub(super) fn tell(&self, address: SocketAddr, bind: bool) {
        if self.told.fetch_add(1, Ordering::Relaxed) < MAX_TOLD {
            // Dropped when lowbox does not keep up, as what is opened.
            let _ = Report::Unreached { address, bind }.send(self.control.as_fd(), true);
        }
    }
}
