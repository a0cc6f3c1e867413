//! The plan's way to pid 1, over the same socket as lowbox's orders.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};

use super::descriptors::{receive_descriptors, send_descriptors};
use super::spec::Spec;

/// The plan, and what was decided about the container beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handoff<S> {
    pub(crate) spec: S,
    /// Memory is limited by a cgroup, in which pid 1 is already.
    pub(crate) memory_by_cgroup: bool,
}

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
