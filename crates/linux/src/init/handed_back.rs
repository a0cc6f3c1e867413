//! Calls that lowbox has looked at before pid 1 carries them out: where a declaration is verified, lowbox takes every call of the
//! program from the filter's listener, records what is lacking, lets go on what goes on, and hands back what pid 1 has to do.
//! Pid 1 has the listener too, to answer by.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::launch::control::channel;
use crate::launch::descriptors::send_descriptors;
use crate::sys::Notification;

/// Bytes of a call on its way.
const LENGTH: usize = 64;

/// Pid 1's end.
#[derive(Debug)]
pub(crate) struct HandedBack {
    socket: OwnedFd,
    ended: bool,
}

/// Lowbox's side of it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The filter's listener.
    pub(crate) listener: OwnedFd,
    /// The container's root, to see what the program sees.
    pub(crate) root: OwnedFd,
    /// Where calls are handed back.
    pub(crate) calls: OwnedFd,
}

impl HandedBack {
    /// Gives lowbox the listener, the container's root, and the other end of the way back.
    pub(super) fn share(listener: &OwnedFd, control: BorrowedFd<'_>) -> io::Result<HandedBack> {
        let (ours, theirs) = channel()?;
        let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        send_descriptors(control, &[listener.as_fd(), root.as_fd(), theirs.as_fd()])?;
        Ok(HandedBack { socket: ours, ended: false })
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The next call that is to be carried out, if there is one.
    pub(super) fn next(&mut self) -> Option<Notification> {
        let mut bytes = [0_u8; LENGTH];
        match recv(&self.socket, &mut bytes, RecvFlags::DONTWAIT) {
            Ok((LENGTH, _)) => return Some(read(&bytes)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(_) | Err(_) => self.ended = true,
        }
        None
    }

    /// Whether nobody looks at calls any more, and none is left here.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }
}

/// Hands a call back.
///
/// # Errors
/// EPIPE when pid 1 is gone.
pub(crate) fn hand_back(calls: BorrowedFd<'_>, call: &Notification) -> io::Result<()> {
    send(calls, &written(call), SendFlags::NOSIGNAL)?;
    Ok(())
}

fn written(call: &Notification) -> [u8; LENGTH] {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend(call.id.to_ne_bytes());
    bytes.extend(call.pid.to_ne_bytes());
    bytes.extend(call.number.to_ne_bytes());
    call.arguments.iter().for_each(|argument| bytes.extend(argument.to_ne_bytes()));
    bytes.try_into().expect("eight words")
}

fn read(bytes: &[u8; LENGTH]) -> Notification {
    let word = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[8 * at + byte]));
    let half = |at: usize| u32::from_ne_bytes(std::array::from_fn(|byte| bytes[4 * at + byte]));
    let arguments = std::array::from_fn(|at| word(2 + at));
    Notification { id: word(0), pid: half(2), number: half(3) as i32, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_comes_back_as_it_was_and_the_end_is_seen_after_the_last() {
        let (ours, theirs) = channel().unwrap();
        let mut calls = HandedBack { socket: ours, ended: false };
        assert!(calls.next().is_none() && !calls.has_ended());
        let call = Notification { id: u64::MAX - 1, pid: 7, number: -3, arguments: [1, 2, 3, 4, 5, 1 << 40] };
        hand_back(theirs.as_fd(), &call).unwrap();
        drop(theirs);
        let back = calls.next().unwrap();
        assert_eq!((back.id, back.pid, back.number, back.arguments), (call.id, 7, -3, call.arguments));
        assert!(!calls.has_ended() && calls.next().is_none() && calls.has_ended());
    }
}
