//! The descriptors that a program inherits: 0 to 2, and those that the user names, each of an expected kind.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::str::FromStr;

use rustix::fs::{
    FileType, OFlags, SealFlags, fcntl_get_seals, fcntl_getfl, fstat, fstatfs, major, minor, readlink,
};
use rustix::net::sockopt::{socket_acceptconn, socket_type};
use rustix::net::{SocketType, getpeername};

use super::error::LaunchError;
use crate::sys::with_descriptor;

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorKind {
    /// A regular file.
    File,
    /// A pipe or FIFO.
    Pipe,
    /// A terminal.
    Terminal,
    /// /dev/null.
    Null,
    /// A directory: everything beneath it could be looked at.
    Directory,
    /// A socket: whoever is at its other end answers.
    Socket,
    /// A descriptor for a path only.
    Path,
    /// A device other than a terminal or /dev/null.
    Device,
    /// Something without a file type of its own (an event counter, a pidfd, a namespace, …).
    Other,
}

impl DescriptorKind {
    /// The word for it, as `--fd` takes it.
    pub fn name(self) -> &'static str {
        match self {
            DescriptorKind::File => "file",
            DescriptorKind::Pipe => "pipe",
            DescriptorKind::Terminal => "terminal",
            DescriptorKind::Null => "null",
            DescriptorKind::Directory => "directory",
            DescriptorKind::Socket => "socket",
            DescriptorKind::Path => "path",
            DescriptorKind::Device => "device",
            DescriptorKind::Other => "other",
        }
    }

    fn passes_unasked(self) -> bool {
        matches!(
            self,
            DescriptorKind::File | DescriptorKind::Pipe | DescriptorKind::Terminal | DescriptorKind::Null
        )
    }
}

/// A descriptor that the user named with its kind: `3:pipe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedDescriptor {
    /// Its number.
    pub number: i32,
    /// What the user says it is.
    pub kind: DescriptorKind,
}

impl FromStr for NamedDescriptor {
    type Err = String;

    fn from_str(text: &str) -> Result<NamedDescriptor, String> {
        /// What can be lent without giving the file tree away.
        const KINDS: [DescriptorKind; 5] = [
            DescriptorKind::File,
            DescriptorKind::Pipe,
            DescriptorKind::Terminal,
            DescriptorKind::Null,
            DescriptorKind::Socket,
        ];
        let (number, kind) = text.split_once(':').ok_or("write NUMBER:KIND, for example 3:pipe")?;
        let number = number.parse().ok().filter(|number| (0..1024).contains(number));
        let kind = KINDS.into_iter().find(|known| known.name() == kind);
        match (number, kind) {
            (None, _) => Err("the number of a descriptor is 0 to 1023".to_owned()),
            (_, None) => {
                Err("the kind is one of file, pipe, terminal, null, socket; folders are lent by --grant"
                    .to_owned())
            }
            (Some(number), Some(kind)) => Ok(NamedDescriptor { number, kind }),
        }
    }
}

/// Checks descriptors 0–2 and `named`; returns the numbers beyond 2 that the program inherits.
///
/// # Errors
/// [`LaunchError::Descriptor`] for one that reaches past the container, or is not what the user said.
pub fn check_descriptors(named: &[NamedDescriptor]) -> Result<Vec<i32>, LaunchError> {
    for number in 0..3 {
        let kind = match with_descriptor(number, kind_of) {
            // A closed descriptor passes on as closed.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => continue,
            Err(source) => return Err(LaunchError::System { what: "a standard descriptor", source }),
            Ok(kind) => kind,
        };
        let asked = named.iter().any(|named| named.number == number && named.kind == kind);
        if !asked && !kind.passes_unasked() {
            return Err(LaunchError::Descriptor { number, kind: kind.name() });
        }
    }
    let mut extra = Vec::new();
    for named in named.iter().filter(|named| named.number > 2) {
        let kind = with_descriptor(named.number, kind_of)
            .map_err(|source| LaunchError::System { what: "a descriptor named by --fd", source })?;
        if kind != named.kind {
            return Err(LaunchError::Descriptor { number: named.number, kind: kind.name() });
        }
        if kind == DescriptorKind::Socket
            && !with_descriptor(named.number, |fd| Ok(has_its_peer(fd))).unwrap_or(false)
        {
            return Err(LaunchError::LooseSocket { number: named.number });
        }
        extra.push(named.number);
    }
    Ok(extra)
}

