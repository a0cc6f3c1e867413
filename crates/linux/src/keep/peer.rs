//! Who is at the other end of a keeper's socket, or of a caller's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, PidfdFlags, geteuid, pidfd_open};

use super::surroundings::{Surroundings, read};
use crate::sys;

/// A process of the same user that is in no container: the one that connected, or listens. Who sends over its socket may be another one, to
/// which it gave the socket: then it answers for that one, and has to stay.
///
/// What is read of it is its own, and not another's that has its number by now, as long as it is still there afterwards. What it becomes meanwhile
/// gives it nothing: a process leaves its namespaces, its control group, its limits and its Landlock domain for wider ones only by a privileged
/// program that it executes, and the kernel lets no keeper without privileges look into such a one.
pub(super) struct Peer {
    number: Pid,
    handle: OwnedFd,
}

impl Peer {
    /// Who it is; `None` if it is nobody that may call, or be called.
    pub(super) fn of(socket: &OwnedFd) -> Option<Peer> {
        let credentials = socket_peercred(socket.as_fd()).ok()?;
        let number = credentials.pid;
        let handle = match sys::peer_process(socket.as_fd()) {
            // Before Linux 6.5 by its number, at once.
            Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {
                pidfd_open(number, PidfdFlags::empty()).ok()?
            }
            handle => handle.ok()?,
        };
        let peer = Peer { number, handle };
        let is_own = credentials.uid == geteuid() && depth(&number.as_raw_pid().to_string()) == depth("self");
        (is_own && peer.is_there()).then_some(peer)
    }

    fn is_there(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // It becomes readable with the end of the process (pidfd_open(2)).
        matches!(poll(&mut [PollFd::new(&self.handle, PollFlags::IN)], Some(&now)), Ok(0))
    }

    /// Its surroundings, as the kernel tells them and lets the calling process know them (ptrace(2), "Ptrace access mode checking"): it does only of
    /// one that has no capability that this one lacks, and is in this one's Landlock domain or in one beneath it.
    ///
    /// # Errors
    /// When it has ended, or may not be looked into; the system's.
    pub(super) fn surroundings(&self) -> io::Result<Surroundings> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let process = open(format!("/proc/{}", self.number.as_raw_pid()), flags, Mode::empty())?;
        let read = Surroundings::of(&process, self.number)?;
        self.is_there().then_some(read).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
    }
}

/// In how many process namespaces a process has a number, as /proc tells (`NSpid`, proc_pid_status(5)).
fn depth(process: &str) -> Option<usize> {
    let status = read(CWD, &format!("/proc/{process}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(numbers.split_whitespace().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    #[test]
    fn a_process_of_a_container_is_told_from_one_that_is_in_none() {
        assert_eq!(depth("self"), depth(&std::process::id().to_string()));
        assert!(depth("self").is_some());
        assert_eq!(depth("0"), None);
    }

    #[test]
    fn a_process_may_be_looked_into_by_itself_and_one_that_has_ended_by_nobody() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let own = Peer::of(&one.into()).unwrap().surroundings().unwrap();
        assert_eq!(own.difference(&Surroundings::own().unwrap(), &["/".into()]), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let script =
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdin.read()";
        let mut child = Command::new("python3");
        let child = child.args(["-c", script]).arg(&path).stdin(std::process::Stdio::piped());
        let mut child = child.spawn().unwrap();
        let (socket, _) = listener.accept().unwrap();
        let peer = Peer::of(&socket.into()).unwrap();
        assert!(peer.surroundings().is_ok());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(peer.surroundings().is_err());
    }
}
