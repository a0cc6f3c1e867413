//! Carrying bytes between the caller's terminal and the program's own: see [`pty`](crate::launch::pty).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, getpgrp, kill_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Winsize, tcgetattr, tcgetpgrp, tcgetsid, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

use super::gate::{Held, TerminalGate};
use super::relay::wait_until_carried;
use super::screen_modes::ScreenModes;
use super::terminal::in_background;
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
        let carrier = Carrier {
            gate: gate.clone(),
            outside: outside.try_clone()?,
            master,
            keyboard,
            closed: false,
            questions: 0,
            full_size_at: None,
            modes: ScreenModes::new(),
            shown: Buffer::new(),
            typed: Buffer::new(),
            _doing: doing,
        };
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

/// Bytes on their way in one direction.
struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    const CAPACITY: usize = 16 * 1024;

    fn new() -> Buffer {
        Buffer { bytes: Vec::with_capacity(Buffer::CAPACITY) }
    }

    fn has_room(&self) -> bool {
        self.bytes.len() < Buffer::CAPACITY
    }

    /// Reads what there is room for; how many bytes came.
    fn fill(&mut self, from: &OwnedFd) -> rustix::io::Result<usize> {
        let old = self.bytes.len();
        self.bytes.resize(Buffer::CAPACITY, 0);
        let read = rustix::io::read(from, &mut self.bytes[old..]);
        self.bytes.truncate(old + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Writes what the other side takes.
    fn drain(&mut self, to: &OwnedFd) -> rustix::io::Result<()> {
        let written = rustix::io::write(to, &self.bytes)?;
        self.bytes.drain(..written);
        Ok(())
    }
}

struct Carrier {
    gate: TerminalGate,
    outside: OwnedFd,
    master: Arc<OwnedFd>,
    keyboard: bool,
    /// The program's side is closed, and what is left is being shown.
    closed: bool,
    /// How many questions were asked until the last step.
    questions: u64,
    /// When the program's terminal gets its whole size back.
    full_size_at: Option<Instant>,
    modes: ScreenModes,
    shown: Buffer,
    typed: Buffer,
    _doing: OwnedFd,
}

/// How long a program is given to notice another size.
const LINE_LESS: Duration = Duration::from_millis(100);

/// One of the two terminals is gone.
struct Gone;

/// Whether bytes were moved; waiting and interruptions are neither.
fn moved<T>(result: rustix::io::Result<T>) -> Result<Option<T>, Gone> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(_) => Err(Gone),
    }
}

impl Carrier {
    /// Until the program's side is closed, which is when the container has ended, or the caller's terminal is hung up. Then the
    /// program's is hung up with this thread's end of it.
    fn carry(mut self) {
        while let Ok(()) = self.wait().and_then(|()| self.step()) {}
    }

    fn wait(&self) -> Result<(), Gone> {
        let listening = self.keyboard && self.typed.has_room();
        let showing = !self.shown.bytes.is_empty();
        let mut events = Vec::with_capacity(2);
        let mut master = PollFlags::empty();
        master.set(PollFlags::IN, !self.closed && self.shown.has_room());
        master.set(PollFlags::OUT, !self.typed.bytes.is_empty());
        if !master.is_empty() {
            events.push(PollFd::new(&self.master, master));
        }
        let mut outside = PollFlags::empty();
        outside.set(PollFlags::IN, listening);
        outside.set(PollFlags::OUT, showing);
        // A terminal that is hung up is noticed when something is to be shown.
        if !outside.is_empty() {
            events.push(PollFd::new(&self.outside, outside));
        }
        let timeout = self.full_size_at.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|left| Timespec::try_from(left).ok());
        moved(poll(&mut events, timeout.as_ref())).map(drop)
    }

    fn step(&mut self) -> Result<(), Gone> {
        let gate = self.gate.clone();
        let _passing = gate.pass();
        if gate.has_ended() {
            self.keyboard = false;
            self.typed.bytes.clear();
        }
        if gate.questions() != self.questions {
            self.questions = gate.questions();
            self.redraw();
        }
        if self.full_size_at.is_some_and(|at| Instant::now() >= at) {
            self.full_size_at = None;
            if let Ok(size) = tcgetwinsize(&self.outside) {
                let _ = tcsetwinsize(&*self.master, size);
            }
        }
        if self.keyboard && self.typed.has_room() {
            self.listen()?;
        }
        if !self.typed.bytes.is_empty() {
            moved(self.typed.drain(&self.master))?;
        }
        if !self.closed && self.shown.has_room() {
            let old = self.shown.bytes.len();
            self.closed = moved(self.shown.fill(&self.master)).is_err();
            self.modes.follow(&self.shown.bytes[old..]);
        }
        if !self.shown.bytes.is_empty() {
            moved(self.shown.drain(&self.outside))?;
        }
        if self.closed && self.shown.bytes.is_empty() { Err(Gone) } else { Ok(()) }
    }

    /// Sets what a question has unset, and lets a program that draws on a screen of its own draw again. It does when its
    /// terminal has another size, so that has a line less for a moment.
    fn redraw(&mut self) {
        let again = self.modes.again();
        self.shown.bytes.extend(again);
        if let Ok(size) = tcgetwinsize(&self.outside)
            && self.modes.draws_elsewhere()
        {
            let other = Winsize { ws_row: size.ws_row.saturating_sub(1).max(1), ..size };
            let _ = tcsetwinsize(&*self.master, other);
            self.full_size_at = Some(Instant::now() + LINE_LESS);
        }
    }

    fn listen(&mut self) -> Result<(), Gone> {
        let old = self.typed.bytes.len();
        match self.typed.fill(&self.outside) {
            Ok(0) => return Err(Gone),
            // In the background of a session without a shell; what is typed is for somebody else.
            Err(Errno::IO) if in_background(self.outside.as_fd()) => self.keyboard = false,
            read => drop(moved(read)?),
        }
        if let Some(suspend) = self.suspend_character()
            && let Some(at) = self.typed.bytes[old..].iter().position(|byte| *byte == suspend)
        {
            self.typed.bytes.remove(old + at);
            // As the terminal would have sent it: to the whole job of the shell.
            let _ = kill_process_group(getpgrp(), Signal::TSTP);
        }
        Ok(())
    }

    /// The character that stops lowbox with its container: where the program itself has its terminal's foreground. It leads
    /// its session, and the kernel does not let its terminal stop it. A shell ignores the signal, and does not stop.
    fn suspend_character(&self) -> Option<u8> {
        let modes =
            tcgetattr(&self.master).ok().filter(|modes| modes.local_modes.contains(LocalModes::ISIG))?;
        let character = modes.special_codes[SpecialCodeIndex::VSUSP];
        let program = tcgetsid(&self.master).ok()?;
        let alone = tcgetpgrp(&self.master).is_ok_and(|group| group == program);
        (character != 0 && alone && !ignores(program, Signal::TSTP)).then_some(character)
    }
}

/// Whether a process ignores a signal (proc(5), SigIgn of its status).
fn ignores(process: rustix::process::Pid, signal: Signal) -> bool {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_pid())).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored & (1 << (signal.as_raw() - 1)) != 0
}
