//! Canonical paths, from the kernel.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

/// The path of what `path` leads to, links followed: three system calls, where walking the components takes one for each.
///
/// # Errors
/// What open(2) reports: ENOENT, EACCES, ELOOP, …
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    let object = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    fs::read_link(format!("/proc/self/fd/{}", object.as_raw_fd()))
}
