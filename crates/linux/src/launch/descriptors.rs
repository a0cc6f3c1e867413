//! Descriptors over the socket between lowbox and pid 1 (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// The most descriptors in one message: far below the kernel's 253 (unix(7)), because a caller may allow few open files.
pub(crate) const BATCH: usize = 16;

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
    let message = recvmsg(socket, &mut [IoSliceMut::new(&mut tag)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if message.flags.contains(ReturnFlags::CTRUNC) {
        // The rest has no room in this process's table.
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    let mut received = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    Ok(received)
}
