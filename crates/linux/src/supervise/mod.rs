//! lowbox beside its container: forwards signals and job control, passes reports on, waits for the end.

mod consented;
mod console;
mod gate;
pub(crate) mod guard;
mod helper;
pub(crate) mod idle;
mod joined;
pub mod reduced;
pub(crate) mod relay;
mod screen_modes;
mod stop;
mod terminal;
mod terminal_carrier;
pub(crate) mod terminal_relay;
mod watch;

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::RecvFlags;
use rustix::process::Signal;

use crate::broker::{Broker, Desktop, Ended};
use crate::display::Keeper;
use crate::init::handed_back::Shared;
use crate::launch::control::{Order, Report};
use crate::launch::descriptors::{receive_descriptors, unless_gone};
use crate::launch::pipes::Relay;
use crate::launch::pty::Pty;
use crate::launch::{Asked, LaunchError};
use crate::limits::{Cgroup, CgroupError};
use crate::store;
use crate::sys::{self, SignalFd};
pub use consented::Consented;
pub(crate) use consented::Looked;
pub use console::{Console, terminal_to_ask_at};
pub use gate::{Held, TerminalGate};
pub(crate) use guard::Guard;
pub use helper::Helper;
use idle::Idle;
pub use joined::Joined;
use relay::Carriers;
use stop::{Resumed, stop};
pub(crate) use terminal::{SavedTerminal, lend_no_keyboard_in_background};
use terminal_relay::TerminalRelay;
pub(crate) use watch::Watch;
pub use watch::release_input_and_output;

/// A running container. Dropping it ends everything in it.
#[derive(Debug)]
pub struct Container {
    init: Guard,
    /// Ended after pid 1, which can't do without it.
    _broker: Option<Guard>,
    /// Answers at the program's display.
    display: Option<Keeper>,
    /// What listens there, where whoever launched the container answers.
    display_socket: Option<OwnedFd>,
    control: OwnedFd,
    /// Held until the container has ended: fields are dropped in this order.
    _cgroup: Option<Cgroup>,
    cgroup_error: Option<CgroupError>,
    watch: Watch,
    relays: Vec<Relay>,
    asked: Option<Asked>,
    consented: Option<Consented>,
    own: Option<OwnTerminal>,
    listening: Option<Listening>,
    laps: Vec<(String, u64)>,
}

/// The listener of the program's calls.
#[derive(Debug)]
pub(crate) enum Listening {
    /// All calls go on.
    Alone(OwnedFd),
    /// Pid 1 carries some out.
    Shared(Shared),
}

/// What a launch made of a container, for whoever stays beside it.
pub(crate) struct Parts {
    pub(crate) init: Guard,
    /// The network broker.
    pub(crate) broker: Option<Guard>,
    pub(crate) display: Option<Keeper>,
    pub(crate) control: OwnedFd,
    pub(crate) cgroup: Option<Cgroup>,
    pub(crate) cgroup_error: Option<CgroupError>,
    pub(crate) watch: Watch,
    pub(crate) relays: Vec<Relay>,
    pub(crate) asked: Option<Asked>,
    pub(crate) own: Option<OwnTerminal>,
}

/// What a keeper has of its container. Dropping it ends everything in it.
pub(crate) struct KeptParts {
    _init: Guard,
    /// The network broker.
    _broker: Option<Guard>,
    pub(crate) control: OwnedFd,
    pub(crate) signals: SignalFd,
}

/// The program's own terminal, and the gate that its bytes pass.
#[derive(Debug)]
pub(crate) struct OwnTerminal {
    /// `None` if no descriptor of the program's is the caller's terminal.
    pub(crate) pty: Option<Pty>,
    pub(crate) gate: TerminalGate,
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
    /// The user took back what it had by consent: it is being ended.
    Revoked(store::Held),
    /// It has no display, or none any more: why.
    NoDisplay(String),
    /// It tried to connect beyond its network, or to bind there, and was not let.
    Unreached {
        /// The peer, or the address to bind to.
        address: SocketAddr,
        /// Whether it was to be bound to.
        bind: bool,
    },
}

