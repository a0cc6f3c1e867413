//! The plan's way to pid 1, over the same socket as lowbox's orders.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::net::{RecvFlags, SendFlags, recv, send};
use serde::{Deserialize, Serialize};

use super::spec::Spec;

/// The plan, and what was decided about the container beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handoff<S> {
    pub(crate) spec: S,
    /// Memory is limited by a cgroup, in which pid 1 is already.
    pub(crate) memory_by_cgroup: bool,
}

/// Bytes of a plan in one message; a plan may be larger than any message.
const PIECE: usize = 32 * 1024;

impl Handoff<&Spec> {
    /// Sends its length, then its pieces.
    ///
    /// # Errors
    /// EPIPE when pid 1 is gone.
    pub(crate) fn send(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let bytes = postcard::to_allocvec(self).map_err(io::Error::other)?;
        send(socket, &bytes.len().to_le_bytes(), SendFlags::NOSIGNAL)?;
        for piece in bytes.chunks(PIECE) {
            send(socket, piece, SendFlags::NOSIGNAL)?;
        }
        Ok(())
    }
}

impl Handoff<Spec> {
    /// Receives it; `None` when lowbox is gone.
    ///
    /// # Errors
    /// InvalidData for something else than a plan; what recv(2) reports.
    pub(crate) fn receive(socket: BorrowedFd<'_>) -> io::Result<Option<Handoff<Spec>>> {
        let mut length = [0_u8; size_of::<usize>()];
        if recv(socket, &mut length, RecvFlags::empty())?.0 != length.len() {
            return Ok(None);
        }
        let mut bytes = vec![0_u8; usize::from_le_bytes(length)];
        for piece in bytes.chunks_mut(PIECE) {
            if recv(socket, &mut *piece, RecvFlags::empty())?.0 != piece.len() {
                return Ok(None);
            }
        }
        postcard::from_bytes(&bytes)
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the plan can't be read"))
    }
}
