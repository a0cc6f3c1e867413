//! seccomp(2): installing a filter with a listener, and the user notification ioctls (seccomp_unotify(2)).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::seccomp::Instruction;

/// WAIT_KILLABLE_RECV (Linux 5.19): once received, only a fatal signal interrupts the call, so that a timer does not
/// raise it again and again.
const FLAG_WAIT_KILLABLE_RECV: libc::c_ulong = 1 << 5;

/// Installs `filter` on the calling thread; with `listener` returns the descriptor of its notifications, close-on-exec.
/// no_new_privs must be set. Allocates nothing.
///
/// # Errors
/// EBUSY if an outer filter has a listener already, EACCES without no_new_privs, EINVAL for a filter the kernel refuses.
pub fn install_filter(filter: &[Instruction], listener: bool) -> io::Result<Option<OwnedFd>> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?,
        // Instruction has the layout of sock_filter (repr(C), same fields).
        filter: filter.as_ptr().cast_mut().cast(),
    };
    let flags = if listener { libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE_RECV } else { 0 };
    // SAFETY: `program` describes `filter`, which outlives the call; the kernel copies and verifies it.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    if listener {
        wake_synchronously(result as i32);
    }
    // SAFETY: with NEW_LISTENER a non-negative result is a descriptor that the kernel just made for us.
    Ok(listener.then(|| unsafe { OwnedFd::from_raw_fd(result as i32) }))
}

/// Has the kernel change between caller and supervisor on one processor (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6): one of
/// them always waits for the other. Older kernels do without.
fn wake_synchronously(listener: i32) {
    const SYNC_WAKE_UP: libc::c_ulong = 1;
    // SAFETY: the ioctl takes the flags as a plain integer.
    unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
}

/// Whether this kernel knows user notification (seccomp(2), SECCOMP_GET_ACTION_AVAIL).
pub fn filter_supports_listener() -> bool {
    let action: u32 = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: the operation reads one u32 at the pointer, which lives across the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) == 0 }
}

/// A call of the program that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub struct Notification {
    /// Names the waiting call in the answer.
    pub id: u64,
    /// The calling thread, in the receiver's pid namespace.
    pub pid: u32,
    /// The call's number.
    pub number: i32,
    /// Its six arguments as the registers held them.
    pub arguments: [u64; 6],
}

/// Receives the next waiting call (SECCOMP_IOCTL_NOTIF_RECV); blocks until there is one.
///
/// # Errors
/// ENOENT if the caller died meanwhile (try again), EINTR.
pub fn receive_notification(listener: BorrowedFd<'_>) -> io::Result<Notification> {
    // SAFETY: seccomp_notif is plain data; the kernel requires it zeroed.
    let mut raw: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the ioctl writes one seccomp_notif at the pointer, which lives across the call.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut raw) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Notification { id: raw.id, pid: raw.pid, number: raw.data.nr, arguments: raw.data.args })
}

/// Whether the call `id` still waits (SECCOMP_IOCTL_NOTIF_ID_VALID): what was read of its process was its own.
pub fn notification_is_alive(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: the ioctl reads one u64 at the pointer.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
}

/// Answers the call `id`: 0, or the error number that it shall fail with.
///
/// # Errors
/// ENOENT if the call no longer waits.
pub fn respond_to_notification(listener: BorrowedFd<'_>, id: u64, errno: i32) -> io::Result<()> {
    send(listener, libc::seccomp_notif_resp { id, val: 0, error: -errno, flags: 0 })
}

/// Lets the call `id` go on in the kernel as if there were no filter. Only ever for calls whose outcome other layers
/// decide: the program may have changed what the arguments point to.
///
/// # Errors
/// ENOENT if the call no longer waits.
pub fn continue_notification(listener: BorrowedFd<'_>, id: u64) -> io::Result<()> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    send(listener, libc::seccomp_notif_resp { id, val: 0, error: 0, flags })
}

/// Puts a copy of `file` at descriptor `number` of the thread whose call `id` waits, in its own descriptor table, in place of
/// what is there (SECCOMP_IOCTL_NOTIF_ADDFD with SETFD, Linux 5.9).
///
/// # Errors
/// ENOENT if the call no longer waits, EBADF past the thread's limit.
pub fn put_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    file: BorrowedFd<'_>,
    number: i32,
    close_on_exec: bool,
) -> io::Result<()> {
    let request = libc::seccomp_notif_addfd {
        id,
        flags: libc::SECCOMP_ADDFD_FLAG_SETFD as u32,
        srcfd: file.as_raw_fd() as u32,
        newfd: u32::try_from(number).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?,
        newfd_flags: if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 },
    };
    // SAFETY: the ioctl reads one seccomp_notif_addfd at the pointer, which lives across the call.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Answers the call `id` with a copy of `file` at the lowest free number of the caller's table: the number is what the call
/// returns (SECCOMP_IOCTL_NOTIF_ADDFD with SEND, Linux 5.14).
///
/// # Errors
/// ENOENT if the call no longer waits, EMFILE past the caller's limit.
pub fn respond_with_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    file: BorrowedFd<'_>,
    close_on_exec: bool,
) -> io::Result<()> {
    let request = libc::seccomp_notif_addfd {
        id,
        flags: libc::SECCOMP_ADDFD_FLAG_SEND as u32,
        srcfd: file.as_raw_fd() as u32,
        newfd: 0,
        newfd_flags: if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 },
    };
    // SAFETY: the ioctl reads one seccomp_notif_addfd at the pointer, which lives across the call.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn send(listener: BorrowedFd<'_>, mut response: libc::seccomp_notif_resp) -> io::Result<()> {
    // SAFETY: the ioctl reads one seccomp_notif_resp at the pointer, which lives across the call.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
