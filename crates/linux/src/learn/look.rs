//! What a call comes to: which operations on which objects of the host.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lowbox_policy::Operation;
use lowbox_profiler::record::{Object, Right};
use rustix::fs::FileType;
use rustix::process::Pid;

use super::calls::{Does, MESSAGE};
use super::files::{self, Found};
use super::inside::Inside;
use super::names::{self, Connected};
use super::paths::{whole, whole_path};
use super::sockets::{self, Address, Reached, Sockets};
use super::{OwnPlaces, process};
use crate::init::HOST_NAME;
use crate::sys;

/// So many scripts can be each other's interpreter (fs/exec.c).
const MAX_INTERPRETERS: usize = 5;

/// What a call comes to, before it is judged.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) accesses: Vec<(Object, Right)>,
    /// Everything that was looked at was there, so that the same path leads to it again.
    pub(super) lasting: bool,
}

/// Looks.
pub(super) struct Look {
    /// Where the program is isolated.
    inside: Option<Arc<Inside>>,
    own: OwnPlaces,
    sockets: Sockets,
    /// Who has connected to a resolver.
    pub(super) connected: Connected,
    /// What paths lead to has to be looked up again.
    pub(super) names_changed: bool,
    /// Somebody is new among those who have connected.
    pub(super) awaits: bool,
}

impl Look {
    pub(super) fn new(inside: Option<Arc<Inside>>, own: OwnPlaces, sockets: Sockets) -> Look {
        let connected = Connected::default();
        Look { inside, own, sockets, connected, names_changed: false, awaits: false }
    }

    /// What open(2) comes to.
    pub(super) fn opened(&mut self, path: &Path, follows: bool, flags: i32) -> Seen {
        let follows = follows && flags & libc::O_NOFOLLOW == 0;
        let mut seen = Seen::default();
        if self.is_own_name(path) {
            return Seen { lasting: true, ..seen };
        }
        match self.find(path, follows) {
            Found::There(found, _) if flags & libc::O_CREAT != 0 && self.own.would_make(&found) => {
                self.own.made(&found);
                self.names_changed = true;
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

    /// What is done to what is there comes to.
    pub(super) fn done_to(&mut self, path: &Path, follows: bool, operation: Operation) -> Seen {
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
    pub(super) fn changed_by(&mut self, thread: Pid, does: Does) -> Option<Seen> {
        let mut seen = Seen::default();
        match does {
            Does::Open(..) => {}
            Does::To(at, operation) => {
                let path = whole_path(thread, at)?;
                self.names_changed = true;
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
                self.names_changed = true;
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
        let behind = self.own.behind_drive(path);
        let path = behind.as_deref().unwrap_or(path);
        self.inside.as_ref().and_then(|inside| inside.on_host(path)).or(behind)
    }

    fn sent(&mut self, seen: &mut Seen, thread: Pid, number: i32, data: (u64, usize), to: (u64, usize)) {
        let address = sockets::copy(thread, to.0, to.1);
        if let Some(address) = &address {
            self.reached(seen, thread, number, address);
        }
        if let Some(name) = names::asked(&self.sockets, thread, number, data, address.as_deref()) {
            self.connected.asked(thread.as_raw_pid() as u32);
            // The container is called otherwise than the host; its own name is no reason to open a network.
            if !matches!(&name.0, Object::HostName { name } if name.as_bytes() == HOST_NAME.as_bytes()) {
                seen.accesses.push(name);
            }
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
                    self.awaits = true;
                    if !self.connected.add(thread, || process::process(thread, process::exe(thread), false)) {
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

    /// A name in a place of the container's own, which its links don't lead out of but on purpose (`/proc/self/root`).
    fn is_own_name(&self, path: &Path) -> bool {
        let bytes = path.as_os_str().as_bytes();
        [&b"/proc/"[..], b"/dev/", b"/etc/"].iter().any(|place| bytes.starts_with(place))
            && !bytes.windows(3).any(|part| part == b"/..")
            && self.own.hold(path)
    }
}

fn access(path: &Path, kind: FileType, operation: Operation) -> (Object, Right) {
    (files::object(path, kind, operation), Right::Do(operation))
}
