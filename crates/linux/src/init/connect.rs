//! connect(2) on behalf of the program.
//!
//! A read-only bind does not stop a connection to a unix socket behind it, and Landlock (as of ABI 7) has no right for
//! it. So the program never connects itself: pid 1 copies the address once, decides on the copy, and connects the very
//! socket of the program. A socket on a mount of the container's own passes; one on a granted tree only if its object
//! says so. Abstract addresses and those of other families act in the container's own network namespace.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags, fstat, openat2, statx};
use rustix::net::AddressFamily;
use rustix::net::sockopt::socket_domain;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::sys::{self, Notification};

/// sizeof(struct sockaddr_storage): the longest address that the kernel takes.
const MAX_ADDRESS: usize = 128;

/// Connections that wait at the same time; a program that has more waiting is told to try again.
const MAX_WAITING: usize = 64;

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Serves one connect call, in a thread of its own: a full backlog stalls nobody else, and whether a socket waits is not
/// asked, because the program can change that at any moment.
pub(super) fn serve(listener: &OwnedFd, call: Notification, connectable: &[u64]) {
    let prepared = match prepare(listener.as_fd(), &call, connectable) {
        Ok(prepared) => prepared,
        Err(error) => return answer(listener.as_fd(), call.id, Err(error)),
    };
    if WAITING.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        return answer(listener.as_fd(), call.id, Err(io::Error::from_raw_os_error(libc::EAGAIN)));
    }
    let Ok(listener) = listener.try_clone().map(Arc::new) else {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        return answer(listener.as_fd(), call.id, Err(io::Error::from_raw_os_error(libc::EAGAIN)));
    };
    let for_thread = Arc::clone(&listener);
    let spawned = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        answer(for_thread.as_fd(), call.id, prepared.connect());
        WAITING.fetch_sub(1, Ordering::Relaxed);
    });
    if spawned.is_err() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        answer(listener.as_fd(), call.id, Err(io::Error::from_raw_os_error(libc::EAGAIN)));
    }
}

fn answer(listener: BorrowedFd<'_>, id: u64, result: io::Result<()>) {
    let errno = result.err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
    // A caller that is gone needs no answer.
    let _ = sys::respond_to_notification(listener, id, errno);
}

/// The program's own socket and a decided address.
struct Prepared {
    socket: OwnedFd,
    address: Vec<u8>,
    /// Holds the object that `address` names by its descriptor.
    _target: Option<OwnedFd>,
}

impl Prepared {
    fn connect(&self) -> io::Result<()> {
        sys::connect_raw(self.socket.as_fd(), &self.address)
    }
}

