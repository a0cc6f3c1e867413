//! The thread that carries bytes between the caller's terminal and the program's own.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, kill_process_group};
use rustix::termios::{
    LocalModes, SpecialCodeIndex, Winsize, tcgetattr, tcgetpgrp, tcgetsid, tcgetwinsize, tcsetwinsize,
};

use super::gate::TerminalGate;
use super::screen_modes::ScreenModes;
use super::terminal::in_background;

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

/// What the thread has.
pub(super) struct Carrier {
    gate: TerminalGate,
    /// Rings when a question is over: nothing else may happen then that this thread would wake up for.
    bell: Arc<OwnedFd>,
    outside: OwnedFd,
    master: Arc<OwnedFd>,
    keyboard: bool,
    /// The program's side is closed, and what is left is being shown.
    closed: bool,
    /// Bytes that came after the program's end, of others that go on.
    late: usize,
    /// How many questions were asked until the last step.
    questions: u64,
    /// When the program's terminal gets its whole size back.
    full_size_at: Option<Instant>,
    modes: ScreenModes,
    shown: Buffer,
    typed: Buffer,
    _doing: OwnedFd,
}

/// More than a terminal holds of what was written (tty_buffer.c: 640 KiB): behind so many bytes nothing is the program's.
const OF_A_TERMINAL: usize = 1 << 20;

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
    /// `doing` is closed when all is carried; `bell` is the gate's.
    pub(super) fn new(
        gate: TerminalGate,
        bell: Arc<OwnedFd>,
        outside: OwnedFd,
        master: Arc<OwnedFd>,
        keyboard: bool,
        doing: OwnedFd,
    ) -> Carrier {
        Carrier {
            gate,
            bell,
            outside,
            master,
            keyboard,
            closed: false,
            late: 0,
            questions: 0,
            full_size_at: None,
            modes: ScreenModes::new(),
            shown: Buffer::new(),
            typed: Buffer::new(),
            _doing: doing,
        }
    }

    /// Until the program's side is closed, which is when the container has ended, or the caller's terminal is hung up. Then the
    /// program's is hung up with this thread's end of it.
    pub(super) fn carry(mut self) {
        while let Ok(()) = self.wait().and_then(|()| self.step()) {}
    }

    fn wait(&self) -> Result<(), Gone> {
        let listening = self.keyboard && self.typed.has_room();
        let showing = !self.shown.bytes.is_empty();
        let mut events = Vec::with_capacity(3);
        events.push(PollFd::new(&*self.bell, PollFlags::IN));
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
        let _ = rustix::io::read(&*self.bell, &mut [0; 8]);
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
            // What was written is there: reading waits for what is on its way in the kernel (n_tty_read).
            self.closed = match moved(self.shown.fill(&self.master)) {
                Ok(None) => gate.others_go_on(),
                read => read.is_err(),
            };
            self.modes.follow(&self.shown.bytes[old..]);
            if gate.others_go_on() {
                self.late += self.shown.bytes.len() - old;
                self.closed |= self.late > OF_A_TERMINAL;
            }
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
