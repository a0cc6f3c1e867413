//! Identity, capabilities and signals of the calling process; descriptors and the priority of another one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::{Pid, Signal};

fn check(result: libc::c_long) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes real, effective and saved user and group id (setresgid(2), setresuid(2)) of the calling thread.
///
/// # Errors
/// EINVAL for an id that the user namespace does not map, EPERM without the capability.
pub fn set_ids(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: plain integers; the raw calls change the calling thread only, and the process has one.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: as above.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })
}

/// Empties the list of supplementary groups (setgroups(2)).
///
/// # Errors
/// EPERM without CAP_SETGID, or where the user namespace denies setgroups.
pub fn drop_supplementary_groups() -> io::Result<()> {
    // SAFETY: a count of zero with a null list is valid.
    check(unsafe { libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) })
}

/// Drops the bounding set (capabilities(7)): no later execve(2) can bring a capability back, in any child.
///
/// # Errors
/// EPERM without CAP_SETPCAP.
pub fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: prctl with plain integers; EINVAL ends the list of capabilities this kernel knows.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() == Some(libc::EINVAL) {
                break;
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Drops the permitted, effective, inheritable and ambient capabilities of the calling thread. Allocates nothing.
///
/// # Errors
/// None that a running kernel gives; checked all the same.
pub fn drop_all_capabilities() -> io::Result<()> {
    keep_capabilities(0)
}

/// The same but for those of the set `kept`, which are permitted and effective from then on.
///
/// # Errors
/// EPERM for one that the thread does not have.
pub fn keep_capabilities(kept: u64) -> io::Result<()> {
    // SAFETY: plain integers.
    if unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    // Effective, permitted, inheritable: of capabilities 0 to 31, then of the rest.
    let (low, high) = (kept as u32, (kept >> 32) as u32);
    let data = [low, low, 0, high, high, 0];
    // SAFETY: version 3 takes two 12-byte data structs, which `data` is; both live across the call.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) })
}

/// The bits of capabilities(7) for [`keep_capabilities`].
pub mod capability {
    /// Look up and read whatever its mode says.
    pub const DAC_READ_SEARCH: u64 = 1 << 2;
    /// Change group ids and write group maps.
    pub const SETGID: u64 = 1 << 6;
    /// Change user ids and write user maps.
    pub const SETUID: u64 = 1 << 7;
    /// Enter another root folder.
    pub const SYS_CHROOT: u64 = 1 << 18;
    /// Look into processes of others.
    pub const SYS_PTRACE: u64 = 1 << 19;
    /// Mount.
    pub const SYS_ADMIN: u64 = 1 << 21;
    /// Open the files that a process has mapped, wherever they are.
    pub const CHECKPOINT_RESTORE: u64 = 1 << 40;
}

/// Files that the calling thread makes from now on belong to these ids, and it is checked as them (setfsuid(2), setfsgid(2)).
///
/// # Errors
/// EPERM if an id did not change.
pub fn set_file_system_ids(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: plain integers; the calls change the calling thread only, and never fail but by leaving the id as it is.
    let now = unsafe {
        libc::setfsgid(gid);
        libc::setfsuid(uid);
        (libc::setfsuid(u32::MAX) as u32, libc::setfsgid(u32::MAX) as u32)
    };
    if now == (uid, gid) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EPERM)) }
}

/// Ends the process by SIGALRM after so many seconds, unless it is called again before; 0: not at all (alarm(2)).
pub fn die_after(seconds: u32) {
    // SAFETY: takes an integer; the signal's action is the kernel's own, which no code of ours takes part in.
    unsafe { libc::alarm(seconds) };
}

/// Makes the calling process the parent of its descendants' orphans (PR_SET_CHILD_SUBREAPER).
///
/// # Errors
/// None that a running kernel gives; checked all the same.
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: plain integers.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }.into())
}

/// Asks for `signal` when the parent thread dies (PR_SET_PDEATHSIG). Cleared by credential changes: set it after them.
///
/// # Errors
/// EINVAL for an invalid signal.
pub fn set_parent_death_signal(signal: Signal) -> io::Result<()> {
    // SAFETY: plain integers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal.as_raw(), 0, 0, 0) }.into())
}

/// Has a program end (SIGKILL) with the thread that starts it.
pub fn end_with_parent(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and execve(2) only prctl(2) is called, with plain integers; an error is made without an allocation.
    unsafe { command.pre_exec(|| set_parent_death_signal(Signal::KILL)) };
}

/// Takes [`set_parent_death_signal`] back.
///
/// # Errors
/// None that a running kernel gives; checked all the same.
pub fn outlive_parent() -> io::Result<()> {
    // SAFETY: plain integers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0, 0, 0, 0) }.into())
}

/// Undoes what lowbox and the Rust runtime changed of signals: SIGPIPE is ignored, and forwarded signals are blocked. Other
/// dispositions are those that the caller of lowbox chose (nohup(1) ignores SIGHUP). Allocates nothing.
pub fn reset_signals() {
    // SAFETY: SIG_DFL is valid for SIGPIPE.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    unblock_signals();
}

/// Lets the calling thread hear all signals again. Allocates nothing.
pub fn unblock_signals() {
    // SAFETY: an all-zero sigset_t is initialised by sigemptyset and only read then.
    unsafe {
        let mut empty: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut empty);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const empty, std::ptr::null_mut());
    }
}

/// Takes note of children again, if the caller of lowbox ignored them: an ignored SIGCHLD is inherited, and then no end is
/// ever reported (wait(2)).
pub fn notice_children() {
    // SAFETY: SIG_DFL is valid for SIGCHLD.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// A copy of descriptor `number` of the process behind `pidfd` (pidfd_getfd(2)): the same open file description.
///
/// # Errors
/// EBADF if there is no such descriptor, EPERM without ptrace access, ESRCH if the process is gone.
pub fn duplicate_descriptor_of(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<OwnedFd> {
    // SAFETY: plain integers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0_u32) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor for us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// The I/O priority of a process, as ioprio_set(2) takes it.
///
/// # Errors
/// ESRCH if there is none of this number.
pub fn io_priority(process: Pid) -> io::Result<i32> {
    /// linux/ioprio.h
    const IOPRIO_WHO_PROCESS: libc::c_int = 1;
    // SAFETY: plain integers.
    let result =
        unsafe { libc::syscall(libc::SYS_ioprio_get, IOPRIO_WHO_PROCESS, process.as_raw_nonzero().get()) };
    i32::try_from(result).ok().filter(|priority| *priority >= 0).ok_or_else(io::Error::last_os_error)
}
