//! The container's network: a namespace with nothing but a loopback interface, over which programs talk to themselves.
//!
//! Making one takes the kernel as long as all the other namespaces together. So it is made beside pid 1, which builds the
//! view meanwhile and enters it at the end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::descriptors::{receive_descriptors, send_descriptors, unless_gone};
use super::wire;
use crate::sys;

/// The user namespace of `init`, which is dumpable.
///
/// # Errors
/// What opening `/proc/PID/ns/user` reports.
pub(crate) fn owner(init: Pid) -> io::Result<OwnedFd> {
    let path = format!("/proc/{}/ns/user", init.as_raw_pid());
    Ok(open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Makes a network that belongs to the user namespace `owner` and hands it over; with a wire if datagrams are to leave it and the
/// kernel has what that takes.
///
/// # Errors
/// EPERM and ENOSPC as for every namespace; what the kernel says to the loopback interface.
pub(crate) fn lend(owner: BorrowedFd<'_>, control: BorrowedFd<'_>, wired: bool) -> io::Result<()> {
    let mut made: rustix::io::Result<OwnedFd> = Err(rustix::io::Errno::CHILD);
    let mut broker_end = None;
    // A process of its own, because lowbox itself must not enter the user namespace. It shares the descriptor table.
    let mut child = || {
        made = (|| {
            move_into_link_name_space(owner, Some(LinkNameSpaceType::User))?;
            sys::enter_new_network()?;
            sys::interface_up("lo")?;
            broker_end = wired.then(wire::make).and_then(Result::ok);
            open(c"/proc/self/ns/net", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        })();
        0
    };
    let process = sys::spawn_borrowing(&mut child)?;
    // What entered another user namespace made the memory that it borrowed undumpable.
    let dumpable = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
    waitpid(Some(process), WaitOptions::empty())?;
    dumpable?;
    let made = made?;
    let both: Vec<BorrowedFd<'_>> =
        [Some(made.as_fd()), broker_end.as_ref().map(AsFd::as_fd)].into_iter().flatten().collect();
    unless_gone(send_descriptors(control, &both)).map(drop)
}

/// Enters the network that lowbox made, and returns the broker's end of its wire, if it has one.
///
/// # Errors
/// EPIPE when lowbox is gone; what setns(2) reports.
pub(crate) fn enter_lent(control: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    let mut lent = receive_descriptors(control)?.into_iter();
    let network = lent.next().ok_or(rustix::io::Errno::PIPE)?;
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(lent.next())
}
