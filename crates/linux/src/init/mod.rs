//! Pid 1 of a container: builds the view, starts the program, reaps, forwards signals, makes supervised calls.
//!
//! It is a fork of lowbox, of whose memory nobody inside may read anything: not dumpable, outside the program's Landlock
//! domain, without capabilities once the program runs. When it ends, for whatever reason, the kernel ends everything in the
//! container.

mod accept;
mod connect;
mod datagrams;
pub(crate) mod handed_back;
pub(crate) mod inet;
mod kept;
mod leader;
mod leftovers;
mod observe;
mod path_calls;
mod refusals;
mod remote;
mod replace;
mod resolver;
pub(crate) mod socket_call;
mod touch;
mod waiting;
mod walk;
mod wines_looks;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use connect::Reach;
use handed_back::HandedBack;
use resolver::Resolver;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::net::RecvFlags;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, set_dumpable_behavior, wait,
};

use rustix::thread::sched_yield;

use crate::display::inside::{Listening, listen_inside};
use crate::launch::Ground;
use crate::launch::control::{Order, Report, Step};
use crate::launch::descriptors::send_descriptors;
use crate::launch::failure::Failure;
use crate::launch::handoff::Handoff;
use crate::launch::idmap;
use crate::launch::lend::Lent;
use crate::launch::network;
use crate::launch::processors::Processors;
use crate::launch::program::{self, Program};
use crate::launch::spec::ContainerUser;
use crate::launch::stopwatch::Stopwatch;
use crate::launch::view::{Builder, View};
use crate::limits;
use crate::network::link::Link;
use crate::seccomp;
use crate::supervise::idle::Idle;
use crate::sys::{self, Notification, SignalFd};
use touch::Touches;
use wines_looks::WinesLooks;

/// What pid 1 gets from lowbox by fork; the plan comes later, over `control`.
pub(crate) struct Inheritance {
    pub(crate) ground: Ground,
    pub(crate) control: OwnedFd,
    /// Where touches are told, if the user may be asked.
    pub(crate) told: Option<OwnedFd>,
    pub(crate) processors: Processors,
    /// The descriptor that is the program's own terminal.
    pub(crate) controlling: Option<i32>,
    /// The ways to the network broker, if there is one.
    pub(crate) network: Option<(Link, OwnedFd)>,
}

/// What every container is called.
pub(crate) const HOST_NAME: &str = "lowbox";

/// Exit code of pid 1 when lowbox is gone or the launch failed; nobody reads it then.
const ENDED: i32 = 125;

/// The life of pid 1.
pub(crate) fn run(mut inheritance: Inheritance) -> ! {
    let network = inheritance.network.take();
    let control = inheritance.control.as_fd();
    let code = match live(&inheritance, control, network) {
        Ok(()) => 0,
        Err(failure) => {
            let report = Report::Failed { step: failure.step, path: failure.path, errno: failure.errno };
            let _ = report.send(control, false);
            ENDED
        }
    };
    sys::exit_now(code)
}

