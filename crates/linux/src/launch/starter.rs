//! The process inside a kept container that starts its programs ([`keep`](crate::keep)).
//!
//! It has what the first program would have had: the Landlock domain, the filter, no capability, and of descriptors only its socket to
//! pid 1. Pid 1 itself could give the same rules to each program, but each time as another domain, and Wine's server may neither signal nor
//! trace processes of a domain beside its own. What it starts is pid 1's child. It is as undumpable as pid 1, so that no program reads or
//! changes its memory; one can end it, and then no more programs are started here.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use lowbox_policy::os_bytes;
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{chdir, getpid, ioctl_tiocsctty, setsid};
use serde::{Deserialize, Serialize};

use super::memory_file::read;
use super::message::{receive, send};
use crate::seccomp;
use crate::sys::{self, Image};

/// A program to start: what is not the container's. It lies in a file in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Its arguments, the zeroth included.
    #[serde(with = "os_bytes::list")]
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment.
    #[serde(with = "os_bytes::pairs")]
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where it starts.
    #[serde(with = "os_bytes")]
    pub(crate) working_directory: PathBuf,
    /// Which of 0 to 2 becomes its controlling terminal.
    pub(crate) controlling: Option<i32>,
}

/// Above what execve(2) takes of words.
pub(crate) const MOST_OF_A_START: u64 = 8 << 20;

/// From lowbox to pid 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Start a program, called by this number from then on. With it: the file with [`Start`], and descriptors 0 to 2.
    Start(u32),
    /// Send this signal to its process group.
    Signal(u32, i32),
    /// End everything, Wine's server not before it has written the registry.
    End,
    /// The same, and nothing but Wine's server has time for it: nobody is left who is beside a program.
    EndAtOnce,
}

/// From pid 1 to lowbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// It is about to be executed.
    Began(u32),
    /// This one could not be started, for that errno.
    Failed(u32, i32),
    /// There is nothing that would start it, nor any other.
    NobodyStarts(u32),
    /// It ended, with this wait(2) status.
    Ended(u32, i32),
}

/// From the starter to pid 1: what came of [`Order::Start`], with the number of the new process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) id: u32,
    /// Or the errno for which there is none.
    pub(crate) process: Result<i32, i32>,
}

/// The life of the starter. Returns in a process that could not become a program, with what is to be said of it.
pub(crate) fn serve(socket: &OwnedFd, loader: &Path) -> &'static str {
    if sys::close_others(&[socket.as_fd()]).is_err() {
        return "lowbox: the starter's descriptors could not be closed\n";
    }
    while let Ok(Some((Order::Start(id), descriptors))) = receive(socket.as_fd(), RecvFlags::empty()) {
        let process = match prepare(&descriptors, loader).and_then(|it| Ok((sys::fork_sibling()?, it))) {
            Ok((None, (image, start))) => {
                // Before anything else: so pid 1 hears of the process before it hears of its end.
                say(socket.as_fd(), id, Ok(getpid().as_raw_pid()));
                return execute(&image, &start, &descriptors);
            }
            // It speaks for itself.
            Ok((Some(_), _)) => continue,
            // Nothing was started, and the next one may be.
            Err(error) => Err(error.raw_os_error().unwrap_or(libc::EIO)),
        };
        say(socket.as_fd(), id, process);
    }
    sys::exit_now(0)
}

fn say(socket: BorrowedFd<'_>, id: u32, process: Result<i32, i32>) {
    // Without pid 1 nothing is left to do.
    let _ = send(socket, &Started { id, process }, &[], SendFlags::empty());
}

fn prepare(descriptors: &[OwnedFd], loader: &Path) -> io::Result<(Image, Start)> {
    let [file, _, _, _] = descriptors else { return Err(io::Error::from_raw_os_error(libc::EINVAL)) };
    let start: Start = read(file, MOST_OF_A_START)?;
    let image = Image::new(loader, &start.arguments, &start.environment)?;
    Ok((image, start))
}

/// Becomes the program, or says what failed.
fn execute(image: &Image, start: &Start, descriptors: &[OwnedFd]) -> &'static str {
    for (number, descriptor) in (0..).zip(&descriptors[1..]) {
        if sys::replace_descriptor(descriptor, number).is_err() {
            return "lowbox: the program's descriptors could not be put in place\n";
        }
    }
    if setsid().is_err() {
        return "lowbox: the program's session could not be made\n";
    }
    let take = |number| sys::with_descriptor(number, |fd| Ok(ioctl_tiocsctty(fd)?));
    if start.controlling.is_some_and(|number| take(number).is_err()) {
        return "lowbox: the program's terminal could not be set\n";
    }
    if chdir(&start.working_directory).is_err() {
        return "lowbox: the working folder is not there in the container\n";
    }
    if sys::install_filter(seccomp::WITHOUT_PTRACE, false).is_err() {
        return "lowbox: the filter of Wine's programs could not be installed\n";
    }
    image.execute();
    "lowbox: Wine's loader can't be executed in the container\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::memory_file::{write, write_bytes};

    #[test]
    fn a_start_comes_out_of_its_file_as_it_went_in_and_none_that_is_too_long() {
        let start = Start {
            arguments: vec!["a b".into(), "".into()],
            environment: vec![("NAME".into(), "=x".into())],
            working_directory: "/w".into(),
            controlling: Some(1),
        };
        let file = write(&start).unwrap();
        assert_eq!(read::<Start>(&file, 1000).unwrap(), start);
        assert_eq!(read::<Start>(&file, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let other = write_bytes(&[0xff; 20]).unwrap();
        assert_eq!(read::<Start>(&other, 1000).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
