//! The terminal's modes when a signal kills lowbox.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Terminal {
    fd: libc::c_int,
    modes: libc::termios,
}

/// What the handler sets; null while nothing is to be set.
static TERMINAL: AtomicPtr<Terminal> = AtomicPtr::new(null_mut());

/// Signals that end a process: signal(7). Those of real time are added. What lowbox has blocked never gets here.
const FATAL: [libc::c_int; 21] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
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

/// While this lives, a signal that kills lowbox sets the terminal's modes as they were. Dropping it puts the signals' actions
/// back: pid 1 of a container must not be made from a process that handles them.
#[derive(Debug)]
pub struct RestoredWhenKilled {
    /// `None` if another one was there first: it has the older modes.
    held: Option<(OwnedFd, Vec<(libc::c_int, libc::sigaction)>)>,
}

impl RestoredWhenKilled {
    /// Remembers the modes that `terminal` has now.
    ///
    /// # Errors
    /// What tcgetattr(3) and sigaction(2) report.
    pub fn remember(terminal: OwnedFd) -> io::Result<RestoredWhenKilled> {
        let fd = terminal.as_raw_fd();
        // SAFETY: an all-zero termios is valid, and tcgetattr fills it.
        let modes = unsafe {
            let mut modes: libc::termios = std::mem::zeroed();
            if libc::tcgetattr(fd, &raw mut modes) != 0 {
                return Err(io::Error::last_os_error());
            }
            modes
        };
        let new = Box::into_raw(Box::new(Terminal { fd, modes }));
        if TERMINAL.compare_exchange(null_mut(), new, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            // SAFETY: it was made above and nobody else has seen it.
            drop(unsafe { Box::from_raw(new) });
            return Ok(RestoredWhenKilled { held: None });
        }
        let mut held = RestoredWhenKilled { held: Some((terminal, Vec::new())) };
        for signal in FATAL.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()) {
            held.handle(signal)?;
        }
        Ok(held)
    }

    fn handle(&mut self, signal: libc::c_int) -> io::Result<()> {
        let Some((_, before)) = &mut self.held else { return Ok(()) };
        // SAFETY: both structs are valid when zeroed and are filled before use; `put_back` is a handler of the type that is
        // asked for without SA_SIGINFO, and calls only what signal-safety(7) lists.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &raw mut old) != 0 {
                return Err(io::Error::last_os_error());
            }
            if old.sa_sigaction == libc::SIG_IGN {
                return Ok(());
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = put_back as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_ONSTACK;
            if libc::sigaction(signal, &raw const action, null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            before.push((signal, old));
        }
        Ok(())
    }
}

impl Drop for RestoredWhenKilled {
    fn drop(&mut self) {
        let Some((_, before)) = &self.held else { return };
        for (signal, action) in before {
            // SAFETY: the action is one that the kernel gave for this signal.
            unsafe { libc::sigaction(*signal, action, null_mut()) };
        }
        // A handler in another thread may be looking at it, so it is never freed; the few bytes are lost.
        TERMINAL.store(null_mut(), Ordering::SeqCst);
    }
}

/// Sets the modes and lets the signal do what it does by default.
extern "C" fn put_back(signal: libc::c_int) {
    // SAFETY: what is stored there is a box that is never freed.
    if let Some(terminal) = unsafe { TERMINAL.load(Ordering::SeqCst).as_ref() } {
        // SAFETY: signal-safety(7) lists tcgetpgrp, getpgrp and tcsetattr; the pointer is to the box. In the background
        // tcsetattr would stop the process, and there the terminal is the shell's affair.
        unsafe {
            if libc::tcgetpgrp(terminal.fd) == libc::getpgrp() {
                libc::tcsetattr(terminal.fd, libc::TCSANOW, &raw const terminal.modes);
            }
        }
    }
    // SAFETY: a plain integer. It is pending until the handler returns; SA_RESETHAND has made its action the default.
    unsafe { libc::raise(signal) };
}
