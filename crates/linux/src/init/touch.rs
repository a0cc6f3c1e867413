//! First touches: a call that would find nothing, because nothing was granted there, waits until the user has answered.
//!
//! The call then always goes on in the kernel, where mounts and Landlock decide: after a consent it succeeds, without one it
//! fails as it would have done at once. So it does no harm that the program can change the path meanwhile.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use lowbox_policy::GrantRights;
use lowbox_policy::frontier::is_in_frontier;
use rustix::fs::{Mode, OFlags, open};
use rustix::net::RecvFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::announced;
use super::leader::leader;
use super::path_calls::{self, Named};
use super::walk::{Located, Root};
use super::wines_looks::WinesLooks;
use crate::broker::choosing::request as choosing;
use crate::broker::touch::{Touch, Verdict, receive_message, send_touch};
use crate::launch::spec::Asks;
use crate::sys::{self, Notification};

/// Calls that wait at the same time; more go on at once, without a question.
const MAX_WAITING: usize = 512;

/// How often a call is looked at again after a consent: it may name two objects, each with its folder.
const MAX_ROUNDS: u8 = 4;

/// Bytes of a program's arguments that are shown.
const MAX_ARGUMENTS: usize = 1024;

/// Places of the system, which no consent reaches: most calls touch these, and need no look.
const SYSTEM: [&[u8]; 9] =
    [b"/usr/", b"/lib/", b"/lib64/", b"/etc/", b"/bin/", b"/sbin/", b"/proc/", b"/dev/", b"/sys/"];

/// What the program touches.
pub(super) struct Touches {
    socket: OwnedFd,
    root: Root,
    asks: Asks,
    wine: Option<WinesLooks>,
    waiting: HashMap<u64, (Notification, u8)>,
}

