//! The process that a thread belongs to.

use std::io;

use rustix::process::Pid;

/// The leader of a thread's group (`Tgid` of /proc/TID/status): what people call the process.
///
/// # Errors
/// What reading the file reports; ESRCH when it says nothing.
pub(super) fn leader(thread: Pid) -> io::Result<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", thread.as_raw_pid()))?;
    let leader =
        status.lines().find_map(|line| line.strip_prefix("Tgid:")).and_then(|id| id.trim().parse().ok());
    leader.and_then(Pid::from_raw).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_leader_is_its_process() {
        let thread = std::thread::spawn(|| leader(rustix::thread::gettid()).unwrap());
        assert_eq!(thread.join().unwrap(), rustix::process::getpid());
    }
}
