//! Pid 1 of a container: builds the view, starts the program, reaps, forwards signals, makes supervised calls.
//!
//! It is a fork of lowbox, of whose memory nobody inside may read anything: not dumpable, outside the program's Landlock
//! domain, without capabilities once the program runs. When it ends, for whatever reason, the kernel ends everything in the
//! container.

mod connect;
mod observe;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::net::RecvFlags;
use rustix::process::{
    Pid, Rlimit, Signal, WaitOptions, kill_process, kill_process_group, set_dumpable_behavior, wait,
};

use crate::launch::control::{Order, Report, Step};
use crate::launch::failure::Failure;
use crate::launch::idmap::{self, Mapped};
use crate::launch::program::{self, Program};
use crate::launch::spec::Spec;
use crate::launch::stopwatch::Stopwatch;
use crate::launch::view;
use crate::limits;
use crate::seccomp::Instruction;
use crate::supervise::idle::Idle;
use crate::sys::{self, SignalFd};

/// What pid 1 gets from lowbox, by fork.
pub(crate) struct Inheritance<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) mapped: Mapped,
    pub(crate) filter: &'a [Instruction],
    pub(crate) control: OwnedFd,
    pub(crate) memory_by_cgroup: bool,
    /// What the caller of lowbox had, if lowbox itself has more now.
    pub(crate) descriptor_limit: Option<Rlimit>,
}

impl Inheritance<'_> {
    /// Whether lowbox has to do something to pid 1 before it may go on: only root's lowbox may map an id that is not its own,
    /// and what pid 1 starts before it is in the cgroup is never in it.
    pub(crate) fn waits_for_lowbox(&self) -> bool {
        self.spec.user.launched_by_root || self.memory_by_cgroup
    }
}

/// Exit code of pid 1 when lowbox is gone or the launch failed; nobody reads it then.
const ENDED: i32 = 125;

/// The life of pid 1.
pub(crate) fn run(mut inheritance: Inheritance<'_>) -> ! {
    let mapped = std::mem::take(&mut inheritance.mapped);
    let control = inheritance.control.as_fd();
    let code = match live(&inheritance, mapped, control) {
        Ok(()) => 0,
        Err(failure) => {
            let report = Report::Failed { step: failure.step, path: failure.path, errno: failure.errno };
            let _ = report.send(control, false);
            ENDED
        }
    };
    sys::exit_now(code)
}

fn live(inheritance: &Inheritance<'_>, mapped: Mapped, control: BorrowedFd<'_>) -> Result<(), Failure> {
    let spec = inheritance.spec;
    let mut stopwatch = Stopwatch::start(spec.timings);
    sys::erase_environment();
    identity(spec, inheritance.waits_for_lowbox(), control)?;
    stopwatch.lap("id maps");
    // Before the first descriptor is made that the program must not find: SIGCHLD is read, not handled.
    let signals = SignalFd::block(&[Signal::CHILD]).map_err(Failure::at(Step::Fork, ""))?;
    let view = view::build(spec, &mapped, &mut stopwatch)?;
    // They are mounted now; pid 1 keeps no door to them.
    drop(mapped);
    loopback_up().map_err(Failure::at(Step::Root, "lo"))?;
    stopwatch.lap("loopback");
    if let Some(limit) = inheritance.descriptor_limit {
        limits::restore_descriptor_limit(limit).map_err(Failure::at(Step::Limits, ""))?;
    }
    limits::apply(&spec.limits, inheritance.memory_by_cgroup).map_err(Failure::at(Step::Limits, ""))?;
    set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(Failure::at(Step::Identity, ""))?;
    rustix::thread::set_no_new_privs(true).map_err(Failure::at(Step::Capabilities, ""))?;
    sys::drop_bounding_set().map_err(Failure::at(Step::Capabilities, ""))?;
    stopwatch.lap("limits, bounding set");
    let program = program::start(spec, &view, inheritance.filter)?;
    sys::drop_all_capabilities().map_err(Failure::at(Step::Capabilities, ""))?;
    stopwatch.lap("Landlock, seccomp, execve");
    if spec.timings {
        Report::Laps(stopwatch.laps().to_vec()).send(control, false).map_err(Failure::at(Step::Fork, ""))?;
    }
    release_stdio().map_err(Failure::at(Step::Root, "/dev/null"))?;
    Report::Started.send(control, false).map_err(Failure::at(Step::Fork, ""))?;
    serve(&program, &signals, control, &view.connectable)
}

