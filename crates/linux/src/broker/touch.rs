//! The messages between pid 1 and the broker: what the program touched, and what came of it.
//!
//! Pid 1 reads them from the program's memory; so they are facts about what it says it does, and nothing depends on their
//! being true: a grant opens the object that the user was asked about, whatever the waiting call then does.

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use lowbox_policy::{GrantRights, os_bytes};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message: two paths and the arguments that are shown.
pub(crate) const MAX_MESSAGE: usize = 16 * 1024;

/// A call that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Touch {
    /// The notification's number, which names the call.
    pub(crate) id: u64,
    /// What it touches: canonical as the container sees it, up to where that sees nothing any more.
    #[serde(with = "os_bytes")]
    pub(crate) path: PathBuf,
    /// What the call needs.
    pub(crate) wanted: GrantRights,
    /// The call may make the object.
    pub(crate) creates: bool,
    /// The call makes a name, which is a change of the folder.
    pub(crate) needs_folder: bool,
    /// The name that it makes is a folder's.
    pub(crate) makes_folder: bool,
    /// A symbolic link at the end is followed.
    pub(crate) follows: bool,
    /// /proc/PID/exe.
    #[serde(with = "os_bytes")]
    pub(crate) executable: PathBuf,
    /// /proc/PID/cmdline, cut.
    #[serde(with = "os_bytes::list")]
    pub(crate) arguments: Vec<OsString>,
    /// The thread, as the container counts.
    pub(crate) pid: u32,
}

/// What came of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Of which call.
    pub(crate) id: u64,
    /// The program sees something that it did not see before.
    pub(crate) granted: bool,
}

/// Sends one message. With `wait` false a full socket is an error.
///
/// # Errors
/// EPIPE when the other end is gone, EAGAIN, EMSGSIZE.
pub(crate) fn send_message(socket: BorrowedFd<'_>, message: &impl Serialize, wait: bool) -> io::Result<()> {
    let bytes = postcard::to_allocvec(message).map_err(io::Error::other)?;
    if bytes.len() > MAX_MESSAGE {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    let flags = if wait { SendFlags::NOSIGNAL } else { SendFlags::NOSIGNAL | SendFlags::DONTWAIT };
    send(socket, &bytes, flags)?;
    Ok(())
}

/// Receives one message; `None` when the other end is gone.
///
/// # Errors
/// EAGAIN with `RecvFlags::DONTWAIT`; InvalidData for bytes that are no message.
pub(crate) fn receive_message<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
    flags: RecvFlags,
) -> io::Result<Option<T>> {
    let mut buffer = [0_u8; MAX_MESSAGE];
    let (length, _) = recv(socket, &mut buffer, flags)?;
    if length == 0 {
        return Ok(None);
    }
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "a message can't be read");
    postcard::from_bytes(&buffer[..length]).map(Some).map_err(invalid)
}
