//! The loop that answers: receive, look, record, go on.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::attribute::{Judge, World};
use lowbox_profiler::collect::{Collector, Event, Limits};
use lowbox_profiler::record::{Denial, MAX_ACCESSES, Object, Process, Right, Run, TraceWriter};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

use super::calls::{Does, does};
use super::files;
use super::inside::Inside;
use super::look::Look;
use super::names;
use super::paths::whole_bytes;
use super::record_file::RecordFile;
use super::sockets::Sockets;
use super::stacks::{Program, Stacks};
use super::user::User;
use super::{Learned, OwnPlaces, process};
use crate::sys::{self, Notification};

/// Bytes of paths that are known to lead where they led before.
const MAX_KNOWN: usize = 16 << 20;
/// What a known path takes beside its bytes, about, and what each access does.
const KNOWN: usize = 256;
/// Counts are written after so many seconds in which they changed.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// The same of a program that runs for months.
const RARE_CHECKPOINT: Duration = Duration::from_secs(60);

/// An access that the check denies.
#[derive(Debug)]
struct Denied {
    object: Object,
    right: Right,
    denial: Denial,
}

/// Whose a call is.
struct Caller {
    thread: u32,
    /// The program: for a Windows program its own file, and not Wine's.
    exe: Raw,
    /// It can be told; else it is Wine's server, and some program that asked it.
    is_clear: bool,
}

/// What the thread works with.
pub(super) struct Watch {
    listener: OwnedFd,
    ended: OwnedFd,
    /// `None` once it could not be rewritten.
    sink: Option<TraceWriter<RecordFile>>,
    run: Run,
    checkpoint: Duration,
    checked: Instant,
    /// Where the program is isolated.
    inside: Option<Arc<Inside>>,
    collector: Collector,
    looking: Look,
    /// Places of which every folder may be listed; and what then has to be recorded.
    listable: Vec<PathBuf>,
    nothing: Arc<[Denied]>,
    /// What became of a whole path with what was to be done there, while names don't change.
    known: HashMap<Vec<u8>, Arc<[Denied]>>,
    known_bytes: usize,
    user: User,
    /// Who reads call stacks, if any are wanted.
    stacks: Option<Stacks>,
    /// Who opens files for Windows programs.
    wine_server: Option<Raw>,
    learned: Learned,
    changed: bool,
}

/// What the program has of its own, and who it is.
pub(super) struct Place {
    pub(super) inside: Option<Arc<Inside>>,
    pub(super) own: OwnPlaces,
    pub(super) sockets: Sockets,
    pub(super) user: User,
    pub(super) stacks: Option<Stacks>,
    pub(super) wine_server: Option<Raw>,
}

impl Watch {
    pub(super) fn new(
        listener: OwnedFd,
        ended: OwnedFd,
        run: &Run,
        place: Place,
        file: RecordFile,
    ) -> io::Result<Watch> {
        let Place { inside, own, sockets, user, stacks, wine_server } = place;
        let looking = Look::new(inside.clone(), own, sockets);
        Ok(Watch {
            listener,
            ended,
            learned: Learned { full: file.is_full(), ..Learned::default() },
            checkpoint: if file.is_bounded() { RARE_CHECKPOINT } else { CHECKPOINT },
            sink: Some(file.begin(run)?),
            checked: Instant::now(),
            run: run.clone(),
            inside,
            collector: Collector::new(Limits::default()),
            looking,
            listable: Vec::new(),
            nothing: Arc::new([]),
            known: HashMap::new(),
            known_bytes: 0,
            user,
            stacks,
            wine_server,
            changed: false,
        })
    }

