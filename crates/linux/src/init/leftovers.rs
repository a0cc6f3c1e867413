//! What programs of a kept container leave when nobody is beside them any more: more than a process group, of which they can make as many as
//! they like.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::sys;

/// So often a session is looked for again: what a process makes while it is being ended is found the next time.
const ROUNDS: usize = 16;

/// Ends every process of the session that `leader` leads. Who has made a session of its own is not in it any more: who started it nobody
/// knows once its parent has ended.
pub(super) fn end_session(leader: Pid) {
    let mut known = Vec::new();
    for _ in 0..ROUNDS {
        let new = processes().filter(|one| session(*one) == Some(leader) && !known.contains(one));
        let new: Vec<Pid> = new.collect();
        if new.is_empty() {
            return;
        }
        for process in &new {
            let _ = kill_process(*process, Signal::KILL);
        }
        known.extend(new);
    }
}

/// Ends every process of the container but Wine's server, which has the registry to write. A program that runs the server's own file is taken
/// for it, and has as long.
pub(super) fn end_all_but(server: &Path) {
    // What is stopped makes no more processes.
    sys::signal_everyone(Signal::STOP);
    for process in processes() {
        // Of one that can't be looked into this is not known.
        let executable = fs::read_link(format!("/proc/{}/exe", process.as_raw_pid()));
        if !executable.is_ok_and(|executable| executable == server) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// All of the container but the calling one, which is its pid 1.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|number| *number > 1).filter_map(Pid::from_raw)
}

/// Of a process that has not ended yet (proc_pid_stat(5)).
fn session(process: Pid) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{}/stat", process.as_raw_pid())).ok()?;
    // The name is the program's, and may hold anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(stat.get(end + 2..)?).ok()?.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Pid::from_raw(fields.nth(2)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_of_a_process_is_found_whatever_it_is_called() {
        let own = rustix::process::getpid();
        assert_eq!(session(own), rustix::process::getsid(None).ok());
        // prctl(PR_SET_NAME) is of one thread: the first one of another process.
        let mut child = std::process::Command::new("/usr/bin/perl");
        let child = child
            .args(["-e", "$0 = ') Z 1 (x'; $| = 1; print 1; sleep 20"])
            .stdout(std::process::Stdio::piped());
        let Ok(mut child) = child.spawn() else { panic!("perl") };
        std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut [0]).expect("it runs");
        let pid = Pid::from_child(&child);
        assert_eq!(session(pid), rustix::process::getsid(Some(pid)).ok());
        child.kill().and_then(|()| child.wait()).expect("it ends");
        assert_eq!(session(pid), None);
    }
}
