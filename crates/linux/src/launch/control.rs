//! The messages between lowbox and pid 1 of its container, over a socket pair that keeps message borders.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

/// From pid 1 to lowbox. What it says about the program is the program's doing, and is treated as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The program executes.
    Started,
    /// A step of the launch failed: which, on what, with which error number.
    Failed {
        /// What was being done.
        step: Step,
        /// The object of it, if it was a path.
        path: PathBuf,
        /// errno.
        errno: i32,
    },
    /// The program ended, with a wait(2) status.
    Ended(i32),
    /// How long the steps in pid 1 took, in nanoseconds.
    Laps(Vec<(String, u64)>),
    /// The program opened (or tries to open) a path.
    Opened {
        /// open(2) flags.
        flags: u32,
        /// The path, absolute, as the program gave it.
        path: PathBuf,
    },
    /// The program tried to connect beyond its network, or to bind there, and was not let.
    Unreached {
        /// The peer, or the address to bind to.
        address: SocketAddr,
        /// Whether it was to be bound to.
        bind: bool,
    },
}

/// The steps of a launch that can fail in pid 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// Becoming the container's user.
    Identity = 1,
    /// Making the private root.
    Root,
    /// Binding an object into it.
    Bind,
    /// The object at a planned path is another one now.
    Changed,
    /// Mounting /proc.
    Proc,
    /// Making /dev.
    Dev,
    /// Lowering the user namespace's limits.
    NamespaceLimits,
    /// Limits of the processes.
    Limits,
    /// Building or enforcing the Landlock rules.
    Landlock,
    /// Installing the seccomp filter.
    Seccomp,
    /// Dropping capabilities.
    Capabilities,
    /// Changing into the working folder.
    WorkingDirectory,
    /// Starting the process.
    Fork,
    /// Executing the program.
    Execute,
    /// Entering the network of its own.
    Network,
    /// Mounting a Windows program's prefix.
    Prefix,
    /// Making its display.
    Display,
}

impl Step {
    const ALL: [Step; 17] = [
        Step::Identity,
        Step::Root,
        Step::Bind,
        Step::Changed,
        Step::Proc,
        Step::Dev,
        Step::NamespaceLimits,
        Step::Limits,
        Step::Landlock,
        Step::Seccomp,
        Step::Capabilities,
        Step::WorkingDirectory,
        Step::Fork,
        Step::Execute,
        Step::Network,
        Step::Prefix,
        Step::Display,
    ];

    fn from_byte(byte: u8) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step as u8 == byte)
    }
}

/// From lowbox to pid 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Pid 1 is on its processor, and under root its ids are mapped: go on.
    Go,
    /// Send this signal to the program's process group.
    Signal(i32),
    /// Stop every process of the container.
    Stop,
    /// Let them go on.
    Continue,
}

/// The longest path in a report; longer ones are cut, which only a display sees.
const MAX_PATH: usize = 4096;

/// A connected pair of message sockets, close-on-exec.
///
/// # Errors
/// EMFILE, ENFILE.
pub fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

impl Report {
    /// Sends without waiting where `droppable`, so that a flood of them never stalls the container.
    ///
    /// # Errors
    /// EPIPE when lowbox is gone, EAGAIN when a droppable report has no room.
    pub fn send(&self, socket: BorrowedFd<'_>, droppable: bool) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(64);
        match self {
            Report::Started => bytes.push(b'R'),
            Report::Failed { step, path, errno } => {
                bytes.push(b'E');
                bytes.push(*step as u8);
                bytes.extend(errno.to_le_bytes());
                push_path(&mut bytes, path);
            }
            Report::Ended(status) => {
                bytes.push(b'X');
                bytes.extend(status.to_le_bytes());
            }
            Report::Laps(laps) => {
                bytes.push(b'L');
                for (name, nanoseconds) in laps {
                    bytes.extend(format!("{nanoseconds} {name}\n").bytes());
                }
            }
            Report::Unreached { address, bind } => {
                bytes.extend([b'U', u8::from(*bind)]);
                bytes.extend(address.to_string().bytes());
            }
            Report::Opened { flags, path } => {
                bytes.push(b'O');
                bytes.extend(flags.to_le_bytes());
                push_path(&mut bytes, path);
            }
        }
        let mut flags = SendFlags::NOSIGNAL;
        if droppable {
            flags |= SendFlags::DONTWAIT;
        }
        send(socket, &bytes, flags)?;
        Ok(())
    }

    /// Receives one report; `None` when pid 1 is gone.
    ///
    /// # Errors
    /// EAGAIN with `RecvFlags::DONTWAIT`; InvalidData for bytes that are no report.
    pub fn receive(socket: BorrowedFd<'_>, flags: RecvFlags) -> io::Result<Option<Report>> {
        let mut buffer = [0_u8; MAX_PATH + 64];
        let (length, _) = match recv(socket, &mut buffer, flags) {
            // Pid 1 ended with something unread, which is told first; what it said before is still there.
            Err(rustix::io::Errno::CONNRESET) => recv(socket, &mut buffer, flags)?,
            received => received?,
        };
        if length == 0 {
            return Ok(None);
        }
        Report::parse(&buffer[..length])
            .map(Some)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message of pid 1 can't be read"))
    }