/// Whether a socket's address or peer is settled. One that is neither connected nor listening could be bound by the program,
/// in the network that it was made in; datagrams have no peer to settle.
fn has_its_peer(fd: BorrowedFd<'_>) -> bool {
    socket_type(fd).is_ok_and(|kind| kind == SocketType::DGRAM)
        || getpeername(fd).is_ok_and(|peer| peer.is_some())
        || socket_acceptconn(fd).unwrap_or(false)
}

/// A namespace; a file of /proc that can be written; a file in memory that was opened for reading and that others write: the
/// program could open it again for writing, and Landlock does not look at it.
fn reaches_past(fd: BorrowedFd<'_>) -> io::Result<bool> {
    /// NSFS_MAGIC and PROC_SUPER_MAGIC (linux/magic.h).
    const NSFS: u64 = 0x6e73_6673;
    const PROC: u64 = 0x9fa0;
    let read_only = fcntl_getfl(fd)? & OFlags::RWMODE == OFlags::RDONLY;
    Ok(match fstatfs(fd)?.f_type as u64 {
        NSFS => true,
        PROC => !read_only,
        _ => {
            let name = readlink(format!("/proc/self/fd/{}", fd.as_raw_fd()), Vec::new())?;
            let sealed = SealFlags::WRITE | SealFlags::FUTURE_WRITE;
            read_only
                && name.as_bytes().starts_with(b"/memfd:")
                && !fcntl_get_seals(fd).is_ok_and(|seals| seals.intersects(sealed))
        }
    })
}

fn kind_of(fd: BorrowedFd<'_>) -> io::Result<DescriptorKind> {
    if fcntl_getfl(fd)?.contains(OFlags::PATH) {
        return Ok(DescriptorKind::Path);
    }
    let stat = fstat(fd)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if reaches_past(fd)? => DescriptorKind::Other,
        FileType::RegularFile => DescriptorKind::File,
        FileType::Fifo => DescriptorKind::Pipe,
        FileType::Directory => DescriptorKind::Directory,
        FileType::Socket => DescriptorKind::Socket,
        FileType::CharacterDevice if (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3) => {
            DescriptorKind::Null
        }
        FileType::CharacterDevice if rustix::termios::isatty(fd) => DescriptorKind::Terminal,
        FileType::CharacterDevice | FileType::BlockDevice => DescriptorKind::Device,
        FileType::Symlink | FileType::Unknown => DescriptorKind::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_opened_again_for_writing_or_is_no_file_at_all_is_not_a_file() {
        use rustix::fs::{MemfdFlags, Mode, fcntl_add_seals, memfd_create, open};
        use std::os::fd::AsFd;
        let opened = |path: &str, flags| open(path, flags, Mode::empty()).unwrap();
        let file = memfd_create("host", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        let by_path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let read_only = opened(&by_path, OFlags::RDONLY);
        assert_eq!(kind_of(read_only.as_fd()).unwrap(), DescriptorKind::Other);
        assert_eq!(kind_of(file.as_fd()).unwrap(), DescriptorKind::File, "it is lent for writing");
        fcntl_add_seals(&file, SealFlags::WRITE).unwrap();
        assert_eq!(kind_of(read_only.as_fd()).unwrap(), DescriptorKind::File);
        for (path, flags, kind) in [
            ("/proc/self/ns/net", OFlags::RDONLY, DescriptorKind::Other),
            ("/proc/self/status", OFlags::RDONLY, DescriptorKind::File),
            ("/proc/self/comm", OFlags::RDWR, DescriptorKind::Other),
        ] {
            assert_eq!(kind_of(opened(path, flags).as_fd()).unwrap(), kind, "{path}");
        }
    }
}
