//! Carrying bytes between the caller's terminal and the program's own: see [`pty`](crate::launch::pty).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};

use rustix::fs::{Mode, OFlags, open};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

use super::gate::{Held, TerminalGate};
use super::relay::wait_until_carried;
use super::terminal::in_background;
use super::terminal_carrier::Carrier;
use crate::launch::pty::Pty;
use crate::sys::{RestoredWhenKilled, SignalFd};

/// The thread that carries, and what the rest of lowbox does with the two terminals.
#[derive(Debug)]
pub(crate) struct TerminalRelay {
    gate: TerminalGate,
    outside: OwnedFd,
    /// The carrier alone keeps it: the program's terminal is hung up with the caller's.
    master: Weak<OwnedFd>,
    slave: OwnedFd,
    keyboard: bool,
    restored: Option<RestoredWhenKilled>,
    /// Hangs up when everything that the program wrote has been shown.
    done: OwnedFd,
}

impl TerminalRelay {
    /// Takes the caller's terminal for the program and starts to carry.
    ///
    /// # Errors
    /// What open(2) reports of /dev/tty, EAGAIN where no thread can be made.
    pub(crate) fn start(pty: Pty, gate: &TerminalGate) -> io::Result<TerminalRelay> {
        // An open file of its own: that lowbox does not wait there must not hold for the caller's shell.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let outside = open("/dev/tty", flags, Mode::empty())?;
        let Pty { master, slave, keyboard, .. } = pty;
        let master = Arc::new(master);
        let restored = match keyboard {
            true => Some(RestoredWhenKilled::remember(open("/dev/tty", flags, Mode::empty())?)?),
            false => None,
        };
        if keyboard {
            set_raw(&outside)?;
        }
        let weak = Arc::downgrade(&master);
        let (done, doing) = pipe_with(PipeFlags::CLOEXEC)?;
        let carrier = Carrier::new(gate.clone(), gate.bell()?, outside.try_clone()?, master, keyboard, doing);
        std::thread::Builder::new().stack_size(64 * 1024).spawn(move || carrier.carry())?;
        let relay =
            TerminalRelay { gate: gate.clone(), outside, master: weak, slave, keyboard, restored, done };
        relay.resize();
        Ok(relay)
    }

    /// Gives the program's terminal the size of the caller's; the kernel tells the program if that is another one.
    pub(crate) fn resize(&self) {
        if let (Ok(size), Some(master)) = (tcgetwinsize(&self.outside), self.master.upgrade()) {
            let _ = tcsetwinsize(&*master, size);
        }
    }

    /// Takes the caller's terminal once more: a shell that stopped lowbox without a word has set modes of its own.
    pub(crate) fn take_again(&self) {
        if self.keyboard && !self.gate.is_held() {
            let _ = set_raw(&self.outside);
        }
        self.resize();
    }

    /// Carries nothing while lowbox is stopped and the terminal is somebody else's.
    pub(crate) fn hold(&self) -> Option<Held> {
        self.gate.pause()
    }

    /// Waits, after the container has ended, until what it wrote is shown; a signal that ends lowbox ends the wait. The modes that
    /// a signal restores are kept until the result is dropped: when they were set.
    pub(crate) fn finish(self, signals: &SignalFd) -> Option<RestoredWhenKilled> {
        let TerminalRelay { gate, slave, done, restored, .. } = self;
        gate.end();
        // Nobody else has it any more, so the carrier reads its end behind the last byte.
        drop(slave);
        wait_until_carried(&done, signals);
        restored
    }
}

/// Everything typed passes as it is, to be looked at by the program's own terminal. Not in the background, where it would stop
/// lowbox.
fn set_raw(terminal: &OwnedFd) -> rustix::io::Result<()> {
    if in_background(terminal.as_fd()) {
        return Ok(());
    }
    let mut modes = tcgetattr(terminal)?;
    modes.make_raw();
    tcsetattr(terminal, OptionalActions::Now, &modes)
}
