//! What pid 1 asks the network broker for, and what it answers: one message each, over a socket pair that keeps borders.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::options::SetOption;

/// The longest message: an address and every option that is copied.
const MAX_MESSAGE: usize = 4096;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// A TCP socket.
    Socket(Wanted),
    /// That the wire for datagrams be served, whose end comes with the message.
    Wire,
    /// That a UDP socket of the container's loopback interface be served, which comes with the message and stands for this
    /// address of the host's.
    Exempt(SocketAddr),
    /// Whether datagrams may be sent there.
    Datagrams(SocketAddr),
    /// That a UDP port of the host's be the program's.
    Serve(u16),
}

/// A TCP socket of the host's network that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// What for.
    pub(crate) purpose: Purpose,
    /// Whether it is an IPv6 socket, for IPv4 addresses too.
    pub(crate) v6: bool,
    /// The peer, or the address to bind to.
    pub(crate) address: SocketAddr,
    /// What the program set on its own.
    pub(crate) options: Vec<SetOption>,
}

/// What a socket is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To connect.
    Connect,
    /// To bind, and then to listen.
    Bind,
    /// None is wanted: a peer has connected, and waits to be accepted.
    Accept,
}

/// The answer. A socket comes with it if it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Here it is. A connection may still be on its way.
    Made {
        /// It is.
        pending: bool,
    },
    /// Yes: the peer may be accepted, datagrams may be sent, it is served.
    Accepted,
    /// The access check says no.
    Refused,
    /// The kernel says no, with this error number.
    Failed(i32),
}

/// Sends a message, with a descriptor or without.
///
/// # Errors
/// EPIPE when the other end is gone.
pub(crate) fn send(
    channel: BorrowedFd<'_>,
    message: &impl Serialize,
    file: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let bytes = postcard::to_allocvec(message).map_err(io::Error::other)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<BorrowedFd<'_>> = file.into_iter().collect();
    if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    sendmsg(channel, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a message; `None` when the other end is gone.
///
/// # Errors
/// InvalidData for something else than a message, EMFILE when its descriptor has no room.
pub(crate) fn receive<M: DeserializeOwned>(
    channel: BorrowedFd<'_>,
) -> io::Result<Option<(M, Option<OwnedFd>)>> {
    let mut bytes = [0_u8; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let into = &mut [IoSliceMut::new(&mut bytes)];
        match recvmsg(channel.as_fd(), into, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    let mut file = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(files) = message {
            file = files.into_iter().next().or(file);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    match postcard::from_bytes(&bytes[..received.bytes]) {
        Ok(message) => Ok(Some((message, file))),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a message can't be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::control::channel;

    #[test]
    fn what_is_asked_and_answered_arrives_with_its_socket() {
        let (ours, theirs) = channel().unwrap();
        let ask = Ask::Socket(Wanted {
            purpose: Purpose::Connect,
            v6: true,
            address: "[::ffff:1.2.3.4]:80".parse().unwrap(),
            options: vec![SetOption { index: 3, value: vec![1, 0, 0, 0] }],
        });
        send(ours.as_fd(), &ask, Some(ours.as_fd())).unwrap();
        let (received, file) = receive::<Ask>(theirs.as_fd()).unwrap().unwrap();
        assert_eq!(received, ask);
        drop(file.expect("it came with the message"));
        send(ours.as_fd(), &Answer::Failed(111), None).unwrap();
        assert_eq!(receive::<Answer>(theirs.as_fd()).unwrap().unwrap().0, Answer::Failed(111));
        rustix::net::send(&ours, b"\xff\xff\xff", SendFlags::empty()).unwrap();
        assert!(receive::<Ask>(theirs.as_fd()).is_err());
        drop(ours);
        assert!(receive::<Ask>(theirs.as_fd()).unwrap().is_none());
    }
}
