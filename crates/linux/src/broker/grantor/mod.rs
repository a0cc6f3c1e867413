//! The grantor: the process that looks at the user's tree and attaches mounts in a running container.
//!
//! It stays in a mount namespace that still sees everything, and enters the program's for as long as it takes to attach
//! something. It decides nothing: the broker, which talks to it alone, does. It has the user's ids, and of capabilities what
//! mounting takes, in the container's user namespace; under root, in root's.

mod attach;
mod process;
mod resolve;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, GrantRights, os_bytes};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, socketpair};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

pub(super) use resolve::{Link, Resolved};

use super::touch::{receive_message, send_message};
use crate::launch::spec::ContainerUser;
use crate::supervise::Guard;
use crate::sys::{self, Forked, Namespaces};

/// How long a look or a mount may take: a dead server must not stall every question.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// From the broker.
#[derive(Debug, Serialize, Deserialize)]
enum Request {
    /// Pin what is at the path, without following a link.
    Look {
        #[serde(with = "os_bytes")]
        path: PathBuf,
    },
    /// Follow the links of a path on the host, a last one too if `follow`.
    Resolve {
        #[serde(with = "os_bytes")]
        path: PathBuf,
        follow: bool,
    },
    /// Make a link on the private root, as the host has it.
    Link { link: Link },
    /// Pin a new file at the path; one that is there already is left alone.
    Make {
        #[serde(with = "os_bytes")]
        path: PathBuf,
    },
    /// Remove it again, while it is empty.
    Unmake {
        pin: u32,
        #[serde(with = "os_bytes")]
        path: PathBuf,
    },
    /// Write what a request to choose came to, where the program reads it.
    Tell { number: String, answer: Vec<u8> },
    /// Let go of a pin: the only one without a reply.
    Unpin { pin: u32 },
    /// Attach a pinned object at the path.
    Attach {
        pin: u32,
        #[serde(with = "os_bytes")]
        path: PathBuf,
        writable: bool,
        executable: bool,
    },
    /// Find the mount of a pinned object that was attached at the launch.
    Adopt {
        pin: u32,
        #[serde(with = "os_bytes")]
        path: PathBuf,
        /// Also where it is mounted apart, with a link at its path.
        apart: bool,
    },
    /// Change what an attached mount allows.
    Change {
        mount: u64,
        #[serde(with = "os_bytes")]
        path: PathBuf,
        writable: bool,
        executable: bool,
    },
    /// Take an attached mount away again.
    Detach {
        mount: u64,
        #[serde(with = "os_bytes")]
        path: PathBuf,
    },
}

/// To the broker.
#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    Pinned {
        pin: u32,
        id: FileId,
    },
    Resolved(Resolved),
    Attached {
        mount: u64,
    },
    Adopted {
        mount: u64,
        /// Where it is mounted.
        #[serde(with = "os_bytes")]
        place: PathBuf,
        writable: bool,
        executable: bool,
    },
    Done,
    Failed {
        errno: i32,
    },
}

/// An object that is held, under the number that the grantor gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    number: u32,
    /// What was found.
    pub(super) id: FileId,
}

/// A mount in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    mount: u64,
    path: PathBuf,
}

/// The broker's side.
#[derive(Debug)]
pub(crate) struct Grantor {
    socket: OwnedFd,
    _process: Guard,
}

/// The container's namespaces, opened while its pid 1 is dumpable.
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) user: OwnedFd,
    pub(crate) mount: OwnedFd,
}

