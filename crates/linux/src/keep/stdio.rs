//! Descriptors 0 to 2 of a program that is started in a container which is there already: the same checks and the same replacements as in a
//! launch, made by the caller.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use lowbox_security::derive::package_sid;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{WaitOptions, getsid, waitpid};
use rustix::termios::{isatty, tcgetsid};

use crate::host::container_user;
use crate::launch::control::channel;
use crate::launch::message::{receive, send};
use crate::launch::pipes::{self, Relay};
use crate::launch::pty::{self, Pty};
use crate::launch::view::input::reopened;
use crate::launch::{ContainerUser, LaunchError, check_descriptors};
use crate::prepare::{Caller, Request};
use crate::supervise::{SavedTerminal, TerminalGate, lend_no_keyboard_in_background};
use crate::sys::{self, Forked, Namespaces, with_descriptor};

/// What the program gets as 0 to 2, and what it takes to carry and to restore.
#[derive(Debug)]
pub struct Stdio {
    pub(crate) ends: [OwnedFd; 3],
    pub(crate) relays: Vec<Relay>,
    pub(crate) terminal: SavedTerminal,
    /// The program's own terminal: what it leaves behind must not read what is typed after its end.
    pub(crate) own: Option<(Pty, TerminalGate)>,
}

impl Stdio {
    /// Whether the calling process's descriptors can be lent to a program whose container outlives it: a terminal can be replaced if it is that
    /// of the session.
    pub fn can_be_lent() -> bool {
        let is_foreign = |fd: BorrowedFd<'_>| isatty(fd) && tcgetsid(fd) != getsid(None);
        let has_terminal =
            open("/dev/tty", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).is_ok();
        (0..3).all(|number| {
            with_descriptor(number, |fd| Ok(!isatty(fd) || (has_terminal && !is_foreign(fd)))).unwrap_or(true)
        })
    }

    /// Looks at the calling process's descriptors. It must be single-threaded.
    ///
    /// # Errors
    /// [`LaunchError::Descriptor`] for one that reaches past a container; the system's.
    pub fn take(caller: &Caller, request: &Request) -> Result<Stdio, LaunchError> {
        let user = &container_user(&caller.user, &package_sid(&request.family_name));
        check_descriptors(&[])?;
        lend_no_keyboard_in_background(&[]).map_err(LaunchError::system("the terminal"))?;
        let terminal = SavedTerminal::save(&[]);
        // All of them: what the program leaves behind must not have the caller's.
        let relays = pipes::make(user.uid, true, &[]).map_err(LaunchError::system("a pipe"))?;
        let pty = pty::make(user, &[]).map_err(LaunchError::system("a terminal for the program"))?;
        let failed = || LaunchError::system("a standard descriptor");
        let end = |number| {
            if let Some(pty) = pty.as_ref().filter(|pty| pty.is_for(number)) {
                return pty.slave.try_clone();
            }
            if let Some(inside) = relays.iter().find_map(|relay| relay.inside(number)) {
                return inside.try_clone_to_owned();
            }
            match with_descriptor(number, |fd| Ok(fcntl_dupfd_cloexec(fd, 3)?)) {
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                    Ok(open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
                }
                end => end,
            }
        };
        let mut ends = [end(0).map_err(failed())?, end(1).map_err(failed())?, end(2).map_err(failed())?];
        reopen(&mut ends, user)?;
        let own = pty.map(|pty| (pty, TerminalGate::default()));
        Ok(Stdio { ends, relays, terminal, own })
    }
}

/// Replaces what a launch would replace (`launch::view::input`), in a process that may make mounts.
fn reopen(ends: &mut [OwnedFd; 3], user: &ContainerUser) -> Result<(), LaunchError> {
    let failed = || LaunchError::system("a standard descriptor");
    if !ends.iter().any(concerned) {
        return Ok(());
    }
    let namespaces = if user.launched_by_root { Namespaces::MOUNT } else { Namespaces::USER_AND_MOUNT };
    let (ours, theirs) = channel().map_err(failed())?;
    let helper = match sys::fork_into(namespaces) {
        Ok(Forked::Child) => {
            drop(ours);
            let sent = reopen_all(ends, user).and_then(|(numbers, files)| {
                let files: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
                send(theirs.as_fd(), &Ok::<_, i32>(numbers), &files, SendFlags::empty())
            });
            if let Err(error) = sent {
                let errno = error.raw_os_error().unwrap_or(libc::EIO);
                let _ = send(theirs.as_fd(), &Err::<Vec<usize>, _>(errno), &[], SendFlags::empty());
            }
            sys::exit_now(0)
        }
        Ok(Forked::Parent(helper)) => helper,
        Err(error) => return Err(LaunchError::no_namespaces(&error)),
    };
    drop(theirs);
    let answer = receive::<Result<Vec<usize>, i32>>(ours.as_fd(), RecvFlags::empty());
    let _ = waitpid(Some(helper), WaitOptions::empty());
    let (numbers, files) = match answer.map_err(failed())? {
        Some((Ok(numbers), files)) => (numbers, files),
        Some((Err(errno), _)) => return Err(failed()(io::Error::from_raw_os_error(errno))),
        None => return Err(failed()(io::ErrorKind::BrokenPipe.into())),
    };
    for (number, file) in numbers.into_iter().zip(files) {
        ends[number] = file;
    }
    Ok(())
}

/// A file. A terminal is the program's own here.
fn concerned(fd: &OwnedFd) -> bool {
    fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) == Ok(FileType::RegularFile)
}

fn reopen_all(ends: &[OwnedFd; 3], user: &ContainerUser) -> io::Result<(Vec<usize>, Vec<OwnedFd>)> {
    let host = openat(CWD, "/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let (mut numbers, mut files) = (Vec::new(), Vec::new());
    for (number, end) in ends.iter().enumerate() {
        if concerned(end)
            && let Some(file) = reopened(end.as_fd(), host.as_fd(), user.uid)?
        {
            numbers.push(number);
            files.push(file);
        }
    }
    Ok((numbers, files))
}
