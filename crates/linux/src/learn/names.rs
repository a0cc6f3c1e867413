//! Names that are resolved: the questions that a program sends to the host's resolvers.
//!
//! Inside a container its own resolver answers, so what is recorded is the name and not the resolver's address. A program that
//! asks by calls that are not reported (write(2) on a connected socket) has asked for *some* name.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use lowbox_profiler::Raw;
use lowbox_profiler::record::{Object, Process, Right};
use rustix::process::Pid;

use super::sockets::{Sockets, internet};
use crate::init::inet::address;
use crate::network::query::Query;
use crate::sys;

/// The name of a host of which only that some name was asked for was seen.
const SOME_NAME: &str = "*.*";

/// RFC 1035: a header alone, and the longest message by UDP without extensions. The filter reports what is shorter.
const QUESTION: std::ops::Range<usize> = 12..512;

/// Between connecting to a resolver and asking it.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many threads may be between the two at a time.
const MAX_CONNECTED: usize = 1024;

/// Reads a question that is sent to a resolver: the name that it asks for. `to` is the address it is sent to, if it has one.
pub(super) fn asked(
    sockets: &Sockets,
    thread: Pid,
    number: i32,
    (at, length): (u64, usize),
    to: Option<&[u8]>,
) -> Option<(Object, Right)> {
    let mut bytes = [0_u8; QUESTION.end];
    let bytes = bytes.get_mut(..length).filter(|_| QUESTION.contains(&length))?;
    (sys::read_process_memory(thread, at, bytes).ok()? == length).then_some(())?;
    let query = Query::parse(bytes)?;
    let (socket, kind) = internet(thread, number)?;
    let peer = match to {
        Some(to) => address(to, kind.v6).ok()?,
        None => SocketAddr::try_from(rustix::net::getpeername(socket.as_fd()).ok()??).ok()?,
    };
    (kind.udp && sockets.is_resolver(peer)).then(|| name(query.name()))
}

fn name(name: &str) -> (Object, Right) {
    (Object::HostName { name: name.into() }, Right::Resolve)
}

/// That some name was asked for.
pub(super) fn some_name() -> (Object, Right) {
    name(SOME_NAME)
}

/// Threads that have connected to a resolver and have not been seen to ask it anything.
#[derive(Debug, Default)]
pub(super) struct Connected {
    waiting: HashMap<u32, (Instant, Process)>,
}

impl Connected {
    /// One connects. False if there are too many.
    pub(super) fn add(&mut self, thread: u32, process: impl FnOnce() -> Process) -> bool {
        let fits = self.waiting.len() < MAX_CONNECTED;
        if fits {
            self.waiting.entry(thread).or_insert_with(|| (Instant::now(), process()));
        }
        fits
    }

    /// One was seen to ask.
    pub(super) fn asked(&mut self, thread: u32) {
        self.waiting.remove(&thread);
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Those who have had the time to ask; all of them at the end.
    pub(super) fn overdue(&mut self, at_the_end: bool) -> Vec<(Raw, Process)> {
        let late = |_: &u32, (since, _): &mut (Instant, Process)| at_the_end || since.elapsed() >= PATIENCE;
        self.waiting.extract_if(late).map(|(_, (_, process))| (process.exe.clone(), process)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        Process::new(1, 0, "/bin/x".into(), std::iter::empty::<&[u8]>())
    }

    #[test]
    fn who_asks_after_connecting_has_asked_for_that_name_alone() {
        let mut connected = Connected::default();
        assert!(connected.add(1, process) && connected.add(2, process));
        connected.asked(1);
        assert_eq!(connected.overdue(false).len(), 0, "it has time to ask");
        assert_eq!(connected.overdue(true).len(), 1);
        assert!(connected.is_empty());
    }

    #[test]
    fn however_many_connect_few_are_remembered() {
        let mut connected = Connected::default();
        let fits = (0..2000).filter(|thread| connected.add(*thread, process)).count();
        assert_eq!(fits, MAX_CONNECTED);
    }
}