fn live(
    inheritance: &Inheritance,
    control: BorrowedFd<'_>,
    network: Option<(Link, OwnedFd)>,
) -> Result<(), Failure> {
    let ground = &inheritance.ground;
    let mut stopwatch = Stopwatch::start(ground.timings);
    sys::erase_environment();
    // Until it is on its own processor, and root's lowbox has mapped the ids.
    match Order::receive(control, RecvFlags::empty()) {
        Ok(Some(Order::Go)) => {}
        _ => sys::exit_now(ENDED),
    }
    stopwatch.lap("waiting for lowbox");
    identity(&ground.user)?;
    // Until now lowbox had to look at its namespaces.
    set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(Failure::at(Step::Identity, ""))?;
    stopwatch.lap("id maps");
    // Before the first descriptor is made that the program must not find: SIGCHLD is read, not handled.
    let signals = SignalFd::block(&[Signal::CHILD]).map_err(Failure::at(Step::Fork, ""))?;
    let builder = Builder::begin(ground, &mut stopwatch)?;
    rustix::thread::set_no_new_privs(true).map_err(Failure::at(Step::Capabilities, ""))?;
    sys::drop_bounding_set().map_err(Failure::at(Step::Capabilities, ""))?;
    stopwatch.lap("bounding set");
    let handoff = Handoff::receive(control).map_err(Failure::at(Step::Fork, ""))?;
    let Some(Handoff { spec, memory_by_cgroup }) = handoff else {
        sys::exit_now(ENDED);
    };
    stopwatch.lap("waiting for the plan");
    inheritance.processors.return_here();
    let view = builder.complete(&spec, Lent::new(control), &mut stopwatch)?;
    limits::apply(&spec.limits, memory_by_cgroup).map_err(Failure::at(Step::Limits, ""))?;
    let wire = match spec.learns {
        // It has the host's network.
        Some(_) => None,
        None => network::enter_lent(control).map_err(Failure::at(Step::Network, ""))?,
    };
    let (mut link, names) = network.unzip();
    if let (Some(link), Some(wire)) = (&mut link, wire) {
        link.hand_over(&wire).map_err(Failure::at(Step::Network, ""))?;
    }
    let display = spec.display.as_ref().map(|display| listen_inside(display, spec.user.uid)).transpose();
    let display = display.map_err(Failure::at(Step::Display, ""))?;
    let resolver = names.map(Resolver::bind).transpose().map_err(Failure::at(Step::Network, ""))?;
    sys::drop_all_capabilities().map_err(Failure::at(Step::Capabilities, ""))?;
    stopwatch.lap("limits, entering the network");
    let filter = if spec.wine.is_some() { seccomp::wine_filter } else { seccomp::filter };
    let filter = filter(seccomp::Mode {
        observe: spec.observe,
        asks: spec.asks.is_some(),
        // Wine looks for a file before it opens it, and gives up if there is none.
        asks_at_probes: spec.asks.as_ref().is_some_and(|asks| !asks.probes.is_empty() || spec.wine.is_some()),
        deny_xattr_reads: spec.plan.deny_xattr_reads && spec.learns.is_none(),
        deny_watches: spec.plan.deny_watches && spec.learns.is_none(),
        reduced: false,
        network: link.is_some(),
        serves: link.as_ref().is_some_and(Link::serves),
        learns: spec.learns.is_some() || spec.verifies.is_some(),
        learns_probes: spec.learns.as_ref().is_some_and(|learns| learns.probes)
            || spec.verifies.is_some_and(|verifies| verifies.probes),
    });
    let mut program = program::start(&spec, &view, filter, inheritance.controlling)?;
    // The program was started on this processor and does not wait for what is left to do here.
    sched_yield();
    stopwatch.lap("Landlock, seccomp, execve");
    if ground.timings {
        Report::Laps(stopwatch.laps().to_vec()).send(control, false).map_err(Failure::at(Step::Fork, ""))?;
    }
    release_stdio().map_err(Failure::at(Step::Root, "/dev/null"))?;
    Report::Started.send(control, false).map_err(Failure::at(Step::Fork, ""))?;
    let _name = match display {
        None => None,
        Some(Listening { socket, name }) => {
            // It is answered outside, and the program may connect already.
            send_descriptors(control, &[socket.as_fd()]).map_err(Failure::at(Step::Fork, ""))?;
            name
        }
    };
    if spec.learns.is_some()
        && let Some(listener) = program.listener.take()
    {
        // Lowbox answers, beside whom the records are.
        send_descriptors(control, &[listener.as_fd()]).map_err(Failure::at(Step::Fork, ""))?;
    }
    let mut handed_back = None;
    if spec.verifies.is_some()
        && let Some(listener) = &program.listener
    {
        handed_back = Some(HandedBack::share(listener, control).map_err(Failure::at(Step::Fork, ""))?);
    }
    let touches = match (&inheritance.told, &spec.asks) {
        (Some(told), Some(asks)) => {
            let told = told.try_clone().map_err(Failure::at(Step::Fork, ""))?;
            let wine = spec.wine.as_ref().map(|wine| WinesLooks::new(wine.server.clone()));
            Some(Touches::new(told, asks.clone(), wine).map_err(Failure::at(Step::Root, "/"))?)
        }
        _ => None,
    };
    let observe = spec.observe;
    let refusals = observe.then(|| rustix::io::dup(control).map(refusals::Refusals::new));
    let refusals = refusals.transpose().map_err(Failure::at(Step::Fork, ""))?.map(Arc::new);
    // pid 1 stays; the plan and its rules need not.
    let server = spec.wine.as_ref().map(|wine| wine.server.clone()).unwrap_or_default();
    drop(spec);
    let View { rules, connectable } = view;
    drop(rules);
    resolver.map(Resolver::serve).transpose().map_err(Failure::at(Step::Network, ""))?;
    let reach = Reach { connectable: &connectable, link: link.map(Arc::new), refusals };
    if program.starter.is_some() {
        return kept::serve(program, &signals, control, &reach, server);
    }
    serve(&program, &signals, control, &reach, observe, touches, handed_back)
}

