//! The terminal's modes when a signal kills lowbox.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::OnceLock;

struct Terminal {
    fd: libc::c_int,
    modes: libc::termios,
}

/// Written once, before the handler that reads it is installed.
static TERMINAL: OnceLock<Terminal> = OnceLock::new();

/// Signals that end a process and that lowbox does not wait for: signal(7). Those of real time are added.
const FATAL: [libc::c_int; 15] = [
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGSTKFLT,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Remembers the modes that `terminal` has now, and sets them again if one of the signals that lowbox does not wait for kills
/// it. For the life of the process; the first call counts.
///
/// # Errors
/// What tcgetattr(3) and sigaction(2) report.
pub fn restore_terminal_when_killed(terminal: OwnedFd) -> io::Result<()> {
    if TERMINAL.get().is_some() {
        return Ok(());
    }
    let fd = terminal.into_raw_fd();
    // SAFETY: an all-zero termios is valid, and tcgetattr fills it; the descriptor is open, and from here on nobody closes it.
    let modes = unsafe {
        let mut modes: libc::termios = std::mem::zeroed();
        if libc::tcgetattr(fd, &raw mut modes) != 0 {
            return Err(io::Error::last_os_error());
        }
        modes
    };
    let _ = TERMINAL.set(Terminal { fd, modes });
    for signal in FATAL.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()) {
        // SAFETY: both structs are valid when zeroed and are filled before use; `put_back` is a handler of the type that
        // SA_SIGINFO being absent asks for, and calls only what signal-safety(7) lists.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &raw mut before) != 0 {
                return Err(io::Error::last_os_error());
            }
            if before.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = put_back as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_ONSTACK;
            if libc::sigaction(signal, &raw const action, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Sets the modes and lets the signal do what it does by default.
extern "C" fn put_back(signal: libc::c_int) {
    if let Some(terminal) = TERMINAL.get() {
        // SAFETY: signal-safety(7) lists tcgetpgrp, getpgrp, tcsetattr and raise; the pointer is to a static. In the
        // background tcsetattr would stop the process, and there the terminal is the shell's affair.
        unsafe {
            if libc::tcgetpgrp(terminal.fd) == libc::getpgrp() {
                libc::tcsetattr(terminal.fd, libc::TCSANOW, &raw const terminal.modes);
            }
        }
    }
    // SAFETY: a plain integer. It is pending until the handler returns; SA_RESETHAND has made its action the default.
    unsafe { libc::raise(signal) };
}
