//! What lowbox hands to pid 1 once the plan is made, over the same socket as its orders: the plan, and descriptors that
//! only lowbox could make.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use super::spec::Spec;

/// The plan, and what was decided about the container beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handoff<S> {
    pub(crate) spec: S,
    /// Memory and processes are limited by a cgroup, in which pid 1 is already.
    pub(crate) memory_by_cgroup: bool,
}

/// The most descriptors in one message: far below the kernel's 253 (unix(7)), because a caller may allow few open files.
pub(crate) const BATCH: usize = 16;

impl Handoff<&Spec> {
    /// Sends it as a file in memory: a plan may be larger than any message.
    ///
    /// # Errors
    /// EPIPE when pid 1 is gone; what memfd_create(2) and write(2) report.
    pub(crate) fn send(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let bytes = postcard::to_allocvec(self).map_err(io::Error::other)?;
        let mut file = File::from(memfd_create("plan", MemfdFlags::CLOEXEC)?);
        file.write_all(&bytes)?;
        file.rewind()?;
        send_descriptors(socket, &[file.as_fd()])
    }
}

impl Handoff<Spec> {
    /// Receives it; `None` when lowbox is gone.
    ///
    /// # Errors
    /// InvalidData for something else than a plan; what recvmsg(2) and read(2) report.
    pub(crate) fn receive(socket: BorrowedFd<'_>) -> io::Result<Option<Handoff<Spec>>> {
        let mut received = receive_descriptors(socket)?;
        let Some(file) = received.pop() else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes)?;
        postcard::from_bytes(&bytes)
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the plan can't be read"))
    }
}

/// Whether something arrived at pid 1; an end that is gone is no error of its own.
///
/// # Errors
/// Any other.
pub(crate) fn unless_gone(sent: io::Result<()>) -> io::Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sends up to [`BATCH`] descriptors.
///
/// # Errors
/// EPIPE when the other end is gone; ETOOMANYREFS if too many are on their way.
pub(crate) fn send_descriptors(socket: BorrowedFd<'_>, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(BATCH))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    sendmsg(socket, &[IoSlice::new(b"D")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives the descriptors of one message, close-on-exec; none when the other end is gone.
///
/// # Errors
/// What recvmsg(2) reports.
pub(crate) fn receive_descriptors(socket: BorrowedFd<'_>) -> io::Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(BATCH))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut tag = [0_u8; 1];
    recvmsg(socket, &mut [IoSliceMut::new(&mut tag)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut received = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    Ok(received)
}
