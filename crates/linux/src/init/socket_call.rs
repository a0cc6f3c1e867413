//! What pid 1 copies of a call that a program makes on a socket: read once, decided on the copy.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::leader::leader;
use crate::sys::{self, Notification};

/// sizeof(struct sockaddr_storage): the longest address that the kernel takes.
const MAX_ADDRESS: usize = 128;

/// A call on a socket.
pub(super) struct SocketCall {
    /// The waiting call.
    pub(super) id: u64,
    /// Who waits.
    pub(super) thread: Pid,
    /// The descriptor's number.
    pub(super) number: i32,
    /// A copy of the descriptor: the program's own socket.
    pub(super) socket: OwnedFd,
    /// A copy of the address that connect(2) and bind(2) are given; empty for others.
    pub(super) address: Vec<u8>,
    /// The second argument as it is.
    pub(super) second: i32,
}

impl SocketCall {
    /// Reads the arguments of connect(2), bind(2), listen(2) or accept(2).
    ///
    /// # Errors
    /// EBADF, EFAULT and EINVAL as the call itself; ESRCH when nobody waits any more.
    pub(super) fn read(listener: BorrowedFd<'_>, call: &Notification) -> io::Result<SocketCall> {
        let [descriptor, second, third, ..] = call.arguments;
        let has_address = matches!(i64::from(call.number), libc::SYS_connect | libc::SYS_bind);
        // The kernel reads descriptor and length as int.
        let number = descriptor as i32;
        let length = if has_address { third as u32 as usize } else { 0 };
        if length > MAX_ADDRESS {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let thread =
            Pid::from_raw(call.pid as i32).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
        let mut address = vec![0_u8; length];
        if length > 0 && sys::read_process_memory(thread, second, &mut address)? != length {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let socket = sys::duplicate_descriptor_of(open_thread(thread)?.as_fd(), number)?;
        // What was read belongs to the call only if the call still waits: a thread id may have been given away.
        if !sys::notification_is_alive(listener, call.id) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(SocketCall { id: call.id, thread, number, socket, address, second: second as i32 })
    }
}

/// A pidfd of the very thread (PIDFD_THREAD, Linux 6.9), because a thread may have a descriptor table of its own. Before
/// 6.9 only a leader's table can be reached: other threads' sockets are then looked for in it.
pub(crate) fn open_thread(thread: Pid) -> io::Result<OwnedFd> {
    /// PIDFD_THREAD is O_EXCL (linux/pidfd.h).
    const PIDFD_THREAD: u32 = libc::O_EXCL as u32;
    match pidfd_open(thread, PidfdFlags::from_bits_retain(PIDFD_THREAD)) {
        Ok(fd) => Ok(fd),
        Err(rustix::io::Errno::INVAL) => Ok(pidfd_open(leader(thread)?, PidfdFlags::empty())?),
        Err(error) => Err(error.into()),
    }
}
