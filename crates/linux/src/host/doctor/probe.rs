//! Trying something in a child, so that it is undone when the child ends.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lowbox_security::derive::package_sid;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use crate::host::user::{HostUser, container_user};
use crate::launch::ContainerUser;
use crate::launch::idmap::{map_own_ids, write_map};
use crate::sys::{self, Forked, Namespaces};

/// What became of a probe.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It works.
    Works,
    /// There was no child: clone(2) refused.
    NoChild(io::Error),
    /// A step failed, with its number as the probe counts them. Step 0 is taking on the container's user.
    Failed(u8, io::Error),
}

/// A step that failed in the child.
pub(super) type Step = (u8, Errno);

/// The step of taking on the container's user.
pub(super) const IDENTITY: u8 = 0;

/// A child that waits before it starts.
pub(super) struct Waiting {
    pub(super) pid: Pid,
    go: OwnedFd,
    report: OwnedFd,
}

/// Forks a child that runs `body` once it is told to.
pub(super) fn spawn(namespaces: Namespaces, body: impl FnOnce() -> Result<(), Step>) -> io::Result<Waiting> {
    let (wait, go) = pipe_with(PipeFlags::CLOEXEC)?;
    let (report, answer) = pipe_with(PipeFlags::CLOEXEC)?;
    match sys::fork_into(namespaces)? {
        Forked::Parent(pid) => Ok(Waiting { pid, go, report }),
        Forked::Child => {
            drop((go, report));
            // A panic must not run on in the parent's code.
            let lived = catch_unwind(AssertUnwindSafe(|| live(&wait, &answer, body)));
            sys::exit_now(i32::from(lived.is_err()))
        }
    }
}

/// What the child does.
fn live(wait: &OwnedFd, answer: &OwnedFd, body: impl FnOnce() -> Result<(), Step>) {
    let _ = sys::set_parent_death_signal(Signal::KILL);
    // Without a word from the parent there is no parent.
    if !matches!(rustix::io::read(wait, &mut [0_u8; 1]), Ok(1)) {
        return;
    }
    let (step, errno) = body().map_or_else(|(step, error)| (step, error.raw_os_error()), |()| (0, 0));
    let mut message = [step; 5];
    message[1..].copy_from_slice(&errno.to_ne_bytes());
    let _ = rustix::io::write(answer, &message);
}

impl Waiting {
    /// Lets the child go on, and waits for its end.
    pub(super) fn finish(self) -> Outcome {
        let _ = rustix::io::write(&self.go, &[1]);
        let mut message = [0_u8; 5];
        let read = rustix::io::read(self.report.as_fd(), &mut message);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
        let errno = i32::from_ne_bytes([message[1], message[2], message[3], message[4]]);
        match read {
            Ok(5) if errno == 0 => Outcome::Works,
            Ok(5) => Outcome::Failed(message[0], io::Error::from_raw_os_error(errno)),
            _ => Outcome::Failed(u8::MAX, io::Error::other("the probe's process ended before it answered")),
        }
    }
}

/// Runs `body` in a plain child.
pub(super) fn in_child(body: impl FnOnce() -> Result<(), Step>) -> Outcome {
    match spawn(Namespaces::NONE, body) {
        Ok(child) => child.finish(),
        Err(error) => Outcome::NoChild(error),
    }
}

/// Runs `body` in new namespaces, a user namespace among them, as the user that a program would be.
pub(super) fn in_namespaces(
    namespaces: Namespaces,
    host: &HostUser,
    body: impl FnOnce() -> Result<(), Step>,
) -> Outcome {
    let user: ContainerUser = container_user(host, &package_sid("lowbox-doctor"));
    let by_root = user.launched_by_root;
    let inside = user.clone();
    let child = spawn(namespaces, move || {
        become_user(&inside)
            .map_err(|error| (IDENTITY, Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        body()
    });
    let child = match child {
        Ok(child) => child,
        Err(error) => return Outcome::NoChild(error),
    };
    // Only root's lowbox may map an id that is not its own.
    let mapped = if by_root {
        write_map(child.pid, "uid_map", user.uid, user.uid)
            .and_then(|()| write_map(child.pid, "gid_map", user.gid, user.gid))
    } else {
        Ok(())
    };
    let outcome = child.finish();
    match mapped {
        Ok(()) => outcome,
        Err(error) => Outcome::Failed(IDENTITY, error),
    }
}

fn become_user(user: &ContainerUser) -> io::Result<()> {
    if user.launched_by_root {
        sys::drop_supplementary_groups()?;
        sys::set_ids(user.uid, user.gid)
    } else {
        map_own_ids(user)
    }
}

/// The content of a file in /proc or /sys without the line's end.
pub(super) fn setting(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim_end().to_owned())
}