/// Lets the calling process hear the signals again that it passed on to a program: what it still does then can be ended by them.
pub fn hear_signals() {
    sys::unblock_signals();
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
    pub(crate) fn new(parts: Parts) -> Container {
        let Parts { init, broker, display, control, cgroup, cgroup_error, watch, relays, asked, own } = parts;
        Container {
            init,
            _broker: broker,
            display,
            display_socket: None,
            control,
            _cgroup: cgroup,
            cgroup_error,
            watch,
            relays,
            asked,
            consented: None,
            own,
            listening: None,
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

    /// Takes the listener of the program's calls from pid 1, of a program that is learned about.
    ///
    /// # Errors
    /// BrokenPipe when pid 1 is gone; what recvmsg(2) reports.
    pub(crate) fn take_listener(&mut self) -> std::io::Result<()> {
        let mut received = receive_descriptors(self.control.as_fd())?.into_iter();
        let listener = received.next().ok_or(std::io::ErrorKind::BrokenPipe)?;
        self.listening = Some(match (received.next(), received.next()) {
            (Some(root), Some(calls)) => Listening::Shared(Shared { listener, root, calls }),
            _ => Listening::Alone(listener),
        });
        Ok(())
    }

    /// Takes what listens at the program's display from pid 1, and gives it to who answers there.
    ///
    /// # Errors
    /// BrokenPipe when pid 1 is gone; what recvmsg(2) reports.
    pub(crate) fn take_display(&mut self) -> std::io::Result<()> {
        let listener = receive_descriptors(self.control.as_fd())?.pop();
        let listener = listener.ok_or(std::io::ErrorKind::BrokenPipe)?;
        match &self.display {
            // Without who answers, whoever connects is let down.
            Some(keeper) => drop(unless_gone(keeper.serve(&listener))?),
            None => self.display_socket = Some(listener),
        }
        Ok(())
    }

    /// What listens at the program's display, where nobody else answers.
    pub(crate) fn display_socket(&mut self) -> Option<OwnedFd> {
        self.display_socket.take()
    }

    /// The listener of the program's calls, which wait until somebody answers them there: of a program that is learned about.
    pub(crate) fn listening(&mut self) -> Option<Listening> {
        self.listening.take()
    }

    /// Parts of it, for a keeper.
    pub(crate) fn into_kept(self) -> KeptParts {
        let Container { init, _broker: broker, control, watch, .. } = self;
        KeptParts { _init: init, _broker: broker, control, signals: watch.signals }
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

    /// Lets the container end when what it has by consent is revoked. A broker, where there is one, sees to that itself.
    pub fn end_when_revoked(&mut self, consented: Consented) {
        self.consented = Some(consented);
    }

    /// Stays beside the program until it ends, forwarding signals; `on_event` hears what happens, and `broker` decides about
    /// what the program touches, where [`Ground::asks`](crate::launch::Ground::asks) was set.
    ///
    /// # Errors
    /// [`LaunchError::System`] if signals can't be watched; the container is ended then.
    pub fn supervise(
        mut self,
        broker: Option<Broker>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Ending, LaunchError> {
        let desktop = match (broker, self.asked.take()) {
            (Some(broker), Some(asked)) => {
                Some(Desktop::start(broker, asked).map_err(LaunchError::system("the broker"))?)
            }
            // Without its broker's end of the socket pid 1 lets every call go on.
            _ => None,
        };
        let mut broker_runs = desktop.is_some();
        let (pty, gate) = self.own.take().map_or((None, None), |own| (own.pty, Some(own.gate)));
        let carriers = Carriers::start(std::mem::take(&mut self.relays), gate.as_ref())
            .map_err(LaunchError::system("carrying what goes through pipes"))?;
        let terminal = match (pty, &gate) {
            (Some(pty), Some(gate)) => TerminalRelay::start(pty, gate).map(Some),
            _ => Ok(None),
        };
        // If lowbox can't go on, the terminal's modes are to be as they were all the same.
        let terminal = terminal.map_err(|error| self.failed("the program's terminal", error))?;
        let own = terminal.as_ref();
        let mut ending =
            std::mem::take(&mut self.watch.early).into_iter().find_map(|number| self.forward(number, own));
        let mut idle = Idle::default();
        while ending.is_none() {
            match self.consented.as_mut().map_or(Looked::Not, Consented::look) {
                Looked::Not => {}
                // That took memory.
                Looked::Nothing => idle = Idle::default(),
                Looked::Revoked(what) => {
                    on_event(Event::Revoked(what));
                    break;
                }
            }
            let mut events = vec![
                PollFd::new(&self.control, PollFlags::IN),
                PollFd::new(&self.watch.signals, PollFlags::IN),
            ];
            let broker_place = events.len();
            if let Some(desktop) = desktop.as_ref().filter(|_| broker_runs) {
                events.push(PollFd::new(desktop.ended(), PollFlags::IN));
            }
            let display_place = events.len();
            events.extend(
                self.display.as_ref().map(|keeper| PollFd::from_borrowed_fd(keeper.channel(), PollFlags::IN)),
            );
            let revocations = self.consented.as_ref().and_then(Consented::descriptor);
            events.extend(revocations.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            let look = self.consented.as_ref().and_then(Consented::timeout);
            match poll(&mut events, idle.timeout().or(look.as_ref())) {
                Ok(0) => idle.rest(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(self.failed("poll", error.into())),
            }
            let (control, signal) = (events[0].revents(), events[1].revents());
            let broker_ended =
                broker_runs && events.get(broker_place).is_some_and(|event| !event.revents().is_empty());
            let display_told = self.display.is_some()
                && events.get(display_place).is_some_and(|event| !event.revents().is_empty());
            if display_told {
                match self.display.as_ref().and_then(Keeper::told) {
                    Some(why) => on_event(Event::NoDisplay(why)),
                    None => self.display = None,
                }
            }
            if let Some(desktop) = desktop.as_ref().filter(|_| broker_ended) {
                broker_runs = false;
                if desktop.how() == Ended::Container {
                    break;
                }
            }
            if !signal.is_empty() {
                while let Ok(Some(number)) = self.watch.signals.next() {
                    ending = ending.or_else(|| self.forward(number, own));
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
        if let Some(gate) = gate {
            gate.end();
        }
        let restored = terminal.and_then(|terminal| terminal.finish(&self.watch.signals));
        if let Some(carriers) = carriers {
            carriers.finish(&self.watch.signals);
        }
        self.watch.terminal.restore();
        drop(restored);
        // Last: it may wait for a grantor that waits for a dead mount.
        if let Some(desktop) = desktop {
            desktop.finish();
        }
        Ok(ending.unwrap_or(Ending::Killed))
    }

    /// Passes a signal on; `Some` if it ends the container at once.
    fn forward(&self, number: i32, own: Option<&TerminalRelay>) -> Option<Ending> {
        // A container that is gone is noticed by the loop.
        let send = |order: Order| {
            let _ = order.send(self.control.as_fd());
        };
        if number == Signal::TSTP.as_raw() {
            send(Order::Stop);
            let _held = own.and_then(TerminalRelay::hold);
            match stop(&self.watch.signals, &self.watch.terminal) {
                Resumed::Ended(signal) => return Some(Ending::Signaled(signal as u8)),
                Resumed::Continued(came) => {
                    own.inspect(|own| own.resize());
                    send(Order::Continue);
                    came.into_iter().for_each(|number| send(Order::Signal(number)));
                }
            }
        } else if number == Signal::CONT.as_raw() {
            own.inspect(|own| own.take_again());
            send(Order::Continue);
        } else if number == Signal::WINCH.as_raw()
            && let Some(own) = own
        {
            own.resize();
        } else {
            send(Order::Signal(number));
        }
        None
    }

    fn failed(&self, what: &'static str, source: std::io::Error) -> LaunchError {
        self.watch.terminal.restore();
        LaunchError::System { what, source }
    }
}
