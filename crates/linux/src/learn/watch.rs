//! The loop that answers: receive, look, record, go on.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lowbox_policy::Operation;
use lowbox_profiler::attribute::{Judge, World};
use lowbox_profiler::collect::{Collector, Event, Limits};
use lowbox_profiler::record::{Denial, MAX_ACCESSES, Object, Right, Run, TraceWriter};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::process::Pid;

use super::calls::{At, Does, MESSAGE, does};
use super::files::{self, Found};
use super::inside::Inside;
use super::names::{self, Connected};
use super::record_file::RecordFile;
use super::sockets::{self, Address, Reached, Sockets};
use super::stacks::Stacks;
use super::user::User;
use super::{Learned, OwnPlaces, process};
use crate::sys::{self, Notification};

/// Bytes of paths that are known to lead where they led before.
const MAX_KNOWN: usize = 16 << 20;
/// What a known path takes beside its bytes, about, and what each access does.
const KNOWN: usize = 256;
/// So many scripts can be each other's interpreter (fs/exec.c).
const MAX_INTERPRETERS: usize = 5;
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
    own: OwnPlaces,
    sockets: Sockets,
    connected: Connected,
    /// Places of which every folder may be listed; and what then has to be recorded.
    listable: Vec<PathBuf>,
    nothing: Arc<[Denied]>,
    /// What became of a whole path with what was to be done there, while names don't change.
    known: HashMap<Vec<u8>, Arc<[Denied]>>,
    known_bytes: usize,
    user: User,
    /// Who reads call stacks, if any are wanted.
    stacks: Option<Stacks>,
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
}

/// What a call comes to, before it is judged.
#[derive(Default)]
struct Seen {
    accesses: Vec<(Object, Right)>,
    /// Everything that was looked at was there, so that the same path leads to it again.
    lasting: bool,
}

