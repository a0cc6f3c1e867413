//! lowbox beside its container: forwards signals and job control, passes reports on, waits for the end.

mod guard;
pub(crate) mod idle;
pub mod reduced;
pub(crate) mod relay;
mod stop;
mod terminal;
mod watch;

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::RecvFlags;
use rustix::process::Signal;

use crate::launch::LaunchError;
use crate::launch::control::{Order, Report};
use crate::launch::pipes::Relay;
use crate::limits::{Cgroup, CgroupError};
pub(crate) use guard::Guard;
use idle::Idle;
use relay::Carriers;
use stop::{Resumed, stop};
pub(crate) use terminal::{SavedTerminal, lend_no_keyboard_in_background};
pub(crate) use watch::Watch;
pub use watch::release_input_and_output;

/// A running container. Dropping it ends everything in it.
#[derive(Debug)]
pub struct Container {
    init: Guard,
    /// Ended after pid 1, which can't do without it.
    _broker: Option<Guard>,
    control: OwnedFd,
    /// Held until the container has ended: fields are dropped in this order.
    _cgroup: Option<Cgroup>,
    cgroup_error: Option<CgroupError>,
    watch: Watch,
    relays: Vec<Relay>,
    laps: Vec<(String, u64)>,
}

/// What happens while a program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opened a path, or tried to.
    Opened {
        /// open(2) flags.
        flags: u32,
        /// The path as the program gave it, absolute.
        path: PathBuf,
    },
    /// It tried to connect beyond its network, or to bind there, and was not let.
    Unreached {
        /// The peer, or the address to bind to.
        address: SocketAddr,
        /// Whether it was to be bound to.
        bind: bool,
    },
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(u8),
    /// A signal ended it.
    Signaled(u8),
    /// The container was ended from outside before the program said how it ended.
    Killed,
}

impl Ending {
    /// The exit code that says the same: the program's own, 128+n for signal n.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Exited(code) => code,
            Ending::Signaled(signal) => 128_u8.saturating_add(signal),
            Ending::Killed => 128 + 9,
        }
    }

    pub(crate) fn from_status(status: i32) -> Ending {
        if libc::WIFSIGNALED(status) {
            Ending::Signaled(libc::WTERMSIG(status) as u8)
        } else {
            Ending::Exited(libc::WEXITSTATUS(status) as u8)
        }
    }
}

/// Signals that are passed on to the program.
pub(crate) const FORWARDED: [Signal; 7] =
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];

impl Container {
    pub(crate) fn new(
        init: Guard,
        broker: Option<Guard>,
        control: OwnedFd,
        cgroup: Option<Cgroup>,
        cgroup_error: Option<CgroupError>,
        watch: Watch,
        relays: Vec<Relay>,
    ) -> Container {
        Container {
            init,
            _broker: broker,
            control,
            _cgroup: cgroup,
            cgroup_error,
            watch,
            relays,
            laps: Vec::new(),
        }
    }

    pub(crate) fn control(&self) -> &OwnedFd {
        &self.control
    }

    /// Waits for pid 1's next report; `None` if there is none.
    pub(crate) fn report(&mut self) -> Result<Option<Report>, LaunchError> {
        self.watch.wait_for(self.control.as_fd())?;
        Ok(Report::receive(self.control.as_fd(), RecvFlags::empty()).ok().flatten())
    }

    pub(crate) fn set_laps(&mut self, laps: Vec<(String, u64)>) {
        self.laps = laps;
    }

    /// The steps of the launch and their nanoseconds, where they were asked for: lowbox's, then those of pid 1, which overlap with
    /// them.
    pub fn laps(&self) -> &[(String, u64)] {
        &self.laps
    }

    /// Why the memory limit could only be set for each process and not for the container, if so.
    pub fn limits_per_process(&self) -> Option<&CgroupError> {
        self.cgroup_error.as_ref()
    }

    /// Stays beside the program until it ends, forwarding signals; `on_event` hears what happens.
    ///
    /// # Errors
    /// [`LaunchError::System`] if signals can't be watched; the container is ended then.
    pub fn supervise(mut self, on_event: &mut dyn FnMut(Event)) -> Result<Ending, LaunchError> {
        let carriers = Carriers::start(std::mem::take(&mut self.relays))
            .map_err(LaunchError::system("carrying what goes through pipes"))?;
        let mut ending =
            std::mem::take(&mut self.watch.early).into_iter().find_map(|number| self.forward(number));
        let mut idle = Idle::default();
        while ending.is_none() {
            let mut events =
                [PollFd::new(&self.control, PollFlags::IN), PollFd::new(&self.watch.signals, PollFlags::IN)];
            match poll(&mut events, idle.timeout()) {
                Ok(0) => idle.rest(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(LaunchError::System { what: "poll", source: error.into() }),
            }
            let (control, signal) = (events[0].revents(), events[1].revents());
            if !signal.is_empty() {
                while let Ok(Some(number)) = self.watch.signals.next() {
                    ending = ending.or_else(|| self.forward(number));
                }
            }
            if !control.is_empty() {
                match Report::receive(self.control.as_fd(), RecvFlags::DONTWAIT) {
                    Ok(Some(Report::Ended(status))) => ending = Some(Ending::from_status(status)),
                    Ok(Some(Report::Opened { flags, path })) => on_event(Event::Opened { flags, path }),
                    Ok(Some(Report::Unreached { address, bind })) => {
                        on_event(Event::Unreached { address, bind });
                    }
                    Ok(Some(Report::Started | Report::Laps(_) | Report::Failed { .. })) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    // The end of the socket, or something that pid 1 never says: the container is over.
                    Ok(None) | Err(_) => break,
                }
            }
        }
        self.init.end();
        if let Some(carriers) = carriers {
            carriers.finish(&self.watch.signals);
        }
        self.watch.terminal.restore();
        Ok(ending.unwrap_or(Ending::Killed))
    }

    /// Passes a signal on; `Some` if it ends the container at once.
    fn forward(&self, number: i32) -> Option<Ending> {
        // A container that is gone is noticed by the loop.
        let send = |order: Order| {
            let _ = order.send(self.control.as_fd());
        };
        if number == Signal::TSTP.as_raw() {
            send(Order::Stop);
            match stop(&self.watch.signals, &self.watch.terminal) {
                Resumed::Ended(signal) => return Some(Ending::Signaled(signal as u8)),
                Resumed::Continued(came) => {
                    send(Order::Continue);
                    came.into_iter().for_each(|number| send(Order::Signal(number)));
                }
            }
        } else if number == Signal::CONT.as_raw() {
            send(Order::Continue);
        } else {
            send(Order::Signal(number));
        }
        None
    }
}
