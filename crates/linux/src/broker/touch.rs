//! The messages between pid 1 and the broker: what the program touched, and what came of it.
//!
//! Pid 1 reads them from the program's memory; so they are facts about what it says it does, and nothing depends on their
//! being true: a grant opens the object that the user was asked about, whatever the waiting call then does.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use lowbox_policy::{GrantRights, os_bytes};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recv, recvmsg, send, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message: two paths and the arguments that are shown.
pub(crate) const MAX_MESSAGE: usize = 16 * 1024;

/// A call that waits for an answer.
#[derive(Debug, Serialize, Deserialize)]
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
    /// The path is a request to have the user choose something ([`Request`](super::choosing::request::Request)).
    pub(crate) chooses: bool,
    /// /proc/PID/exe.
    #[serde(with = "os_bytes")]
    pub(crate) executable: PathBuf,
    /// /proc/PID/cmdline, cut.
    #[serde(with = "os_bytes::list")]
    pub(crate) arguments: Vec<OsString>,
    /// A pidfd of the process.
    #[serde(skip)]
    pub(crate) process: Option<OwnedFd>,
}

/// What came of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Of which call.
    pub(crate) id: u64,
    /// The program sees something that it did not see before.
    pub(crate) granted: bool,
    /// Nothing is there outside either.
    pub(crate) missing: bool,
}

impl Touch {
    /// The process's number, as the host counts: as lowbox's own /proc has it (proc_pid_fdinfo(5)). `None` if it has ended.
    pub(crate) fn pid(&self) -> Option<u32> {
        let number = self.process.as_ref()?.as_raw_fd();
        let information = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
        let pid = information.lines().find_map(|line| line.strip_prefix("Pid:"))?;
        pid.trim().parse().ok().filter(|pid| *pid > 0)
    }
}

/// Sends a touch, with its process; a full socket is an error.
///
/// # Errors
/// As [`send_message`].
pub(crate) fn send_touch(socket: BorrowedFd<'_>, touch: &Touch) -> io::Result<()> {
    let Some(process) = &touch.process else { return send_message(socket, touch, false) };
    let bytes = encode(touch)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = [process.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&files));
    match sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
        // Too many descriptors of the user's are on their way.
        Err(rustix::io::Errno::TOOMANYREFS) => send_message(socket, touch, false),
        sent => Ok(sent.map(drop)?),
    }
}

/// Receives a touch, without waiting; `None` when the other end is gone.
///
/// # Errors
/// As [`receive_message`].
pub(crate) fn receive_touch(socket: BorrowedFd<'_>) -> io::Result<Option<Touch>> {
    let mut bytes = [0_u8; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut touch: Touch = decode(&bytes[..received.bytes])?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(files) = message {
            touch.process = files.into_iter().next();
        }
    }
    Ok(Some(touch))
}

fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_allocvec(message).map_err(io::Error::other)?;
    match bytes.len() > MAX_MESSAGE {
        true => Err(io::Error::from_raw_os_error(libc::EMSGSIZE)),
        false => Ok(bytes),
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "a message can't be read");
    postcard::from_bytes(bytes).map_err(invalid)
}

/// Sends one message. With `wait` false a full socket is an error.
///
/// # Errors
/// EPIPE when the other end is gone, EAGAIN, EMSGSIZE.
pub(crate) fn send_message(socket: BorrowedFd<'_>, message: &impl Serialize, wait: bool) -> io::Result<()> {
    let bytes = encode(message)?;
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
    decode(&buffer[..length]).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::control::channel;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    #[test]
    fn a_touch_arrives_with_its_process_which_is_named_until_it_has_ended() {
        let (ours, theirs) = channel().unwrap();
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let touch = Touch {
            id: 1,
            path: "/home/ada/a".into(),
            wanted: GrantRights::READ,
            creates: false,
            needs_folder: false,
            makes_folder: false,
            follows: true,
            chooses: false,
            executable: "/usr/bin/a".into(),
            arguments: Vec::new(),
            process: Some(pidfd_open(pid, PidfdFlags::empty()).unwrap()),
        };
        send_touch(ours.as_fd(), &touch).unwrap();
        send_touch(ours.as_fd(), &Touch { process: None, ..touch }).unwrap();
        let arrived = receive_touch(theirs.as_fd()).unwrap().unwrap();
        assert_eq!((arrived.id, arrived.pid()), (1, Some(child.id())));
        assert_eq!(receive_touch(theirs.as_fd()).unwrap().unwrap().pid(), None);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(arrived.pid(), None);
        assert_eq!(receive_touch(theirs.as_fd()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