impl Touches {
    pub(super) fn new(socket: OwnedFd, asks: Asks, wine: Option<WinesLooks>) -> rustix::io::Result<Touches> {
        Ok(Touches { socket, root: Root::open()?, asks, wine, waiting: HashMap::new() })
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Lets the call go on, unless it touches something that the user can be asked about.
    pub(super) fn consider(&mut self, listener: BorrowedFd<'_>, call: Notification) {
        self.consider_again(listener, call, 0);
    }

    fn consider_again(&mut self, listener: BorrowedFd<'_>, call: Notification, rounds: u8) {
        let room = self.waiting.len() < MAX_WAITING && rounds < MAX_ROUNDS;
        let touch = if room { self.touch(&call) } else { None };
        // What was read belongs to the call only if the call still waits.
        if let Some(touch) = touch.filter(|_| sys::notification_is_alive(listener, call.id))
            && send_touch(self.socket.as_fd(), &touch).is_ok()
        {
            self.waiting.insert(call.id, (call, rounds));
            return;
        }
        // A caller that is gone needs no answer.
        let _ = sys::continue_notification(listener, call.id);
    }

    /// Takes the broker's verdicts; false when it is gone.
    pub(super) fn verdicts(&mut self, listener: BorrowedFd<'_>) -> bool {
        loop {
            match receive_message::<Verdict>(self.socket.as_fd(), RecvFlags::DONTWAIT) {
                Ok(Some(Verdict { id, granted, missing })) => match self.waiting.remove(&id) {
                    Some((call, rounds)) if granted => self.consider_again(listener, call, rounds + 1),
                    Some((call, _)) => {
                        if let Some(wine) = self.wine.as_mut().filter(|_| missing) {
                            wine.is_missing(call.pid);
                        }
                        drop(sys::continue_notification(listener, call.id));
                    }
                    None => {}
                },
                Ok(None) => return false,
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    fn touch(&mut self, call: &Notification) -> Option<Touch> {
        let thread = Pid::from_raw(call.pid as i32)?;
        for named in path_calls::named_by(call) {
            let path = read_path(thread, named.address)?;
            if self.asks.chooses && path.starts_with(choosing::FOLDER) {
                let is_one = named.probe && choosing::Request::is_one(&path);
                return is_one.then(|| Touch { chooses: true, ..told(call, thread, path, &named) });
            }
            if let Some(wine) =
                self.wine.as_ref().filter(|_| named.probe && path.starts_with(announced::FOLDER))
            {
                let (path, named) = wine.announced(&path)?;
                let root = base(thread, libc::AT_FDCWD, &path)?;
                let (path, wanted) = self.lacking(thread, root.as_fd(), &path, &named)?;
                return Some(Touch { wanted, ..told(call, thread, path, &named) });
            }
            if is_systems(&path) || path.as_os_str().is_empty() {
                continue;
            }
            if named.wanted == GrantRights::READ
                && (!named.probe || self.wine.is_some())
                && self.root.leads_to_granted(&whole(thread, named.folder, &path), named.follows)
            {
                continue;
            }
            let base = base(thread, named.folder, &path)?;
            let is_for_nothing = match &mut self.wine {
                Some(wine) => wine.is_one(thread, &named, &path),
                None => named.probe && !self.is_first_probe(&base, &path),
            };
            if is_for_nothing {
                continue;
            }
            if let Some((path, wanted)) = self.lacking(thread, base.as_fd(), &path, &named) {
                return Some(Touch { wanted, ..told(call, thread, path, &named) });
            }
        }
        None
    }

    /// What the call needs and does not have, if a consent could give it.
    fn lacking(
        &self,
        thread: Pid,
        base: BorrowedFd<'_>,
        path: &Path,
        named: &Named,
    ) -> Option<(PathBuf, GrantRights)> {
        let found = match named.changes_name {
            true => None,
            false => self.root.locate(base, path, named.follows),
        };
        // Where a name is made, what counts is its folder.
        let by_folder = found.is_none() && (named.changes_name || named.creates);
        let located = if by_folder { self.folder_of_name(base, path)? } else { found? };
        let path = match located {
            // A look at it succeeds, and Wine opens it only to find out how it compares names.
            Located::Skeleton(_) if named.probe => return None,
            Located::Skeleton(_) if self.wine.as_ref().is_some_and(|wine| !wine.is_server(thread)) => {
                return None;
            }
            Located::Missing(path) | Located::Skeleton(path) => path,
            Located::Granted(granted) if granted.orphan || granted.lacks(named.wanted) => {
                let place = granted.path()?;
                if by_folder { place.join(path.file_name()?) } else { place }
            }
            Located::Granted(_) => return None,
        };
        is_in_frontier(&path, &self.asks.frontier).then_some((path, named.wanted))
    }

    /// Where a name lies that is made; of a granted folder the folder itself.
    fn folder_of_name(&self, base: BorrowedFd<'_>, path: &Path) -> Option<Located> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        Some(match self.root.locate(base, parent, true)? {
            Located::Skeleton(folder) | Located::Missing(folder) => Located::Missing(folder.join(name)),
            granted @ Located::Granted(_) => granted,
        })
    }

    /// Whether the user named this path and the program looks at it for the first time: programs that look first give up if
    /// they see nothing, and never open it.
    fn is_first_probe(&mut self, base: &OwnedFd, path: &Path) -> bool {
        let whole = if path.is_absolute() { path.to_owned() } else { folder_of(base).join(path) };
        let whole: PathBuf = whole.components().collect();
        let before = self.asks.probes.len();
        self.asks.probes.retain(|probe| *probe != whole);
        self.asks.probes.len() < before
    }
}

/// What the broker is told of a call.
fn told(call: &Notification, thread: Pid, path: PathBuf, named: &Named) -> Touch {
    let (executable, arguments) = facts(thread);
    Touch {
        id: call.id,
        path,
        wanted: named.wanted,
        creates: named.creates,
        needs_folder: named.changes_name,
        makes_folder: named.makes_folder,
        follows: named.follows,
        chooses: false,
        executable,
        arguments,
        process: process(thread),
    }
}

fn is_systems(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    SYSTEM.iter().any(|system| bytes.starts_with(system)) && !bytes.windows(3).any(|part| part == b"/..")
}

fn read_path(thread: Pid, address: u64) -> Option<PathBuf> {
    sys::read_process_path(thread, address).ok().map(|path| PathBuf::from(OsString::from_vec(path)))
}

/// The path from the root, by way of `/proc` if it is relative.
fn whole(thread: Pid, folder: i32, path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    let mut whole = PathBuf::with_capacity(32 + path.as_os_str().len());
    whole.push(folder_link(thread, folder));
    whole.push(path);
    whole
}

/// The link to what a relative path starts from.
fn folder_link(thread: Pid, folder: i32) -> String {
    match folder {
        libc::AT_FDCWD => format!("/proc/{}/cwd", thread.as_raw_pid()),
        number => format!("/proc/{}/fd/{number}", thread.as_raw_pid()),
    }
}

/// What a relative path starts from.
fn base(thread: Pid, folder: i32, path: &Path) -> Option<OwnedFd> {
    let place = if path.is_absolute() { "/".to_owned() } else { folder_link(thread, folder) };
    open(place, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

fn folder_of(folder: &OwnedFd) -> PathBuf {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).unwrap_or_default()
}

/// The thread's process, which the broker names as the host does.
fn process(thread: Pid) -> Option<OwnedFd> {
    pidfd_open(leader(thread).ok()?, PidfdFlags::empty()).ok()
}

/// Which program it is, for the person who is asked.
fn facts(thread: Pid) -> (PathBuf, Vec<OsString>) {
    let thread = thread.as_raw_pid();
    let executable = std::fs::read_link(format!("/proc/{thread}/exe")).unwrap_or_default();
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(format!("/proc/{thread}/cmdline")) {
        let _ = file.take(MAX_ARGUMENTS as u64).read_to_end(&mut bytes);
    }
    // Wine writes its own words over it, and leaves the rest empty.
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let whole = &bytes[..end];
    let arguments = whole.split(|&byte| byte == 0).map(|part| OsString::from_vec(part.to_vec())).collect();
    (executable, arguments)
}
