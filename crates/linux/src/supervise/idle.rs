//! Giving memory back once nothing happens: what stays beside a program for hours is a small loop, and a program that ends
//! at once shall not pay for that.

use rustix::event::Timespec;

use crate::sys;

/// How long nothing has to happen, in nanoseconds.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Whether memory was given back.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    rested: bool,
}

impl Idle {
    /// How long poll(2) is to wait: for ever once memory was given back.
    pub(crate) fn timeout(&self) -> Option<&'static Timespec> {
        (!self.rested).then_some(&PAUSE)
    }

    /// Gives memory back.
    pub(crate) fn rest(&mut self) {
        self.rested = true;
        sys::release_memory();
    }
}
