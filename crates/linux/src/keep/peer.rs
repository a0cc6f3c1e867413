//! Who is at the other end of a keeper's socket, or of a caller's.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

/// Whether a process of the same user is at the other end, and none that is in a container.
pub(super) fn is_own(socket: &OwnedFd) -> bool {
    let Ok(peer) = socket_peercred(socket.as_fd()) else { return false };
    peer.uid == geteuid() && depth(&peer.pid.as_raw_pid().to_string()) == depth("self")
}

/// Whether the kernel lets the calling process look into the one at the other end (ptrace(2), "Ptrace access mode checking"). It does only
/// where that one has no capability that this one lacks, and is in this one's Landlock domain or in one beneath it. So where each may look
/// into the other they are restricted alike, and there is no other way to tell: a domain has no name.
pub(super) fn may_be_looked_into(socket: &OwnedFd) -> bool {
    let Ok(peer) = socket_peercred(socket.as_fd()) else { return false };
    fs::read_link(format!("/proc/{}/exe", peer.pid.as_raw_pid())).is_ok()
}

/// In how many process namespaces a process has a number, as /proc tells (`NSpid`, proc_pid_status(5)).
fn depth(process: &str) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(numbers.split_whitespace().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_of_a_container_is_told_from_one_that_is_in_none() {
        assert_eq!(depth("self"), depth(&std::process::id().to_string()));
        assert!(depth("self").is_some());
        assert_eq!(depth("0"), None);
    }

    #[test]
    fn a_process_may_be_looked_into_by_itself() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(may_be_looked_into(&one.into()));
    }
}