fn prepare(listener: BorrowedFd<'_>, call: &Notification, connectable: &[u64]) -> io::Result<Prepared> {
    let [descriptor, address, length, ..] = call.arguments;
    // The kernel reads both as int.
    let (descriptor, length) = (descriptor as i32, length as u32 as usize);
    if length > MAX_ADDRESS {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let thread = Pid::from_raw(call.pid as i32).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
    let mut copy = [0_u8; MAX_ADDRESS];
    let bytes = &mut copy[..length];
    if length > 0 && sys::read_process_memory(thread, address, bytes)? != length {
        return Err(io::Error::from_raw_os_error(libc::EFAULT));
    }
    let socket = sys::duplicate_descriptor_of(open_thread(thread)?.as_fd(), descriptor)?;
    let working_directory = PathBuf::from(format!("/proc/{}/cwd", thread.as_raw_pid()));
    // What was read belongs to the call only if the call still waits: a thread id may have been given away.
    if !sys::notification_is_alive(listener, call.id) {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    let path = if socket_domain(&socket)? == AddressFamily::UNIX { unix_path(bytes) } else { None };
    let Some(path) = path else {
        // A socket that was lent, or that came over another one, may live in the host's network, where abstract addresses
        // lie too: it stays as it is.
        if sys::network_cookie(socket.as_fd())? != own_network()? {
            return Err(io::Error::from_raw_os_error(libc::EACCES));
        }
        return Ok(Prepared { socket, address: bytes.to_vec(), _target: None });
    };
    let target = resolve(path, &working_directory)?;
    permit(target.as_fd(), connectable)?;
    let address = unix_address(&format!("/proc/self/fd/{}", target.as_raw_fd()));
    Ok(Prepared { socket, address, _target: Some(target) })
}

/// The number of the container's network namespace, for as long as it lives.
fn own_network() -> io::Result<u64> {
    static COOKIE: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    if let Some(cookie) = COOKIE.get() {
        return Ok(*cookie);
    }
    let socket = rustix::net::socket(AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    let cookie = sys::network_cookie(socket.as_fd())?;
    Ok(*COOKIE.get_or_init(|| cookie))
}

/// A pidfd of the very thread (PIDFD_THREAD, Linux 6.9), because a thread may have a descriptor table of its own. Before
/// 6.9 only a leader's table can be reached: other threads' sockets are then looked for in it.
fn open_thread(thread: Pid) -> io::Result<OwnedFd> {
    /// PIDFD_THREAD is O_EXCL (linux/pidfd.h).
    const PIDFD_THREAD: u32 = libc::O_EXCL as u32;
    match pidfd_open(thread, PidfdFlags::from_bits_retain(PIDFD_THREAD)) {
        Ok(fd) => Ok(fd),
        Err(rustix::io::Errno::INVAL) => {
            let status = std::fs::read_to_string(format!("/proc/{}/status", thread.as_raw_pid()))?;
            let leader = status
                .lines()
                .find_map(|line| line.strip_prefix("Tgid:"))
                .and_then(|id| id.trim().parse().ok());
            let leader =
                leader.and_then(Pid::from_raw).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
            Ok(pidfd_open(leader, PidfdFlags::empty())?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The path in a unix(7) address, if it is of that form: up to the first NUL, or the whole of it.
fn unix_path(address: &[u8]) -> Option<&Path> {
    let (family, path) = address.split_at_checked(2)?;
    if u16::from_ne_bytes([family[0], family[1]]) != AddressFamily::UNIX.as_raw()
        || path.is_empty()
        || path[0] == 0
    {
        return None;
    }
    let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
    Some(Path::new(OsStr::from_bytes(&path[..end])))
}

/// Resolves `path` as the program would: pid 1 has the same root, and nobody in the container can change it.
fn resolve(path: &Path, working_directory: &Path) -> io::Result<OwnedFd> {
    let base = if path.is_absolute() {
        None
    } else {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Some(rustix::fs::open(working_directory, flags, Mode::empty())?)
    };
    let base = base.as_ref().map_or(CWD, |fd| fd.as_fd());
    Ok(openat2(base, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::NO_MAGICLINKS)?)
}

/// Only a socket on a mount that the plan lets connect to.
fn permit(target: BorrowedFd<'_>, connectable: &[u64]) -> io::Result<()> {
    if FileType::from_raw_mode(fstat(target)?.st_mode) != FileType::Socket {
        return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
    }
    let mount = statx(target, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id;
    if connectable.contains(&mount) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EACCES)) }
}

fn unix_address(path: &str) -> Vec<u8> {
    let mut address = AddressFamily::UNIX.as_raw().to_ne_bytes().to_vec();
    address.extend(path.as_bytes());
    address.push(0);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_address_has_a_path() {
        let family = AddressFamily::UNIX.as_raw().to_ne_bytes();
        let address = |rest: &[u8]| [&family[..], rest].concat();
        assert_eq!(unix_path(&address(b"/run/x\0junk")), Some(Path::new("/run/x")));
        assert_eq!(unix_path(&address(b"/run/x")), Some(Path::new("/run/x")));
        assert_eq!(unix_path(&address(b"\0abstract")), None);
        assert_eq!(unix_path(&address(b"")), None);
        assert_eq!(unix_path(b"\x02\0\0\x16\x7f\0\0\x01"), None);
        assert_eq!(unix_path(b"\x01"), None);
    }
}
