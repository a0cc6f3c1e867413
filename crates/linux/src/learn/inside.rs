//! What the program sees, where it is isolated while its calls are looked at.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};
use rustix::process::Pid;

use crate::init::handed_back::{Shared, hand_back};
use crate::launch::Spec;
use crate::launch::view::APART;
use crate::sys::{self, Notification};

/// The container beside which lowbox looks at calls.
#[derive(Debug)]
pub(super) struct Inside {
    root: OwnedFd,
    calls: OwnedFd,
    granted: Vec<PathBuf>,
    /// Where grants are mounted apart, each with the path that it is for: read from the container's own links, once.
    apart: OnceLock<Vec<(PathBuf, PathBuf)>>,
}

impl Inside {
    pub(super) fn new(shared: Shared, spec: &Spec) -> (OwnedFd, Inside) {
        let Shared { listener, root, calls } = shared;
        let granted = spec.plan.binds.iter().map(|bind| bind.path.clone()).collect();
        (listener, Inside { root, calls, granted, apart: OnceLock::new() })
    }

    /// Whether there is something at this path for the program, and which. Only for what is told: whoever has a folder to write
    /// in decides what is found.
    fn there(&self, path: &Path) -> Option<(u64, u64)> {
        let path = path.as_os_str().as_bytes().strip_prefix(b"/")?;
        let path = if path.is_empty() { b"." } else { path };
        // A grant that is mounted apart is behind a link.
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let object = openat2(&self.root, OsStr::from_bytes(path), flags, Mode::empty(), resolve).ok()?;
        let stat = fstat(object).ok()?;
        Some((stat.st_dev, stat.st_ino))
    }

    /// Whether the program sees something there.
    pub(super) fn shows(&self, path: &Path) -> bool {
        self.there(path).is_some()
    }

    /// Whether the program sees something there that is not the host's.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        let host = || fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        self.there(path).is_some_and(|inside| host() != Some(inside))
    }

    /// The host's path of what the program has under another one, because it is mounted apart.
    pub(super) fn on_host(&self, path: &Path) -> Option<PathBuf> {
        if !path.starts_with(APART) {
            return None;
        }
        let all = self.apart.get_or_init(|| self.granted.iter().filter_map(|path| self.link(path)).collect());
        all.iter().find_map(|(place, granted)| Some(granted.join(path.strip_prefix(place).ok()?)))
    }

    fn link(&self, granted: &Path) -> Option<(PathBuf, PathBuf)> {
        let path = granted.as_os_str().as_bytes().strip_prefix(b"/")?;
        let target = readlinkat(&self.root, OsStr::from_bytes(path), Vec::new()).ok()?;
        let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
        target.starts_with(APART).then(|| (target, granted.to_owned()))
    }

    /// Whether the call is pid 1's to carry out: it must never go on by a word of lowbox's.
    pub(super) fn is_carried_out(call: &Notification) -> bool {
        let number = i64::from(call.number);
        let all = [libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4];
        all.contains(&number)
    }

    /// Hands it to pid 1, with the number that the thread has in the container. Where that can't be, it fails.
    pub(super) fn hand_back(&self, listener: &OwnedFd, call: &Notification) {
        let known = thread_inside(call.pid).filter(|_| sys::notification_is_alive(listener.as_fd(), call.id));
        let handed = known.ok_or(io::ErrorKind::NotFound.into()).and_then(|thread| {
            let call = Notification { pid: thread.as_raw_pid() as u32, ..*call };
            hand_back(self.calls.as_fd(), &call)
        });
        if handed.is_err() {
            // A caller that is gone needs no answer.
            let _ = sys::respond_to_notification(listener.as_fd(), call.id, libc::EACCES);
        }
    }
}

/// The number of a thread in the innermost of its pid namespaces: a program in a container can make none.
fn thread_inside(thread: u32) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Pid::from_raw(numbers.split_whitespace().last()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_outside_of_every_container_has_its_own_number() {
        let own = std::process::id();
        assert_eq!(thread_inside(own).map(|pid| pid.as_raw_pid() as u32), Some(own));
        assert_eq!(thread_inside(u32::MAX), None);
    }
}