/// Becomes the container's user.
fn identity(user: &ContainerUser) -> Result<(), Failure> {
    let at = || Failure::at::<std::io::Error>(Step::Identity, "");
    if user.launched_by_root {
        sys::drop_supplementary_groups().map_err(at())?;
        sys::set_ids(user.uid, user.gid).map_err(at())?;
    } else {
        idmap::map_own_ids(user).map_err(at())?;
    }
    // The death of lowbox ends the container, whatever pid 1 is doing; the socket's end is a second way to learn of it
    // and covers a death before this call.
    sys::set_parent_death_signal(Signal::KILL).map_err(at())?;
    rustix::system::sethostname(HOST_NAME.as_bytes()).map_err(Failure::at(Step::Identity, "hostname"))
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
    reach: &Reach<'_>,
    observe: bool,
    mut touches: Option<Touches>,
    mut handed_back: Option<HandedBack>,
) -> Result<(), Failure> {
    let mut ended = None;
    // Until when everything has to have ended, once it is to.
    let mut ending: Option<Instant> = None;
    let mut observer = observe.then(observe::Observer::default);
    let mut listener = program.listener.as_ref();
    let mut idle = Idle::default();
    loop {
        let mut events = vec![PollFd::new(&control, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        // Nothing is read here; without its broker a container ends.
        let broker = reach.link.as_ref().map_or(control, |link| link.channel());
        events.push(PollFd::from_borrowed_fd(broker, PollFlags::empty()));
        // Where lowbox looks at the calls first, it alone takes them from the listener.
        match (listener, &handed_back) {
            (Some(_), Some(calls)) => events.push(PollFd::from_borrowed_fd(calls.socket(), PollFlags::IN)),
            (Some(listener), None) => events.push(PollFd::new(listener, PollFlags::IN)),
            (None, _) => {}
        }
        if let Some(touches) = touches.as_ref().filter(|_| listener.is_some()) {
            events.push(PollFd::from_borrowed_fd(touches.socket(), PollFlags::IN));
        }
        let left = ending.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            // Without a word of its end: the registry may not be written.
            return Ok(());
        }
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut events, left.as_ref().or(idle.timeout())) {
            Ok(0) if left.is_none() => idle.rest(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::new(Step::Fork, "", error)),
        }
        let ready: Vec<PollFlags> = events.iter().map(PollFd::revents).collect();
        if !ready[0].is_empty() {
            match obey(control, program.pid) {
                Obeyed::Gone => return Ok(()),
                Obeyed::Signal(number) if ENDING.contains(&number) => {
                    if let Some(status) = ended {
                        // Of what a Windows program has left behind something does not end, and the user will not wait.
                        let _ = Report::Ended(status).send(control, false);
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        if reach.link.is_some() && !ready[2].is_empty() {
            return Ok(());
        }
        if !ready[1].is_empty() {
            while matches!(signals.next(), Ok(Some(_))) {}
            let (status, all) = reap(program.pid);
            ended = ended.or(status);
            if ended.is_some() && program.alone && ending.is_none() {
                ending = Some(Instant::now() + kept::LAST_WORDS);
                sys::signal_everyone(Signal::TERM);
            }
            // Wine's server writes the registry once the last Windows program has ended, and ends then itself; one that no program ever
            // spoke to waits for its first, unless it is told to end, at which it writes the registry too.
            if ended.is_some() && program.by_wine && !all && is_all_but_alone() {
                sys::signal_everyone(Signal::TERM);
            }
            if let Some(status) = ended.filter(|_| !program.by_wine || all) {
                let _ = Report::Ended(status).send(control, false);
                return Ok(());
            }
        }
        match (listener, ready.get(3)) {
            (Some(fd), Some(flags)) if handed_back.is_some() => {
                while let Some(call) =
                    handed_back.as_mut().filter(|_| !flags.is_empty()).and_then(|calls| calls.next())
                {
                    carry_out(fd, call, control, reach, None, None);
                }
                // Whoever looked at them is gone: they are taken here again.
                drop(handed_back.take_if(|calls| calls.has_ended()));
            }
            (Some(fd), Some(flags)) if flags.contains(PollFlags::IN) => {
                supervise(fd, control, reach, observer.as_mut(), touches.as_mut());
            }
            // Nobody is left whom the filter holds (seccomp_unotify(2)); their end is on its way as a signal.
            (Some(_), Some(flags)) if !flags.is_empty() => listener = None,
            _ => {}
        }
        if let (Some(listener), Some(told), Some(flags)) = (listener, touches.as_mut(), ready.get(4)) {
            // Without its broker the program goes on with what it has; lowbox ends it.
            if !flags.is_empty() && !told.verdicts(listener.as_fd()) {
                touches = None;
            }
        }
    }
}

/// Signals after whose passing on nobody waits any more for what a program left behind.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// What came of looking for an order.
enum Obeyed {
    /// There was another one, or none.
    Other,
    /// This signal was passed on.
    Signal(i32),
    /// Lowbox is gone.
    Gone,
}

/// Carries out lowbox's orders.
fn obey(control: BorrowedFd<'_>, program: Pid) -> Obeyed {
    match Order::receive(control, RecvFlags::DONTWAIT) {
        Ok(Some(Order::Signal(number))) => {
            if let Some(signal) = Signal::from_named_raw(number) {
                // The program leads its own process group; if it has left it, the signal is for it alone.
                if kill_process_group(program, signal).is_err() {
                    let _ = kill_process(program, signal);
                }
            }
            Obeyed::Signal(number)
        }
        // Every process but pid 1 itself (kill(2)): also those that left the group.
        Ok(Some(Order::Stop)) => signal_all(Signal::STOP),
        Ok(Some(Order::Continue)) => signal_all(Signal::CONT),
        Ok(Some(Order::Go)) => Obeyed::Other,
        Ok(None) => Obeyed::Gone,
        Err(error) => match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted => Obeyed::Other,
            _ => Obeyed::Gone,
        },
    }
}

fn signal_all(signal: Signal) -> Obeyed {
    sys::signal_everyone(signal);
    Obeyed::Other
}

/// Whether there is one process in the container beside pid 1.
fn is_all_but_alone() -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else { return false };
    let is_process = |name: &std::ffi::OsStr| name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit);
    entries.flatten().filter(|entry| is_process(&entry.file_name())).take(3).count() == 2
}

/// Reaps whatever has ended: the program's wait status once it is among them, and whether no process is left.
fn reap(program: Pid) -> (Option<i32>, bool) {
    let mut ended = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => ended = Some(status.as_raw()),
            Ok(Some(_)) => {}
            Err(rustix::io::Errno::CHILD) => return (ended, true),
            _ => return (ended, false),
        }
    }
}