impl Watch {
    pub(super) fn new(
        listener: OwnedFd,
        ended: OwnedFd,
        run: &Run,
        place: Place,
        file: RecordFile,
    ) -> io::Result<Watch> {
        let Place { inside, own, sockets, user, stacks } = place;
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
            own,
            sockets,
            connected: Connected::default(),
            listable: Vec::new(),
            nothing: Arc::new([]),
            known: HashMap::new(),
            known_bytes: 0,
            user,
            stacks,
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
        let overdue = self.connected.overdue(at_the_end);
        self.changed = !self.connected.is_empty();
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
        let exe = process::exe(call.pid);
        let room = self.collector.recorded() < MAX_ACCESSES as u64 && !self.learned.full;
        let Some(sink) = self.sink.as_mut().filter(|_| room) else {
            self.learned.left_out += denied.len() as u64;
            return;
        };
        let at = now();
        // Where the caller is: asked for once for all that it was denied.
        let place = OnceCell::new();
        for Denied { object, right, denial } in denied.iter() {
            let (stacks, listener) = (&mut self.stacks, self.listener.as_fd());
            let here = |stacks: &mut Stacks| {
                let waits = || sys::notification_is_alive(listener, call.id);
                Arc::clone(place.get_or_init(|| stacks.place(call.pid, &exe, waits)))
            };
            let site =
                stacks.as_mut().map(|stacks| self.collector.site(object, *right, &exe, || here(stacks).site));
            let site = site.unwrap_or(0);
            let event = Event { object, right: *right, denial: *denial, exe: &exe, site, at };
            let details = || {
                let process = process::process(call.pid, exe.clone());
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
            (Some(key), Does::Open(at, flags)) => self.opened(path_of(key), at.follows, flags),
            (Some(key), Does::To(at, operation)) => self.done_to(path_of(key), at.follows, operation),
            (_, does) => self.changed_by(thread, does)?,
        };
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

    fn opened(&mut self, path: &Path, follows: bool, flags: i32) -> Seen {
        let follows = follows && flags & libc::O_NOFOLLOW == 0;
        let mut seen = Seen::default();
        if self.is_own_name(path) {
            return Seen { lasting: true, ..seen };
        }
        match self.find(path, follows) {
            Found::There(found, _) if flags & libc::O_CREAT != 0 && self.own.would_make(&found) => {
                self.own.made(&found);
                self.forget();
            }
            Found::There(found, kind) => {
                seen.lasting = true;
                self.way(&mut seen, path, follows, &found);
                let path = found;
                if !self.own.hold(&path) {
                    let all = files::opened(kind, flags).into_iter();
                    seen.accesses.extend(all.map(|one| access(&path, kind, one)));
                }
                if flags & libc::O_EXCL != 0 && flags & libc::O_CREAT != 0 {
                    self.unseen(&mut seen, &path, kind);
                }
            }
            Found::Missing(found) if flags & libc::O_CREAT != 0 => {
                self.way(&mut seen, path, follows, &found);
                self.making(&mut seen, &found, Operation::Create);
            }
            Found::Missing(_) | Found::Nothing => {}
        }
        seen
    }

    fn done_to(&mut self, path: &Path, follows: bool, operation: Operation) -> Seen {
        let mut seen = Seen::default();
        if self.is_own_name(path) {
            return Seen { lasting: true, ..seen };
        }
        let Found::There(found, kind) = self.find(path, follows) else { return seen };
        seen.lasting = true;
        self.way(&mut seen, path, follows, &found);
        let path = found;
        let seen_inside = operation == Operation::Stat && self.own.shows(&path);
        if !self.own.hold(&path) && !seen_inside {
            seen.accesses.push(access(&path, kind, operation));
        }
        if operation == Operation::Execute && kind == FileType::RegularFile {
            let mut script = path;
            for _ in 0..MAX_INTERPRETERS {
                let Some(next) = files::interpreter(&script) else { break };
                let named = next;
                let Found::There(next, kind) = self.find(&named, true) else { break };
                self.way(&mut seen, &named, true, &next);
                seen.accesses.push(access(&next, kind, Operation::Execute));
                script = next;
            }
        }
        seen
    }

    /// What can't be known by its path alone: what changes names, descriptors, sockets.
    fn changed_by(&mut self, thread: Pid, does: Does) -> Option<Seen> {
        let mut seen = Seen::default();
        match does {
            Does::Open(..) => {}
            Does::To(at, operation) => {
                let path = whole_path(thread, at)?;
                self.forget();
                let found = self.find(&path, at.follows);
                if let (Found::There(found, kind), false) = (found, self.is_own_name(&path)) {
                    self.way(&mut seen, &path, at.follows, &found);
                    let path = found;
                    match self.own.hold(&path) {
                        true => self.own.removed(&path),
                        false => seen.accesses.push(access(&path, kind, operation)),
                    }
                }
            }
            Does::Make(at, operation) => {
                let path = whole_path(thread, at)?;
                match self.find(&path, false) {
                    Found::Missing(found) => {
                        self.way(&mut seen, &path, false, &found);
                        self.making(&mut seen, &found, operation);
                    }
                    Found::There(found, kind) => self.unseen(&mut seen, &found, kind),
                    Found::Nothing => {}
                }
            }
            Does::Move(from, to, both) => {
                let (from, to) = (whole_path(thread, from)?, whole_path(thread, to)?);
                self.forget();
                self.moved(&mut seen, &from, &to);
                if both {
                    self.moved(&mut seen, &to, &from);
                }
            }
            Does::Link(from, to) => {
                let (old, new) = (whole_path(thread, from)?, whole_path(thread, to)?);
                let Found::There(old, kind) = self.find(&old, from.follows) else { return Some(seen) };
                let Found::Missing(new) = self.find(&new, false) else { return Some(seen) };
                if !self.own.hold(&old) {
                    seen.accesses.push(access(&old, kind, Operation::LinkFrom));
                }
                self.making(&mut seen, &new, Operation::LinkTo);
            }
            Does::ToDescriptor(number, operation) => {
                let link = format!("/proc/{}/fd/{number}", thread.as_raw_pid());
                // No file, or none with a name: nothing that a right is needed for.
                if let Some(path) = files::behind(&link)
                    && let Found::There(path, kind) = self.find(&path, false)
                    && !self.own.hold(&path)
                {
                    seen.accesses.push(access(&path, kind, operation));
                }
            }
            Does::Connect(number, address, length) => {
                if let Some(address) = sockets::copy(thread, address, length) {
                    self.reached(&mut seen, thread, number, &address);
                }
            }
            Does::SendTo { number, data, to } => self.sent(&mut seen, thread, number, data, to),
            Does::Send(number, first, count, step) => {
                for index in 0..count as u64 {
                    let mut header = [0_u8; MESSAGE as usize];
                    let at = first.wrapping_add(index * step);
                    if !sys::read_process_memory(thread, at, &mut header).is_ok_and(|n| n == header.len()) {
                        break;
                    }
                    let word = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| header[at + byte]));
                    let to = (word(0), word(8) as u32 as usize);
                    // The first of its parts: a question has one.
                    let mut part = [0_u8; 16];
                    let read = sys::read_process_memory(thread, word(16), &mut part);
                    let first = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| part[at + byte]));
                    let whole = word(24) > 0 && read.is_ok_and(|n| n == part.len());
                    let data = if whole { (first(0), first(8) as usize) } else { (0, 0) };
                    self.sent(&mut seen, thread, number, data, to);
                }
            }
            Does::Bind(number, address, length) => {
                let bytes = sockets::copy(thread, address, length)?;
                match sockets::read(&bytes) {
                    Some(Address::Path(path)) => {
                        let path = whole(thread, libc::AT_FDCWD, path.as_os_str().as_bytes())?;
                        if let Found::Missing(path) = self.find(Path::new(OsStr::from_bytes(&path)), false) {
                            self.making(&mut seen, &path, Operation::MakeSpecial);
                        }
                    }
                    Some(Address::Internet(bytes)) => {
                        seen.accesses.extend(self.sockets.bound(thread, number, &bytes));
                    }
                    Some(Address::Abstract(name)) => self.sockets.named(name, self.inside.is_some()),
                    None => {}
                }
            }
            Does::Listen(number) => seen.accesses.extend(self.sockets.listens(thread, number)),
        }
        Some(seen)
    }

    /// Looks a path up on the host, where the judging is done. An isolated program may know it by another path.
    fn find(&self, path: &Path, follows: bool) -> Found {
        files::find(self.on_host(path).as_deref().unwrap_or(path), follows)
    }

    /// The path on the host, where it is another one.
    fn on_host(&self, path: &Path) -> Option<PathBuf> {
        self.inside.as_ref().and_then(|inside| inside.on_host(path))
    }

    /// Names change: what paths lead to has to be looked up again.
    fn forget(&mut self) {
        self.known.clear();
        self.known_bytes = 0;
    }

    fn sent(&mut self, seen: &mut Seen, thread: Pid, number: i32, data: (u64, usize), to: (u64, usize)) {
        let address = sockets::copy(thread, to.0, to.1);
        if let Some(address) = &address {
            self.reached(seen, thread, number, address);
        }
        if let Some(name) = names::asked(&self.sockets, thread, number, data, address.as_deref()) {
            self.connected.asked(thread.as_raw_pid() as u32);
            seen.accesses.push(name);
        }
    }

    fn reached(&mut self, seen: &mut Seen, thread: Pid, number: i32, address: &[u8]) {
        match sockets::read(address) {
            Some(Address::Path(path)) => {
                let whole = whole(thread, libc::AT_FDCWD, path.as_os_str().as_bytes());
                let Some(path) = whole else { return };
                let path = Path::new(OsStr::from_bytes(&path));
                if let Found::There(found, FileType::Socket) = self.find(path, true)
                    && !self.own.hold(&found)
                {
                    self.way(seen, path, true, &found);
                    let path = found;
                    seen.accesses.push(access(&path, FileType::Socket, Operation::Connect));
                }
            }
            Some(Address::Abstract(name)) if self.sockets.is_own_name(&name) => {}
            Some(Address::Abstract(name)) => {
                seen.accesses.push((Object::AbstractSocket { name }, Right::Do(Operation::Connect)));
            }
            Some(Address::Internet(bytes)) => match self.sockets.reached(thread, number, &bytes) {
                Some(Reached::Peer(peer)) => seen.accesses.push((peer, Right::Do(Operation::Connect))),
                Some(Reached::Resolver) => {
                    let thread = thread.as_raw_pid() as u32;
                    self.changed = true;
                    if !self.connected.add(thread, || process::process(thread, process::exe(thread))) {
                        seen.accesses.push(names::some_name());
                    }
                }
                None => {}
            },
            None => {}
        }
    }

    /// What reads the links on the way. A container has its own in its own places.
    fn way(&self, seen: &mut Seen, path: &Path, follows: bool, found: &Path) {
        let on_host = self.on_host(path);
        let links = files::links(on_host.as_deref().unwrap_or(path), follows, found)
            .into_iter()
            .filter(|link| !self.own.hold(link));
        seen.accesses.extend(links.map(|link| access(&link, FileType::Symlink, Operation::Stat)));
    }

    /// An isolated program makes what is there already, because it does not see it: else it would hear that it is there.
    fn unseen(&self, seen: &mut Seen, path: &Path, kind: FileType) {
        if self.inside.is_some() && !self.own.hold(path) && !self.own.hold_new(path) && !self.own.shows(path)
        {
            seen.accesses.push(access(path, kind, Operation::Stat));
        }
    }

    fn making(&mut self, seen: &mut Seen, path: &Path, operation: Operation) {
        if self.own.hold_new(path) {
            self.own.made(path);
        } else {
            seen.accesses.push((files::new_object(path, operation), Right::Do(operation)));
        }
    }

    fn moved(&mut self, seen: &mut Seen, from: &Path, to: &Path) {
        let Found::There(old, kind) = self.find(from, false) else { return };
        let new = match self.find(to, false) {
            Found::There(new, _) | Found::Missing(new) => new,
            Found::Nothing => return,
        };
        self.way(seen, from, false, &old);
        self.way(seen, to, false, &new);
        let (from, to) = (old, new);
        if self.own.hold(&from) {
            self.own.removed(&from);
        } else {
            seen.accesses.push(access(&from, kind, Operation::RenameFrom));
        }
        let operation = match kind {
            FileType::Directory => Operation::RenameDirTo,
            _ => Operation::RenameTo,
        };
        self.making(seen, &to, operation);
    }

    /// Whether it lies where every folder may be listed. The path is without links.
    fn may_list(&self, path: &[u8]) -> bool {
        self.listable.iter().any(|place| {
            path.strip_prefix(place.as_os_str().as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
        })
    }

    /// A name in a place of the container's own, which its links don't lead out of but on purpose (`/proc/self/root`).
    fn is_own_name(&self, path: &Path) -> bool {
        let bytes = path.as_os_str().as_bytes();
        [&b"/proc/"[..], b"/dev/", b"/etc/"].iter().any(|place| bytes.starts_with(place))
            && !bytes.windows(3).any(|part| part == b"/..")
            && self.own.hold(path)
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

fn access(path: &Path, kind: FileType, operation: Operation) -> (Object, Right) {
    (files::object(path, kind, operation), Right::Do(operation))
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

fn whole_path(thread: Pid, at: At) -> Option<PathBuf> {
    whole_bytes(thread, at).map(|path| PathBuf::from(OsString::from_vec(path.bytes)))
}

/// A whole path.
struct Whole {
    bytes: Vec<u8>,
    /// It was given as one name in a folder that the caller has open or works in: no link is on the way.
    one_name: bool,
}

fn whole_bytes(thread: Pid, at: At) -> Option<Whole> {
    let given = sys::read_process_path(thread, at.address).ok()?;
    let one_name = !given.contains(&b'/') && !matches!(&given[..], b"" | b"." | b"..");
    Some(Whole { bytes: whole(thread, at.folder, &given)?, one_name })
}

/// An absolute path from what a call was given. Without a path it is the descriptor's own (AT_EMPTY_PATH).
fn whole(thread: Pid, folder: i32, path: &[u8]) -> Option<Vec<u8>> {
    if path.starts_with(b"/") {
        return Some(path.to_vec());
    }
    let thread = thread.as_raw_pid();
    let link = match folder {
        libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
        number => format!("/proc/{thread}/fd/{number}"),
    };
    let mut whole = files::behind(&link)?.into_os_string().into_encoded_bytes();
    if !path.is_empty() {
        whole.push(b'/');
        whole.extend(path);
    }
    Some(whole)
}