    fn parse(bytes: &[u8]) -> Option<Report> {
        let number = |bytes: &[u8]| Some(i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?));
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        let (&tag, rest) = bytes.split_first()?;
        Some(match tag {
            b'R' => Report::Started,
            b'E' => {
                let (&step, rest) = rest.split_first()?;
                Report::Failed {
                    step: Step::from_byte(step)?,
                    errno: number(rest)?,
                    path: path(rest.get(4..)?),
                }
            }
            b'X' => Report::Ended(number(rest)?),
            b'L' => {
                let lines = std::str::from_utf8(rest).ok()?.lines();
                let lap = |line: &str| {
                    line.split_once(' ').and_then(|(time, name)| Some((name.to_owned(), time.parse().ok()?)))
                };
                Report::Laps(lines.map(lap).collect::<Option<_>>()?)
            }
            b'U' => {
                let (&bind, rest) = rest.split_first()?;
                let address = std::str::from_utf8(rest).ok()?.parse().ok()?;
                Report::Unreached { address, bind: bind != 0 }
            }
            b'O' => Report::Opened { flags: number(rest)? as u32, path: path(rest.get(4..)?) },
            _ => return None,
        })
    }
}

fn push_path(bytes: &mut Vec<u8>, path: &Path) {
    let path = path.as_os_str().as_bytes();
    bytes.extend(&path[..path.len().min(MAX_PATH)]);
}

impl Order {
    /// Sends the order.
    ///
    /// # Errors
    /// EPIPE when pid 1 is gone.
    pub fn send(self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let bytes = match self {
            Order::Go => [b'G', 0],
            Order::Signal(signal) => [b's', u8::try_from(signal).unwrap_or(0)],
            Order::Stop => [b'T', 0],
            Order::Continue => [b'C', 0],
        };
        send(socket, &bytes, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Receives one order; `None` when lowbox is gone.
    ///
    /// # Errors
    /// EAGAIN with `RecvFlags::DONTWAIT`; InvalidData for bytes that are no order.
    pub fn receive(socket: BorrowedFd<'_>, flags: RecvFlags) -> io::Result<Option<Order>> {
        let mut buffer = [0_u8; 8];
        let (length, _) = recv(socket, &mut buffer, flags)?;
        Ok(match buffer[..length] {
            [] => None,
            [b'G', _] => Some(Order::Go),
            [b's', signal] => Some(Order::Signal(signal.into())),
            [b'T', _] => Some(Order::Stop),
            [b'C', _] => Some(Order::Continue),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "an order can't be read")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn the_last_report_arrives_although_pid_1_ended_with_orders_unread() {
        let (ours, theirs) = channel().unwrap();
        Order::Go.send(ours.as_fd()).unwrap();
        let report = Report::Failed { step: Step::Bind, path: "/x".into(), errno: 13 };
        report.send(theirs.as_fd(), false).unwrap();
        drop(theirs);
        assert_eq!(Report::receive(ours.as_fd(), RecvFlags::empty()).unwrap(), Some(report));
        assert_eq!(Report::receive(ours.as_fd(), RecvFlags::empty()).unwrap(), None);
    }

    #[test]
    fn reports_and_orders_arrive_as_they_were_sent() {
        let (ours, theirs) = channel().unwrap();
        let path = PathBuf::from(OsString::from_vec(b"/a\xff b".to_vec()));
        for report in [
            Report::Started,
            Report::Failed { step: Step::Execute, path: path.clone(), errno: 2 },
            Report::Unreached { address: "[2001:db8::1]:443".parse().unwrap(), bind: true },
            Report::Ended(0x8b),
            Report::Laps(vec![("id maps".to_owned(), 12), ("view".to_owned(), 345)]),
            Report::Opened { flags: 0o2000000, path },
        ] {
            report.send(theirs.as_fd(), false).unwrap();
            assert_eq!(Report::receive(ours.as_fd(), RecvFlags::empty()).unwrap(), Some(report));
        }
        for order in [Order::Go, Order::Signal(15), Order::Stop, Order::Continue] {
            order.send(ours.as_fd()).unwrap();
            assert_eq!(Order::receive(theirs.as_fd(), RecvFlags::empty()).unwrap(), Some(order));
        }
        drop(ours);
        assert_eq!(Order::receive(theirs.as_fd(), RecvFlags::empty()).unwrap(), None);
    }

    #[test]
    fn bytes_that_are_no_report_are_refused() {
        for bytes in [&b"?"[..], b"E", b"E\x01\0\0", b"E\xff\0\0\0\0", b"X\0", b"O"] {
            assert_eq!(Report::parse(bytes), None, "{bytes:?}");
        }
    }
}
