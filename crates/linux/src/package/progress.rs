//! How far a work on a package is: counted by the threads that do it, read by who shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of data, of how many.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Nothing is done, of nothing.
    #[must_use]
    pub const fn new() -> Progress {
        Progress { done: AtomicU64::new(0), total: AtomicU64::new(0) }
    }

    /// So many bytes there are; 0 as long as it is not known.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// So many are done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: usize) {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