    /// Until nobody is left whom the filter holds.
    pub(super) fn run(mut self, world: &World) -> Learned {
        let judge = Judge::new(world);
        self.listable = judge.listable();
        loop {
            let mut events =
                [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(&self.ended, PollFlags::IN)];
            let patience = Timespec::try_from(self.checkpoint).ok().filter(|_| self.changed);
            let polled = poll(&mut events, patience.as_ref());
            let (calls, ended) = (events[0].revents(), events[1].revents());
            match polled {
                Ok(0) => self.checkpoint(&judge, false),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    self.learned.error = Some(error.into());
                    break;
                }
            }
            if calls.contains(PollFlags::IN) {
                if let Ok(call) = sys::receive_notification(self.listener.as_fd()) {
                    self.learned.calls += 1;
                    self.look(&judge, &call);
                    match &self.inside {
                        Some(inside) if Inside::is_carried_out(&call) => {
                            inside.hand_back(&self.listener, &call)
                        }
                        // A caller that is gone needs no answer.
                        _ => drop(sys::continue_notification(self.listener.as_fd(), call.id)),
                    }
                    // Some programs are never idle.
                    if self.changed && self.checked.elapsed() >= self.checkpoint {
                        self.checkpoint(&judge, false);
                    }
                }
            } else if !calls.is_empty() || !ended.is_empty() {
                break;
            }
        }
        self.checkpoint(&judge, true);
        self.learned.recorded = self.collector.recorded();
        self.learned.lost = self.collector.refused();
        self.learned.without_stack = self.stacks.as_ref().map_or(0, |stacks| stacks.unread);
        self.learned
    }

    fn checkpoint(&mut self, judge: &Judge<'_>, at_the_end: bool) {
        self.checked = Instant::now();
        let overdue = self.looking.connected.overdue(at_the_end);
        self.changed = !self.looking.connected.is_empty();
        let Some(sink) = &mut self.sink else { return };
        for (exe, process) in overdue {
            let (object, right) = names::some_name();
            if let Some(denial) = judge.denial(&object, right) {
                let event = Event { object: &object, right, denial, exe: &exe, site: 0, at: now() };
                if let Err(error) = self.collector.add(&event, || (process, None), sink) {
                    self.learned.error = Some(error);
                }
            }
        }
        if let Err(error) = self.collector.checkpoint(sink) {
            self.learned.error = Some(error);
        }
        if sink.writer().has_grown() {
            self.rewrite();
        }
    }

    /// Has the file written anew, and goes on in a section of its own.
    fn rewrite(&mut self) {
        let Some(mut sink) = self.sink.take() else { return };
        // What it holds is written out, so nothing is lost with the table.
        if let Err(error) = self.collector.spill(&mut sink) {
            self.learned.error = Some(error);
        }
        let mut file = sink.into_inner();
        match file.rewrite() {
            Ok(room) => self.learned.full = !room,
            Err(error) => {
                self.learned.error = Some(error);
                self.learned.full = true;
            }
        }
        match file.begin(&self.run) {
            Ok(sink) => self.sink = Some(sink),
            Err(error) => self.learned.error = Some(error),
        }
    }

    fn look(&mut self, judge: &Judge<'_>, call: &Notification) {
        let (Some(does), Some(thread)) = (does(call), Pid::from_raw(call.pid as i32)) else { return };
        let denied = match self.denied(judge, thread, does) {
            Some(denied) => denied,
            None => {
                self.learned.unread += 1;
                return;
            }
        };
        // What was read belongs to the call only if the call still waits.
        if denied.is_empty() || !sys::notification_is_alive(self.listener.as_fd(), call.id) {
            return;
        }
        let Caller { thread, exe, is_clear } = self.caller(call);
        let room = self.collector.recorded() < MAX_ACCESSES as u64 && !self.learned.full;
        let Some(sink) = self.sink.as_mut().filter(|_| room) else {
            self.learned.left_out += denied.len() as u64;
            return;
        };
        let (at, by_wine) = (now(), self.wine_server.is_some());
        // Where the caller is: asked for once for all that it was denied.
        let place = OnceCell::new();
        for Denied { object, right, denial } in denied.iter() {
            let (stacks, listener) = (&mut self.stacks, self.listener.as_fd());
            let here = |stacks: &mut Stacks| {
                let waits = || sys::notification_is_alive(listener, call.id);
                Arc::clone(place.get_or_init(|| match is_clear {
                    true => stacks.place(thread, &exe, waits),
                    false => stacks.nowhere(),
                }))
            };
            let mut stacks = stacks.as_mut().filter(|stacks| stacks.are_wanted);
            let site =
                stacks.as_mut().map(|stacks| self.collector.site(object, *right, &exe, || here(stacks).site));
            let site = site.unwrap_or(0);
            let event = Event { object, right: *right, denial: *denial, exe: &exe, site, at };
            let details = || {
                let process =
                    Process { unclear: !is_clear, ..process::process(thread, exe.clone(), by_wine) };
                (process, stacks.as_mut().map(|stacks| here(stacks).stack.clone()))
            };
            self.changed = true;
            if let Err(error) = self.collector.add(&event, details, sink) {
                self.learned.error = Some(error);
            }
        }
        if sink.writer().has_grown() {
            self.rewrite();
        }
    }

    /// Whose the call is.
    fn caller(&mut self, call: &Notification) -> Caller {
        let exe = process::exe(call.pid);
        let own = Caller { thread: call.pid, exe, is_clear: true };
        let (Some(server), Some(stacks)) = (&self.wine_server, &mut self.stacks) else { return own };
        let is_server = own.exe == *server;
        let waits = || sys::notification_is_alive(self.listener.as_fd(), call.id);
        match stacks.program(call.pid, is_server, waits) {
            Some(Program { thread, file }) => {
                let exe = file.unwrap_or_else(|| process::exe(thread));
                Caller { thread, exe, is_clear: true }
            }
            None => Caller { is_clear: !is_server, ..own },
        }
    }

    /// What of a call the check denies; `None` if what it names could not be read.
    fn denied(&mut self, judge: &Judge<'_>, thread: Pid, does: Does) -> Option<Arc<[Denied]>> {
        let key = match does {
            Does::Open(at, flags) => {
                let path = whole_bytes(thread, at)?;
                // A walk through a tree: what it comes to is as likely new as it is certainly allowed.
                if path.one_name && files::only_lists(flags) && self.may_list(&path.bytes) {
                    return Some(Arc::clone(&self.nothing));
                }
                Some(key(path.bytes, flags as u32, 0))
            }
            Does::To(at, operation) if !changes_names(operation) => {
                Some(key(whole_bytes(thread, at)?.bytes, operation as u32, 1 + u8::from(at.follows)))
            }
            _ => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            return Some(Arc::clone(known));
        }
        let seen = match (&key, does) {
            (Some(key), Does::Open(at, flags)) => Some(self.looking.opened(path_of(key), at.follows, flags)),
            (Some(key), Does::To(at, operation)) => {
                Some(self.looking.done_to(path_of(key), at.follows, operation))
            }
            (_, does) => self.looking.changed_by(thread, does),
        };
        // Whatever it came to.
        self.changed |= std::mem::take(&mut self.looking.awaits);
        if std::mem::take(&mut self.looking.names_changed) {
            self.forget();
        }
        let seen = seen?;
        let judged = seen.accesses.into_iter().filter_map(|(object, right)| {
            let denial = judge.denial(&object, right)?;
            // What the user may not do would fail with every right.
            let Right::Do(operation) = right else { return Some(Denied { object, right, denial }) };
            let possible = object.path().is_none_or(|path| self.user.may(path.as_path(), operation));
            possible.then_some(Denied { object, right, denial })
        });
        let denied: Arc<[Denied]> = judged.collect();
        if let Some(key) = key.filter(|_| seen.lasting) {
            if self.known_bytes >= MAX_KNOWN {
                self.forget();
            }
            self.known_bytes += 2 * key.len() + KNOWN * (1 + denied.len());
            self.known.insert(key, Arc::clone(&denied));
        }
        Some(denied)
    }

    /// Names change: what paths lead to has to be looked up again.
    fn forget(&mut self) {
        self.known.clear();
        self.known_bytes = 0;
    }

    /// Whether it lies where every folder may be listed. The path is without links.
    fn may_list(&self, path: &[u8]) -> bool {
        self.listable.iter().any(|place| {
            path.strip_prefix(place.as_os_str().as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
        })
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

fn changes_names(operation: Operation) -> bool {
    matches!(operation, Operation::Unlink | Operation::Rmdir)
}

/// The whole path, then what tells apart what is done there.
fn key(path: Vec<u8>, what: u32, kind: u8) -> Vec<u8> {
    let mut key = path;
    key.push(0);
    key.push(kind);
    key.extend(what.to_ne_bytes());
    key
}

/// Bytes that follow the path in a key.
const KEY_TAIL: usize = 6;

fn path_of(key: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(&key[..key.len() - KEY_TAIL]))
}