/// Becomes the container's user.
fn identity(spec: &Spec, waits_for_lowbox: bool, control: BorrowedFd<'_>) -> Result<(), Failure> {
    let at = || Failure::at::<std::io::Error>(Step::Identity, "");
    if waits_for_lowbox {
        match Order::receive(control, RecvFlags::empty()) {
            Ok(Some(Order::Go)) => {}
            _ => sys::exit_now(ENDED),
        }
    }
    if spec.user.launched_by_root {
        sys::drop_supplementary_groups().map_err(at())?;
        sys::set_ids(spec.user.uid, spec.user.gid).map_err(at())?;
    } else {
        idmap::map_own_ids(&spec.user).map_err(at())?;
    }
    // The death of lowbox ends the container, whatever pid 1 is doing; the socket's end is a second way to learn of it
    // and covers a death before this call.
    sys::set_parent_death_signal(Signal::KILL).map_err(at())?;
    rustix::system::sethostname(b"lowbox").map_err(Failure::at(Step::Identity, "hostname"))
}

/// Brings the loopback interface of the network namespace up: programs talk to themselves over it.
fn loopback_up() -> rustix::io::Result<()> {
    sys::interface_up("lo")
}

/// Pid 1 must not keep the program's pipes open: their readers wait for the end.
fn release_stdio() -> rustix::io::Result<()> {
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)
}

/// Until the program ends or lowbox does.
fn serve(
    program: &Program,
    signals: &SignalFd,
    control: BorrowedFd<'_>,
    connectable: &[u64],
) -> Result<(), Failure> {
    let mut observer = observe::Observer::default();
    let mut listener = program.listener.as_ref();
    let mut idle = Idle::default();
    loop {
        let mut events = vec![PollFd::new(&control, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        if let Some(listener) = listener {
            events.push(PollFd::new(listener, PollFlags::IN));
        }
        match poll(&mut events, idle.timeout()) {
            Ok(0) => idle.rest(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::new(Step::Fork, "", error)),
        }
        let ready: Vec<PollFlags> = events.iter().map(PollFd::revents).collect();
        if !ready[0].is_empty() && !obey(control, program.pid) {
            return Ok(());
        }
        if !ready[1].is_empty() {
            while matches!(signals.next(), Ok(Some(_))) {}
            if let Some(status) = reap(program.pid) {
                let _ = Report::Ended(status).send(control, false);
                return Ok(());
            }
        }
        match (listener, ready.get(2)) {
            (Some(fd), Some(flags)) if flags.contains(PollFlags::IN) => {
                supervise(fd, control, connectable, &mut observer);
            }
            // Nobody is left whom the filter holds (seccomp_unotify(2)); their end is on its way as a signal.
            (Some(_), Some(flags)) if !flags.is_empty() => listener = None,
            _ => {}
        }
    }
}

/// Carries out lowbox's orders; false when lowbox is gone.
fn obey(control: BorrowedFd<'_>, program: Pid) -> bool {
    match Order::receive(control, RecvFlags::DONTWAIT) {
        Ok(Some(Order::Signal(number))) => {
            if let Some(signal) = Signal::from_named_raw(number) {
                // The program leads its own process group; if it has left it, the signal is for it alone.
                if kill_process_group(program, signal).is_err() {
                    let _ = kill_process(program, signal);
                }
            }
            true
        }
        // Every process but pid 1 itself (kill(2)): also those that left the group.
        Ok(Some(Order::Stop)) => signal_all(Signal::STOP),
        Ok(Some(Order::Continue)) => signal_all(Signal::CONT),
        Ok(Some(Order::Go)) => true,
        Ok(None) => false,
        Err(error) => {
            error.kind() == std::io::ErrorKind::WouldBlock || error.kind() == std::io::ErrorKind::Interrupted
        }
    }
}

fn signal_all(signal: Signal) -> bool {
    sys::signal_everyone(signal);
    true
}

/// Reaps whatever has ended; the program's wait status once it is among them.
fn reap(program: Pid) -> Option<i32> {
    let mut ended = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == program {
            ended = Some(status.as_raw());
        }
    }
    ended
}

fn supervise(
    listener: &OwnedFd,
    control: BorrowedFd<'_>,
    connectable: &[u64],
    observer: &mut observe::Observer,
) {
    let Ok(call) = sys::receive_notification(listener.as_fd()) else {
        return;
    };
    if i64::from(call.number) == libc::SYS_connect {
        connect::serve(listener, call, connectable);
    } else {
        observer.report(listener.as_fd(), control, call);
    }
}
