//! The process beside a nested server: it waits until the program wants its display, then connects to the user's and starts the server.
//!
//! It is a fork of lowbox and has the user's rights, as lowbox has; of the program it reads nothing, of Xephyr the bytes that it carries. It
//! ends with lowbox, and the server's container with it.

use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::{Signal, setsid};

use super::server::LISTENS_AT;
use super::{Nested, NoDisplay, outer, relay, server};
use crate::launch::Groundwork;
use crate::launch::control::channel;
use crate::launch::descriptors::{receive_descriptors, send_descriptors};
use crate::prepare::{ground, prepare};
use crate::supervise::Guard;
use crate::sys::{self, Forked, Namespaces};

/// The process, seen by lowbox. Dropping it ends it and the server.
#[derive(Debug)]
pub(crate) struct Keeper {
    _guard: Guard,
    channel: OwnedFd,
}

/// The longest word of it.
const MOST: usize = 512;

impl Keeper {
    /// Forks it. The calling process must be single-threaded.
    ///
    /// # Errors
    /// What fork(2) and socketpair(2) report.
    pub(crate) fn start(nested: &Nested) -> io::Result<Keeper> {
        let (ours, theirs) = channel()?;
        match sys::fork_into(Namespaces::NONE)? {
            Forked::Child => {
                drop(ours);
                let _ = run(nested, theirs);
                sys::exit_now(0)
            }
            Forked::Parent(pid) => Ok(Keeper { _guard: Guard::new(pid), channel: ours }),
        }
    }

    /// In another fork of lowbox: lets go of it without ending it.
    pub(crate) fn leave_to_lowbox(self) {
        let Keeper { _guard, channel } = self;
        std::mem::forget(_guard);
        drop(channel);
    }

    /// Hands over what listens for the program.
    ///
    /// # Errors
    /// EPIPE if it has ended.
    pub(crate) fn serve(&self, listener: &OwnedFd) -> io::Result<()> {
        send_descriptors(self.channel.as_fd(), &[listener.as_fd()])
    }

    /// Where it says why there is no display.
    pub(crate) fn channel(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }

    /// What it says; `None` if it has ended.
    pub(crate) fn told(&self) -> Option<String> {
        let mut bytes = [0_u8; MOST];
        let (length, _) = recv(&self.channel, &mut bytes, RecvFlags::DONTWAIT).unwrap_or_default();
        (length > 0).then(|| String::from_utf8_lossy(&bytes[..length]).into_owned())
    }
}

fn run(nested: &Nested, channel: OwnedFd) -> io::Result<()> {
    // Keys of the terminal are not for it.
    setsid()?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    // Above what it is going to be handed, which has to be descriptor 3.
    let kept = fcntl_dupfd_cloexec(&channel, LISTENS_AT + 1)?;
    sys::close_others(&[kept.as_fd()])?;
    std::mem::forget((null, channel));
    rustix::process::chdir("/")?;
    // Lowbox's end of the channel closes with it: so a death before this call is noticed as well.
    sys::set_parent_death_signal(Signal::KILL)?;
    let Some(listener) = receive_descriptors(kept.as_fd())?.pop() else { return Ok(()) };
    loop {
        let mut events = [PollFd::new(&listener, PollFlags::IN), PollFd::new(&kept, PollFlags::empty())];
        match poll(&mut events, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        if !events[1].revents().is_empty() {
            return Ok(());
        }
        if !events[0].revents().is_empty() {
            break;
        }
    }
    let Err(why) = show(nested);
    let words = why.to_string();
    let _ = send(&kept, &words.as_bytes()[..words.len().min(MOST)], SendFlags::NOSIGNAL);
    // What waits for the program's display is let down with this process.
    Ok(())
}

/// Until the server ends.
fn show(nested: &Nested) -> Result<Infallible, NoDisplay> {
    let outer = outer::connect()?;
    let failed =
        |error: &dyn std::fmt::Display| NoDisplay::Server(format!("Xephyr can't be isolated: {error}"));
    let request = server::request(nested, &outer);
    let caller = &nested.caller;
    let groundwork = ground(caller, &request).map_err(|error| failed(&error))?;
    let groundwork = Groundwork::begin(groundwork).map_err(|error| failed(&error))?;
    let prepared = prepare(caller, &request).map_err(|error| failed(&error))?;
    let mut container = groundwork.launch(&prepared.spec).map_err(|error| failed(&error))?;
    let listener = container.display_socket().ok_or_else(|| failed(&"its display is missing"))?;
    let carried = Arc::new(AtomicBool::new(false));
    let connected = Arc::clone(&carried);
    std::thread::Builder::new().stack_size(128 * 1024).spawn(move || {
        let _ = relay::run(listener, &outer, &connected);
        // Xephyr ends when its display does. What does not is not waited for.
        std::thread::sleep(Duration::from_secs(1));
        sys::exit_now(0)
    })?;
    let ending = container.supervise(None, &mut |_| {}).map_err(|error| failed(&error))?;
    Err(NoDisplay::Server(match carried.load(Ordering::Relaxed) {
        true => "its window was closed".to_owned(),
        false => format!("Xephyr does not start (it ended with {})", ending.exit_code()),
    }))
}
