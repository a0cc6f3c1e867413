//! clone(2) in the two shapes that a launch needs, and unshare(2) for the network.

use std::io;

use rustix::process::Pid;

/// Which namespaces the new process gets, as clone(2) flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespaces(u32);

impl Namespaces {
    /// Every namespace that a container has (namespaces(7)).
    pub const ALL: Namespaces = Namespaces(Self::CONTAINER.0 | libc::CLONE_NEWNET as u32);
    /// user, mount, pid, ipc, uts and cgroup: the private world of a container (namespaces(7)), but for its network, which
    /// takes the kernel as long as all the others and is entered later ([`enter_new_network`]).
    pub const CONTAINER: Namespaces = Namespaces(
        (libc::CLONE_NEWUSER
            | libc::CLONE_NEWNS
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWCGROUP) as u32,
    );
    /// A user namespace only: what holds an id map for idmapped mounts.
    pub const USER: Namespaces = Namespaces(libc::CLONE_NEWUSER as u32);
    /// user and mount: the smallest pair in which a mount can be tried.
    pub const USER_AND_MOUNT: Namespaces = Namespaces((libc::CLONE_NEWUSER | libc::CLONE_NEWNS) as u32);
    /// mount: for who is privileged in the user namespace that the caller is in.
    pub const MOUNT: Namespaces = Namespaces(libc::CLONE_NEWNS as u32);
    /// No namespace: an ordinary fork.
    pub const NONE: Namespaces = Namespaces(0);
}

/// Which side of a fork the caller is on.
pub enum Forked {
    /// The new process.
    Child,
    /// The caller, with the new process's id in the caller's pid namespace.
    Parent(Pid),
}

/// Forks into new namespaces, as one clone(2) call. Memory is copied on write.
///
/// The calling process must be single-threaded: a copied lock held by another thread would never open.
///
/// # Errors
/// What clone(2) reports: EPERM (user namespaces forbidden), ENOSPC (namespace limit), EUSERS (nesting), EAGAIN.
///
/// # Panics
/// In debug builds, if it has more than one thread.
pub fn fork_into(namespaces: Namespaces) -> io::Result<Forked> {
    debug_assert_eq!(thread_count(), 1, "a launch forks, so the calling process must be single-threaded");
    let flags = libc::c_long::from(namespaces.0) | libc::c_long::from(libc::SIGCHLD);
    // SAFETY: a raw clone without CLONE_VM and with a null stack behaves as fork(2): the child gets a copy of this
    // address space and continues here on a copy of this stack. The process is single-threaded (the caller's promise), so no lock
    // of the allocator or of the standard library can be held by a thread that does not exist in the child.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(Pid::from_raw(pid as i32).expect("clone(2) returns a positive pid"))),
    }
}

/// Moves the calling process into a network namespace of its own, which belongs to its user namespace (unshare(2)).
/// Allocates nothing.
///
/// # Errors
/// EPERM without privilege in the user namespace, ENOSPC at the limit of network namespaces.
pub fn enter_new_network() -> rustix::io::Result<()> {
    // SAFETY: a network namespace has no part in memory safety; the descriptor table stays as it is.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }
}

/// Moves the calling process into a copy of its mount namespace, which belongs to its user namespace (unshare(2)).
///
/// # Errors
/// EPERM without privilege in the user namespace, ENOSPC at the limit of mount namespaces.
pub fn enter_new_mounts() -> rustix::io::Result<()> {
    // SAFETY: a mount namespace has no part in memory safety; the descriptor table stays as it is.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }
}

/// Runs `child` in a new process that borrows this one's memory and descriptor table until it executes a program or
/// exits (CLONE_VM, CLONE_VFORK, CLONE_FILES); the caller is suspended meanwhile. No page table is copied, and a
/// descriptor that the child makes, a seccomp listener for one, is at once a descriptor of the caller too. execve(2)
/// gives the child a table of its own before it closes what is close-on-exec.
///
/// `child` must not allocate, lock or panic; it returns the exit code of the new process if it could not execute anything.
///
/// # Errors
/// What clone(2) reports, EAGAIN above all (RLIMIT_NPROC or a pids limit).
pub fn spawn_borrowing(child: &mut dyn FnMut() -> i32) -> io::Result<Pid> {
    const STACK: usize = 256 * 1024;
    extern "C" fn enter(argument: *mut libc::c_void) -> libc::c_int {
        // SAFETY: `argument` is the address of the `&mut dyn FnMut` below, which outlives this process's use of it
        // because the parent is suspended until this process executes a program or exits.
        let child = unsafe { &mut *argument.cast::<&mut dyn FnMut() -> i32>() };
        child()
    }
    let mut stack = vec![0_u8; STACK];
    let mut child = child;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: the new process runs `enter` on `stack`, which is large enough for what `child` may do, 16-byte aligned at
    // its top, and freed only after the call returns. CLONE_VFORK suspends this thread until the child is done with the
    // shared memory, so nothing is touched by both at once.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(STACK).cast::<libc::c_void>();
        let top = top.sub(top as usize % 16);
        libc::clone(enter, top, flags, (&raw mut child).cast())
    };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(pid).expect("clone(2) returns a positive pid"))
}

/// Forks, as fork(2): for a process that has borrowed memory until now and goes on with its own. `None` in the child. Allocates nothing.
///
/// # Errors
/// EAGAIN.
pub fn fork_again() -> io::Result<Option<Pid>> {
    // SAFETY: as in `fork_into`: a copy of this address space and of this stack, made by a process with a single thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(libc::SIGCHLD), 0, 0, 0, 0) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(Pid::from_raw(pid as i32)) }
}

/// Forks a process that is not the caller's child but its parent's (CLONE_PARENT). `None` in the new process.
///
/// # Errors
/// EAGAIN.
pub fn fork_sibling() -> io::Result<Option<Pid>> {
    let flags = libc::c_long::from(libc::CLONE_PARENT) | libc::c_long::from(libc::SIGCHLD);
    // SAFETY: as in `fork_into`: a copy of this address space and of this stack, made by a process with a single thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(Pid::from_raw(pid as i32)) }
}

fn thread_count() -> usize {
    // /proc may be absent where lowbox is tested; then the count is unknown and the caller's promise stands.
    std::fs::read_dir("/proc/self/task").map_or(1, |tasks| tasks.count())
}
