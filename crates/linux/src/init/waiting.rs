//! Calls that are carried out beside the loop of pid 1, because they may wait.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sys;

/// Calls that wait at the same time; a program that has more waiting is told to try again.
const MAX_WAITING: usize = 64;

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Carries `work` out in a thread of its own and answers call `id` with what came of it.
pub(super) fn carry_out(
    listener: &OwnedFd,
    id: u64,
    work: impl FnOnce(BorrowedFd<'_>) -> io::Result<()> + Send + 'static,
) {
    let again = || answer(listener.as_fd(), id, Err(io::Error::from_raw_os_error(libc::EAGAIN)));
    if WAITING.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        return again();
    }
    let Ok(for_thread) = listener.try_clone().map(Arc::new) else {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        return again();
    };
    let spawned = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        answer(for_thread.as_fd(), id, work(for_thread.as_fd()));
        WAITING.fetch_sub(1, Ordering::Relaxed);
    });
    if spawned.is_err() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        again();
    }
}

/// Answers call `id`.
pub(super) fn answer(listener: BorrowedFd<'_>, id: u64, result: io::Result<()>) {
    let errno = result.err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
    // A caller that is gone needs no answer.
    let _ = sys::respond_to_notification(listener, id, errno);
}
