//! The socket at whose other end the program is that started lowbox, and answers for the user.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{FileType, fstat};
use rustix::io::fcntl_getfd;
use rustix::net::sockopt::{socket_peercred, socket_type};
use rustix::net::{AddressFamily, SocketAddrAny, SocketType, getpeername, getsockname};
use rustix::process::geteuid;

use crate::sys::{take_descriptor, with_descriptor};

/// Why a descriptor can't be asked at.
#[derive(Debug, thiserror::Error)]
pub enum AnswererError {
    /// It is not open, or can't be looked at.
    #[error("descriptor {number}: {source}")]
    Descriptor {
        /// Which.
        number: i32,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("descriptor {0} is no connected unix stream socket; make one with socketpair(2)")]
    NoSocket(i32),
    /// One of its ends has a name.
    #[error(
        "descriptor {0} is connected by a socket with a name, at which others could answer; make a pair with socketpair(2)"
    )]
    Named(i32),
    /// It was made by somebody else.
    #[error("descriptor {number} is a socket of user {uid}, who must not answer for you")]
    Foreign {
        /// Which.
        number: i32,
        /// Whose.
        uid: u32,
    },
    /// The program would inherit it.
    #[error("descriptor {number} is the same socket as descriptor {lent}, which the program would inherit")]
    Lent {
        /// Which.
        number: i32,
        /// The one that is lent.
        lent: i32,
    },
}

/// Takes over descriptor `number`, if it is an end of a pair of stream sockets without names that this user or root made, and
/// the program does not get it: by 0 to 2, or by one of `lent`.
///
/// # Errors
/// [`AnswererError`].
pub fn answering_socket(number: i32, lent: &[i32]) -> Result<OwnedFd, AnswererError> {
    let failed = |source| AnswererError::Descriptor { number, source };
    let inode = with_descriptor(number, |fd| {
        let stat = fstat(fd)?;
        Ok((stat.st_dev, stat.st_ino))
    })
    .map_err(failed)?;
    with_descriptor(number, |fd| Ok(check(number, fd))).map_err(failed)??;
    for lent in (0..3).chain(lent.iter().copied()) {
        let same = |fd: BorrowedFd<'_>| {
            let stat = fstat(fd)?;
            fcntl_getfd(fd)?;
            Ok((stat.st_dev, stat.st_ino) == inode)
        };
        if with_descriptor(lent, same).unwrap_or(false) {
            return Err(AnswererError::Lent { number, lent });
        }
    }
    take_descriptor(number).map_err(failed)
}

fn check(number: i32, fd: BorrowedFd<'_>) -> Result<(), AnswererError> {
    let failed = |source: rustix::io::Errno| AnswererError::Descriptor { number, source: source.into() };
    let kind = FileType::from_raw_mode(fstat(fd).map_err(failed)?.st_mode);
    if kind != FileType::Socket || socket_type(fd) != Ok(SocketType::STREAM) {
        return Err(AnswererError::NoSocket(number));
    }
    let own = getsockname(fd).map_err(failed)?;
    if own.address_family() != AddressFamily::UNIX {
        return Err(AnswererError::NoSocket(number));
    }
    let Ok(Some(peer)) = getpeername(fd) else {
        return Err(AnswererError::NoSocket(number));
    };
    if !is_unnamed(&own) || !is_unnamed(&peer) {
        return Err(AnswererError::Named(number));
    }
    let uid = socket_peercred(fd).map_err(failed)?.uid;
    if uid.is_root() || uid == geteuid() {
        Ok(())
    } else {
        Err(AnswererError::Foreign { number, uid: uid.as_raw() })
    }
}

/// Its address is no more than the family (unix(7)).
fn is_unnamed(address: &SocketAddrAny) -> bool {
    address.addr_len() as usize == size_of::<libc::sa_family_t>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    #[test]
    fn a_pair_is_taken_over_and_its_number_closed() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        // As one that lowbox inherited: nobody in this process owns the number.
        let number = std::os::fd::IntoRawFd::into_raw_fd(theirs);
        let taken = answering_socket(number, &[]).unwrap();
        assert_ne!(taken.as_raw_fd(), number);
        assert!(fcntl_getfd(&taken).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        drop(taken);
        assert_eq!(std::io::Read::read(&mut &ours, &mut [0]).unwrap(), 0, "no other copy is left");
    }

    #[test]
    fn a_socket_with_a_name_or_without_a_peer_or_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let client = UnixStream::connect(folder.path().join("socket")).unwrap();
        let (server, _) = listener.accept().unwrap();
        for named in [client.as_raw_fd(), server.as_raw_fd()] {
            assert!(matches!(answering_socket(named, &[]), Err(AnswererError::Named(_))));
        }
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let (datagram, _peer) = UnixDatagram::pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        for other in [listener.as_raw_fd(), network.as_raw_fd(), datagram.as_raw_fd(), file.as_raw_fd()] {
            assert!(matches!(answering_socket(other, &[]), Err(AnswererError::NoSocket(_))), "{other}");
        }
        assert!(matches!(answering_socket(1000, &[]), Err(AnswererError::Descriptor { .. })));
    }

    #[test]
    fn a_socket_that_the_program_gets_too_is_refused() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let copy = ours.try_clone().unwrap();
        let refused = answering_socket(ours.as_raw_fd(), &[copy.as_raw_fd()]);
        assert!(matches!(refused, Err(AnswererError::Lent { .. })), "{refused:?}");
    }
}
