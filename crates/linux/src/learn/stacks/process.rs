//! The process that reads stacks.
//!
//! What it reads is the program's: memory, names, tables that are a language of their own (DWARF). Most of it is read by crates that
//! are made for that, but a panic in one would end lowbox, and a table that leads in circles would hold it, and with it the program.
//! So it is a process apart, with bounds on memory and on time, that is begun anew when it has ended.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Resource, Rlimit, Signal, WaitOptions, setrlimit, setsid, waitpid};

use super::message::{Answer, receive, send};
use super::reader::Reader;
use crate::sys::{self, Forked, Namespaces, capability};

/// Seconds in which a stack has to be read.
const PATIENCE: u32 = 5;
/// The most memory.
const MEMORY: u64 = 2 << 30;
/// So often it is begun anew; then no more stacks are read.
const MAX_DEATHS: usize = 32;

/// Forks it. The calling process must be single-threaded.
pub(super) fn start() -> io::Result<(UnixStream, rustix::process::Pid)> {
    let (ours, theirs) = UnixStream::pair()?;
    match sys::fork_into(Namespaces::NONE)? {
        Forked::Child => {
            let _ = keep(OwnedFd::from(theirs));
            sys::exit_now(0)
        }
        Forked::Parent(pid) => Ok((ours, pid)),
    }
}

/// Begins a reader, and another one when that has died of what it read.
fn keep(socket: OwnedFd) -> io::Result<()> {
    // Out of the terminal's sight: its keys are for the program.
    setsid()?;
    sys::erase_environment();
    sys::close_all_but(&[socket.as_raw_fd()])?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::chdir("/")?;
    rustix::thread::set_no_new_privs(true)?;
    // Root's has to look at programs with another uid, and at files that are root's own.
    let looking = capability::SYS_PTRACE | capability::DAC_READ_SEARCH | capability::CHECKPOINT_RESTORE;
    if rustix::process::geteuid().is_root() {
        sys::keep_capabilities(looking)?;
    }
    sys::set_parent_death_signal(Signal::KILL)?;
    sys::reset_signals();
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
    let mut socket = UnixStream::from(socket);
    for _ in 0..MAX_DEATHS {
        match sys::fork_into(Namespaces::NONE)? {
            Forked::Child => {
                let _ = sys::set_parent_death_signal(Signal::KILL);
                let _ = serve(&socket);
                sys::exit_now(0)
            }
            Forked::Parent(pid) => {
                let status = loop {
                    match waitpid(Some(pid), WaitOptions::empty()) {
                        Err(rustix::io::Errno::INTR) => continue,
                        other => break other?,
                    }
                };
                // Whoever asks is gone.
                if status.is_none_or(|(_, status)| status.exit_status() == Some(0)) {
                    return Ok(());
                }
            }
        }
        // Most probably of the question that was asked last.
        send(&mut socket, &Answer { truncated: true, ..Answer::default() })?;
    }
    Ok(())
}

fn serve(socket: &UnixStream) -> io::Result<()> {
    let mut reader = Reader::default();
    loop {
        let question = receive(socket)?;
        sys::die_after(PATIENCE);
        let answer = reader.answer(&question);
        sys::die_after(0);
        send(socket, &answer)?;
    }
}
