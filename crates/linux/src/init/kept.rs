//! Pid 1 of a container that is kept: programs come and go, as lowbox orders ([`keep`](crate::keep)).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, wait};

use super::connect::Reach;
use super::{leftovers, supervise};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::message::{receive, send, would_block};
use crate::launch::program::Program;
use crate::launch::starter::{Order, Report, Started};
use crate::supervise::idle::Idle;
use crate::sys::{self, SignalFd};

/// How long Wine's server may take to write the registry.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(5);

/// A container with any number of programs.
struct Kept<'a> {
    control: BorrowedFd<'a>,
    starter: Option<OwnedFd>,
    /// Told to the starter, which has not answered yet.
    starting: Vec<u32>,
    /// Those of them that are to end as soon as they are processes.
    given_up: Vec<u32>,
    programs: Vec<(u32, Pid)>,
    /// Until when everything has to have ended, once it is to.
    ending: Option<Instant>,
    /// Wine's server, as the container sees it.
    server: PathBuf,
}

/// Until nothing is left inside, or lowbox ends.
pub(super) fn serve(
    program: Program,
    signals: &SignalFd,
    control: BorrowedFd<'_>,
    reach: &Reach<'_>,
    server: PathBuf,
) -> Result<(), Failure> {
    let mut kept = Kept {
        control,
        starter: program.starter,
        starting: Vec::new(),
        given_up: Vec::new(),
        programs: Vec::new(),
        ending: None,
        server,
    };
    let mut listener = program.listener;
    let mut idle = Idle::default();
    loop {
        let broker = reach.link.as_ref().map_or(control, |link| link.channel());
        let mut events = vec![
            PollFd::new(&control, PollFlags::IN),
            PollFd::new(signals, PollFlags::IN),
            // Nothing is read here; without its broker a container ends.
            PollFd::from_borrowed_fd(broker, PollFlags::empty()),
        ];
        let optional = [kept.starter.as_ref(), listener.as_ref()];
        events.extend(optional.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let left = kept.ending.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(());
        }
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut events, left.as_ref().or(idle.timeout())) {
            Ok(0) if left.is_none() => idle.rest(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::new(Step::Fork, "", error)),
        }
        let ready: Vec<PollFlags> = events.iter().map(PollFd::revents).collect();
        let mut others = ready[3..].iter();
        let starter_spoke = kept.starter.is_some() && others.next().is_some_and(|flags| !flags.is_empty());
        let called = others.next().copied().unwrap_or(PollFlags::empty());
        if (reach.link.is_some() && !ready[2].is_empty()) || (!ready[0].is_empty() && !kept.obey()) {
            return Ok(());
        }
        if !ready[1].is_empty() {
            while matches!(signals.next(), Ok(Some(_))) {}
            if kept.reap() {
                return Ok(());
            }
        }
        if starter_spoke {
            kept.hear_of_starts();
        }
        match &listener {
            Some(fd) if called.contains(PollFlags::IN) => supervise(fd, control, reach, None, None),
            // Nobody is left whom the filter holds (seccomp_unotify(2)).
            Some(_) if !called.is_empty() => listener = None,
            _ => {}
        }
    }
}

impl Kept<'_> {
    /// Carries out one order of lowbox's. False when that is gone.
    fn obey(&mut self) -> bool {
        match receive::<Order>(self.control, RecvFlags::DONTWAIT) {
            Ok(Some((order @ Order::Start(id), descriptors))) => {
                // A starter that was ended, or stopped, by a program starts nothing, and nobody waits for it.
                let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
                let to = self.starter.as_ref().filter(|_| self.ending.is_none());
                let sent = to.is_some_and(|starter| {
                    send(starter.as_fd(), &order, &descriptors, SendFlags::DONTWAIT).is_ok()
                });
                match sent {
                    true => self.starting.push(id),
                    false => self.report(Report::NobodyStarts(id)),
                }
            }
            Ok(Some((Order::Signal(id, number), _))) => self.signal(id, number),
            Ok(Some((Order::End, _))) => self.end(),
            Ok(Some((Order::EndAtOnce, _))) => {
                leftovers::end_all_but(&self.server);
                self.end();
            }
            Ok(None) => return false,
            Err(error) => return would_block(&error),
        }
        true
    }

    fn signal(&mut self, id: u32, number: i32) {
        let Some(signal) = Signal::from_named_raw(number) else { return };
        let Some((_, process)) = self.programs.iter().find(|(known, _)| *known == id) else {
            if signal == Signal::KILL && self.starting.contains(&id) {
                self.given_up.push(id);
            }
            return;
        };
        // The program leads its own process group; if it has left it, the signal is for it alone.
        if kill_process_group(*process, signal).is_err() {
            let _ = kill_process(*process, signal);
        }
        if signal == Signal::KILL {
            leftovers::end_session(*process);
        }
    }

    /// Wine's server writes the registry when it is told to end.
    fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now() + LAST_WORDS);
            sys::signal_everyone(Signal::TERM);
            // What is stopped would not hear of it.
            sys::signal_everyone(Signal::CONT);
        }
    }

    /// Reaps whatever has ended; whether nothing is left.
    fn reap(&mut self) -> bool {
        let mut ended = Vec::new();
        let all = loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((process, status))) => ended.push((process, status.as_raw())),
                Err(rustix::io::Errno::CHILD) => break true,
                _ => break false,
            }
        };
        // Whoever has ended had said that it began.
        self.hear_of_starts();
        for (process, status) in ended {
            let Some(at) = self.programs.iter().position(|(_, known)| *known == process) else { continue };
            let (id, _) = self.programs.swap_remove(at);
            self.report(Report::Ended(id, status));
        }
        all
    }

    fn hear_of_starts(&mut self) {
        while let Some(starter) = &self.starter {
            match receive::<Started>(starter.as_fd(), RecvFlags::DONTWAIT) {
                Ok(Some((Started { id, process }, _))) => {
                    self.starting.retain(|one| *one != id);
                    let process = process.map(|number| Pid::from_raw(number).filter(|_| number > 1));
                    match process {
                        Ok(Some(process)) => {
                            self.programs.push((id, process));
                            if self.given_up.contains(&id) {
                                self.signal(id, libc::SIGKILL);
                            }
                            self.report(Report::Began(id));
                        }
                        Ok(None) => self.report(Report::Failed(id, libc::EINVAL)),
                        Err(errno) => self.report(Report::Failed(id, errno)),
                    }
                    self.given_up.retain(|one| *one != id);
                }
                Err(error) if would_block(&error) => return,
                Ok(None) | Err(_) => {
                    self.starter = None;
                    for id in std::mem::take(&mut self.starting) {
                        self.report(Report::NobodyStarts(id));
                    }
                }
            }
        }
    }

    fn report(&self, report: Report) {
        // When lowbox is gone, the loop notices.
        let _ = send(self.control, &report, &[], SendFlags::empty());
    }
}