fn supervise(
    listener: &OwnedFd,
    control: BorrowedFd<'_>,
    reach: &Reach<'_>,
    observer: Option<&mut observe::Observer>,
    touches: Option<&mut Touches>,
) {
    if let Ok(call) = sys::receive_notification(listener.as_fd()) {
        carry_out(listener, call, control, reach, observer, touches);
    }
}

fn carry_out(
    listener: &OwnedFd,
    call: Notification,
    control: BorrowedFd<'_>,
    reach: &Reach<'_>,
    observer: Option<&mut observe::Observer>,
    touches: Option<&mut Touches>,
) {
    let serves = reach.link.as_ref().is_some_and(|link| link.serves());
    match i64::from(call.number) {
        libc::SYS_connect => return connect::serve(listener, call, reach),
        // Where lowbox is told of them, they may be here without being for pid 1.
        libc::SYS_bind if serves => return connect::serve(listener, call, reach),
        libc::SYS_listen if reach.link.is_some() => return connect::serve(listener, call, reach),
        libc::SYS_accept | libc::SYS_accept4 if serves => return accept::serve(listener, call, reach),
        _ => {}
    }
    if let Some(observer) = observer {
        observer.report(listener.as_fd(), control, &call);
    }
    match touches {
        Some(touches) => touches.consider(listener.as_fd(), call),
        None => drop(sys::continue_notification(listener.as_fd(), call.id)),
    }
}
