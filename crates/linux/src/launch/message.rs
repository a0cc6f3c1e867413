//! Small messages with descriptors, over sockets that keep message borders: between those of lowbox's processes that share a kept container
//! ([`keep`](crate::keep)).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes of one. What is larger lies in a file in memory, whose descriptor goes with it.
const MOST_BYTES: usize = 32 * 1024;
/// The most descriptors.
const MOST_DESCRIPTORS: usize = 8;

/// Sends one. Never waits with `DONTWAIT`.
///
/// # Errors
/// EPIPE when the other end is gone, EAGAIN when there is no room, EMSGSIZE for one that is too long.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> io::Result<()> {
    let bytes = postcard::to_allocvec(message).map_err(io::Error::other)?;
    if bytes.len() > MOST_BYTES {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, flags | SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one with its descriptors, close-on-exec; `None` when the other end is gone.
///
/// # Errors
/// EAGAIN with `DONTWAIT`; InvalidData for what is no message; EMFILE.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
    flags: RecvFlags,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = vec![0_u8; MOST_BYTES];
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let mut message = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags);
    if matches!(message, Err(rustix::io::Errno::CONNRESET)) {
        // It ended with something unread, which is told first; what it said before is still there.
        message = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags);
    }
    let message = message?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    if message.bytes == 0 {
        return Ok(None);
    }
    if message.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    let whole = !message.flags.contains(ReturnFlags::TRUNC);
    let read = whole.then(|| postcard::from_bytes(&bytes[..message.bytes]).ok()).flatten();
    let read = read.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message can't be read"))?;
    Ok(Some((read, descriptors)))
}

/// Whether there was nothing to receive, or no room to send.
pub(crate) fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::control::channel;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_too_long_or_no_message_is_refused_and_an_end_is_told() {
        let (ours, theirs) = channel().unwrap();
        let flags = SendFlags::empty();
        let long = "x".repeat(MOST_BYTES);
        assert_eq!(send(ours.as_fd(), &long, &[], flags).unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
        send(ours.as_fd(), &"text", &[theirs.as_fd(), ours.as_fd()], flags).unwrap();
        let (text, descriptors): (String, _) = receive(theirs.as_fd(), RecvFlags::empty()).unwrap().unwrap();
        assert_eq!((text.as_str(), descriptors.len()), ("text", 2));
        drop(descriptors);
        rustix::net::send(&ours, &vec![0xff; MOST_BYTES + 1], flags).unwrap();
        rustix::net::send(&ours, &[0xff; 9], flags).unwrap();
        for _ in 0..2 {
            let error = receive::<String>(theirs.as_fd(), RecvFlags::empty()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        send(theirs.as_fd(), &"unread", &[], flags).unwrap();
        send(ours.as_fd(), &"last", &[], flags).unwrap();
        drop(ours);
        let (text, _): (String, _) = receive(theirs.as_fd(), RecvFlags::empty()).unwrap().unwrap();
        assert_eq!(text, "last");
        assert!(receive::<String>(theirs.as_fd(), RecvFlags::empty()).unwrap().is_none());
    }
}