impl Grantor {
    /// Starts the process. The calling process must be single-threaded.
    ///
    /// # Errors
    /// What socketpair(2) and clone(2) report.
    pub(crate) fn start(namespace: &Namespace, user: &ContainerUser) -> io::Result<Grantor> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        match sys::fork_into(Namespaces::NONE)? {
            Forked::Child => process::run(&theirs, namespace, user),
            Forked::Parent(pid) => Ok(Grantor { socket: ours, _process: Guard::new(pid) }),
        }
    }

    /// Finds and holds what is at `path`.
    ///
    /// # Errors
    /// ENOENT; ELOOP where a link is on the way; EACCES as for the user; EPIPE when the grantor is gone.
    pub(super) fn look(&self, path: &Path) -> io::Result<Pin> {
        match self.ask(&Request::Look { path: path.to_owned() })? {
            Reply::Pinned { pin, id } => Ok(Pin { number: pin, id }),
            other => Err(unexpected(&other)),
        }
    }

    /// Where a path leads that goes through links, and those links. What it tells was so a moment ago: [`Grantor::look`] at it follows
    /// none.
    ///
    /// # Errors
    /// As [`Grantor::look`]; ELOOP for links that are not followed.
    pub(super) fn resolve(&self, path: &Path, follow: bool) -> io::Result<Resolved> {
        match self.ask(&Request::Resolve { path: path.to_owned(), follow })? {
            Reply::Resolved(resolved) => Ok(resolved),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes an empty file, as the user; `None` where something is already.
    ///
    /// # Errors
    /// As [`Grantor::look`]; what making a file reports.
    pub(super) fn make(&self, path: &Path) -> io::Result<Option<Pin>> {
        match self.ask(&Request::Make { path: path.to_owned() })? {
            Reply::Pinned { pin, id } => Ok(Some(Pin { number: pin, id })),
            Reply::Done => Ok(None),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes a file that was made, if nobody has put anything into it or in its place.
    ///
    /// # Errors
    /// ESTALE; what removing a file reports.
    pub(super) fn unmake(&self, pin: Pin, path: &Path) -> io::Result<()> {
        self.done(&Request::Unmake { pin: pin.number, path: path.to_owned() })
    }

    /// Shows the program what a request to choose came to.
    ///
    /// # Errors
    /// What making a file reports; EMSGSIZE for a very long answer.
    pub(super) fn tell(&self, number: &str, answer: &[u8]) -> io::Result<()> {
        self.done(&Request::Tell { number: number.to_owned(), answer: answer.to_owned() })
    }

    /// Shows the program a link of the host's, where the container has nothing of its own.
    ///
    /// # Errors
    /// EEXIST if something else is there.
    pub(super) fn link(&self, link: &Link) -> io::Result<()> {
        self.done(&Request::Link { link: link.clone() })
    }

    /// Lets go. There is no reply to wait for.
    pub(super) fn unpin(&self, pin: Pin) {
        let _ = send_message(self.socket.as_fd(), &Request::Unpin { pin: pin.number }, true);
    }

    /// Attaches the pinned object at `path` of the container's view.
    ///
    /// # Errors
    /// What mounting reports; EINVAL under root for a filesystem without id-mapped mounts.
    pub(super) fn attach(
        &self,
        pin: Pin,
        path: &Path,
        writable: bool,
        executable: bool,
    ) -> io::Result<Attached> {
        let request = Request::Attach { pin: pin.number, path: path.to_owned(), writable, executable };
        match self.ask(&request)? {
            Reply::Attached { mount } => Ok(Attached { mount, path: path.to_owned() }),
            other => Err(unexpected(&other)),
        }
    }

    /// The mount of the pinned object that is seen at `path` already, if it is one of its own.
    ///
    /// # Errors
    /// ESTALE if it is not.
    pub(super) fn adopt(&self, pin: Pin, path: &Path) -> io::Result<(Attached, GrantRights)> {
        match self.ask(&Request::Adopt { pin: pin.number, path: path.to_owned(), apart: false })? {
            Reply::Adopted { mount, place, writable, executable } => {
                let rights = GrantRights { read: true, write: writable, execute: executable };
                Ok((Attached { mount, path: place }, rights))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// The same for a mount that is to be taken away, which may be apart: what such a one allows can't be changed, because
    /// Landlock's rules hold there.
    ///
    /// # Errors
    /// ESTALE if it is not.
    pub(super) fn find(&self, pin: Pin, path: &Path) -> io::Result<Attached> {
        match self.ask(&Request::Adopt { pin: pin.number, path: path.to_owned(), apart: true })? {
            Reply::Adopted { mount, place, .. } => Ok(Attached { mount, path: place }),
            other => Err(unexpected(&other)),
        }
    }

    /// Changes what an attached mount allows.
    ///
    /// # Errors
    /// EPERM for what the host's own mount does not allow; ESTALE if something else is there now.
    pub(super) fn change(&self, attached: &Attached, writable: bool, executable: bool) -> io::Result<()> {
        let (mount, path) = (attached.mount, attached.path.clone());
        self.done(&Request::Change { mount, path, writable, executable })
    }

    /// Takes it away: new opens fail, what is open stays open.
    ///
    /// # Errors
    /// ESTALE if something else is there now.
    pub(super) fn detach(&self, attached: &Attached) -> io::Result<()> {
        self.done(&Request::Detach { mount: attached.mount, path: attached.path.clone() })
    }

    fn done(&self, request: &Request) -> io::Result<()> {
        match self.ask(request)? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&self, request: &Request) -> io::Result<Reply> {
        send_message(self.socket.as_fd(), request, true)?;
        let mut events = [PollFd::new(&self.socket, PollFlags::IN)];
        loop {
            match poll(&mut events, Some(&PATIENCE)) {
                Err(rustix::io::Errno::INTR) => continue,
                // An answer that came later would be taken for that to the next request.
                Ok(0) => {
                    rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both)?;
                    return Err(io::Error::from_raw_os_error(libc::EPIPE));
                }
                polled => polled?,
            };
            break;
        }
        match receive_message(self.socket.as_fd(), RecvFlags::empty())? {
            Some(Reply::Failed { errno }) => Err(io::Error::from_raw_os_error(errno)),
            Some(reply) => Ok(reply),
            None => Err(io::Error::from_raw_os_error(libc::EPIPE)),
        }
    }

    /// For the broker's loop: readable when the grantor is gone.
    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }
}

fn unexpected(reply: &Reply) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the grantor answered {reply:?}"))
}

/// Opens the namespaces of `init`, which is dumpable.
///
/// # Errors
/// What opening `/proc/PID/ns/…` reports.
pub(crate) fn namespace(init: Pid, user: &OwnedFd) -> io::Result<Namespace> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    let path = format!("/proc/{}/ns/mnt", init.as_raw_pid());
    Ok(Namespace {
        user: user.try_clone()?,
        mount: rustix::fs::open(path, flags, rustix::fs::Mode::empty())?,
    })
}
