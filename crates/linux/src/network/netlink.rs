//! Messages of rtnetlink(7): a header, a fixed structure, attributes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// Length of struct nlmsghdr (linux/netlink.h).
pub(crate) const HEADER: usize = 16;

/// A question or an order, which every one of them is (linux/netlink.h).
pub(crate) const REQUEST: u16 = 1;
/// An answer is wanted, even if there is nothing to tell.
pub(crate) const ACKNOWLEDGE: u16 = 4;
/// It is to be made.
pub(crate) const CREATE: u16 = 0x400;
/// And is not to be there yet.
pub(crate) const EXCLUSIVE: u16 = 0x200;

/// The kernel's answer to what it was not asked to tell something about: an error number, or zero.
const NLMSG_ERROR: u16 = 2;

/// A message as it is being written.
#[derive(Debug)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// Begins a message of a type with its fixed structure.
    pub(crate) fn new(kind: u16, flags: u16, sequence: u32, fixed: &[u8]) -> Message {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((flags | REQUEST).to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        // To the kernel.
        bytes.extend([0; 4]);
        let mut message = Message(bytes);
        message.raw(fixed);
        message
    }

    /// Bytes that are no attribute.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        self.align();
    }

    /// An attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nest(kind, |message| message.0.extend(value));
    }

    /// An attribute that holds what `inner` writes.
    pub(crate) fn nest(&mut self, kind: u16, inner: impl FnOnce(&mut Message)) {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        inner(self);
        // Only what lowbox itself writes goes in, a few hundred bytes.
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.align();
    }

    /// The whole message.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }

    /// Everything begins at a multiple of four.
    fn align(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}

/// A message's type and what follows its header, if it has this number.
pub(crate) fn numbered(message: &[u8], sequence: u32) -> Option<(u16, &[u8])> {
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    let number = u32::from_ne_bytes(message.get(8..12)?.try_into().ok()?);
    (number == sequence).then_some((kind, message.get(HEADER..)?))
}

/// A way to the kernel's network configuration.
///
/// # Errors
/// What socket(2) reports.
pub(crate) fn open() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?)
}

/// Gives an order, which asks for its acknowledgement, and waits until it is carried out.
///
/// # Errors
/// What the kernel answers.
pub(crate) fn order(socket: &OwnedFd, sequence: u32, message: Message) -> io::Result<()> {
    send(socket.as_fd(), &message.bytes(), SendFlags::empty())?;
    let mut buffer = [0_u8; 4096];
    loop {
        let (length, _) = match recv(socket.as_fd(), &mut buffer, RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => continue,
            received => received?,
        };
        let Some((NLMSG_ERROR, body)) = numbered(&buffer[..length.min(buffer.len())], sequence) else {
            continue;
        };
        let errno = body.get(..4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
        return match errno {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(errno.saturating_neg())),
            None => Err(io::ErrorKind::InvalidData.into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_length_and_attributes_at_multiples_of_four() {
        let mut message = Message::new(16, ACKNOWLEDGE, 7, &[9; 16]);
        message.nest(18, |message| {
            message.attribute(1, b"veth\0");
        });
        message.attribute(4, &1_u32.to_ne_bytes());
        let bytes = message.bytes();
        assert_eq!(bytes.len(), 16 + 16 + (4 + 4 + 8) + 8);
        assert_eq!(u32::from_ne_bytes(bytes[..4].try_into().unwrap()) as usize, bytes.len());
        // The nested one counts its padding, the inner one does not.
        assert_eq!(bytes[32..34], 16_u16.to_ne_bytes());
        assert_eq!(bytes[36..38], 9_u16.to_ne_bytes());
        assert_eq!(numbered(&bytes, 7).unwrap().0, 16);
        assert!(numbered(&bytes, 8).is_none() && numbered(&bytes[..12], 7).is_none());
    }
}
