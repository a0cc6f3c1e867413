//! Signals as readable events (signalfd(2)).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::Signal;

/// A descriptor from which blocked signals are read.
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

impl SignalFd {
    /// Blocks `signals` for the calling thread and makes them readable, close-on-exec and without waiting.
    ///
    /// # Errors
    /// EMFILE, ENFILE.
    pub fn block(signals: &[Signal]) -> io::Result<SignalFd> {
        // SAFETY: an all-zero sigset_t is valid and is initialised by sigemptyset before use; sigaddset is given valid
        // signal numbers; sigprocmask reads the set; signalfd with -1 makes a new descriptor, which nobody else owns.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, signal.as_raw());
            }
            if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(SignalFd(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// The next pending signal's number, or `None` if there is none.
    ///
    /// # Errors
    /// What read(2) reports.
    pub fn next(&self) -> io::Result<Option<i32>> {
        let mut bytes = [0_u8; size_of::<libc::signalfd_siginfo>()];
        match rustix::io::read(&self.0, &mut bytes) {
            // ssi_signo is the first field, a native-endian u32 (signalfd(2)).
            Ok(_) => Ok(Some(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as i32)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends `signal` to every process that the caller may signal, itself and pid 1 left out (kill(2) with -1). In a pid
/// namespace's pid 1 that is the whole container. There may be nobody left, so nothing is reported.
pub fn signal_everyone(signal: Signal) {
    assert_eq!(std::process::id(), 1, "only pid 1 of a container may signal everyone");
    // SAFETY: plain integers; the assertion keeps it from ever reaching the host's processes.
    unsafe { libc::kill(-1, signal.as_raw()) };
}
