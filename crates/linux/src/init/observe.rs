//! Reports of opens, for a user who asked to see why something was denied. The call always goes on: mounts and Landlock
//! decide, and what is reported is only what the program was seen to ask for.

use std::ffi::OsString;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use crate::launch::control::Report;
use crate::sys::{self, Notification};

/// After so many reports the rest is not worth reading.
const MAX_REPORTS: usize = 20_000;

/// Counts what was reported.
#[derive(Default)]
pub(super) struct Observer {
    reported: usize,
}

impl Observer {
    /// Reports an open.
    pub(super) fn report(&mut self, listener: BorrowedFd<'_>, control: BorrowedFd<'_>, call: &Notification) {
        let opened = if self.reported < MAX_REPORTS { describe(listener, call) } else { None };
        if let Some(report) = opened {
            self.reported += 1;
            // Dropped when lowbox does not keep up: a flood of opens is the program's own affair.
            let _ = report.send(control, true);
        }
    }
}

fn describe(listener: BorrowedFd<'_>, call: &Notification) -> Option<Report> {
    let (folder, address, flags) = match i64::from(call.number) {
        libc::SYS_openat => (call.arguments[0] as i32, call.arguments[1], call.arguments[2] as u32),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => (libc::AT_FDCWD, call.arguments[0], call.arguments[1] as u32),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => {
            (libc::AT_FDCWD, call.arguments[0], (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC) as u32)
        }
        _ => return None,
    };
    let thread = Pid::from_raw(call.pid as i32)?;
    let path = PathBuf::from(OsString::from_vec(sys::read_process_path(thread, address).ok()?));
    let path = if path.is_absolute() { path } else { base(thread, folder)?.join(path) };
    sys::notification_is_alive(listener, call.id).then_some(Report::Opened { flags, path })
}

fn base(thread: Pid, folder: i32) -> Option<PathBuf> {
    let thread = thread.as_raw_pid();
    let link = if folder == libc::AT_FDCWD {
        format!("/proc/{thread}/cwd")
    } else {
        format!("/proc/{thread}/fd/{folder}")
    };
    std::fs::read_link(Path::new(&link)).ok()
}
