//! The path that a call names, read once and made whole.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::process::Pid;

use super::calls::At;
use super::files;
use crate::sys;

/// As a path.
pub(super) fn whole_path(thread: Pid, at: At) -> Option<PathBuf> {
    whole_bytes(thread, at).map(|path| PathBuf::from(OsString::from_vec(path.bytes)))
}

/// A whole path.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    /// It was given as one name in a folder that the caller has open or works in: no link is on the way.
    pub(super) one_name: bool,
}

/// As bytes; `None` if it can't be read.
pub(super) fn whole_bytes(thread: Pid, at: At) -> Option<Whole> {
    let given = sys::read_process_path(thread, at.address).ok()?;
    let one_name = !given.contains(&b'/') && !matches!(&given[..], b"" | b"." | b"..");
    Some(Whole { bytes: whole(thread, at.folder, &given)?, one_name })
}

/// An absolute path from what a call was given. Without a path it is the descriptor's own (AT_EMPTY_PATH).
pub(super) fn whole(thread: Pid, folder: i32, path: &[u8]) -> Option<Vec<u8>> {
    if path.starts_with(b"/") {
        return Some(path.to_vec());
    }
    let thread = thread.as_raw_pid();
    let link = match folder {
        libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
        number => format!("/proc/{thread}/fd/{number}"),
    };
    let mut whole = files::behind(&link)?.into_os_string().into_encoded_bytes();
    if !path.is_empty() {
        whole.push(b'/');
        whole.extend(path);
    }
    Some(whole)
}
