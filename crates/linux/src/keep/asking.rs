//! Asking a keeper to make room.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags};

use super::PATIENCE;
use super::message::{Answer, Ask};
use super::place::call;
use crate::host::Folders;
use crate::launch::message::{receive, send};

/// Ends the container of a package that is only kept: no program runs in it. Returns when it has ended, whether there was one.
pub fn end_idle(folders: &Folders, family: &str) -> bool {
    let Ok(Some(link)) = call(folders, family) else { return false };
    if send(link.as_fd(), &Ask::EndIdle, &[], SendFlags::DONTWAIT).is_err() {
        return false;
    }
    // The first thing that it says is where to look, for who would join.
    match answer(&link, PATIENCE).and_then(|_| answer(&link, PATIENCE)) {
        Some(Answer::Ending) => has_ended(&link),
        _ => false,
    }
}

/// Waits for the end of a container that is ending; false if it takes too long.
pub(super) fn has_ended(link: &OwnedFd) -> bool {
    let until = Instant::now() + 2 * PATIENCE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if !is_ready(link, left) {
            return false;
        }
        match receive::<Answer>(link.as_fd(), RecvFlags::DONTWAIT) {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return true,
        }
    }
}

/// The next answer, if there is one in time.
pub(super) fn answer(link: &OwnedFd, within: Duration) -> Option<Answer> {
    if !is_ready(link, within) {
        return None;
    }
    let (answer, _) = receive(link.as_fd(), RecvFlags::DONTWAIT).ok().flatten()?;
    Some(answer)
}

fn is_ready(link: &OwnedFd, within: Duration) -> bool {
    let until = Instant::now() + within;
    loop {
        let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
        match poll(&mut [PollFd::new(link, PollFlags::IN)], left.as_ref()) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
