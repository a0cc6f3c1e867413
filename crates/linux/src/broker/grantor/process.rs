//! The grantor's own life.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, open, openat, unlinkat};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::process::{DumpableBehavior, Signal, fchdir, set_dumpable_behavior, setsid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::attach::Attacher;
use super::resolve::resolve;
use super::{Namespace, Reply, Request};
use crate::broker::touch::{receive_message, send_message};
use crate::launch::pin::{Pinned, file_id, open_without_links};
use crate::launch::spec::ContainerUser;
use crate::sys::{self, capability};

/// Objects that are held at the same time: one for each question that waits, and those of one answer.
const MAX_PINS: usize = 1024;

/// Serves the broker until it is gone.
pub(super) fn run(socket: &OwnedFd, namespace: &Namespace, user: &ContainerUser) -> ! {
    // Nobody reads an error here: the broker sees that the grantor is gone, and ends the container.
    let code = i32::from(live(socket, namespace, user).is_err());
    sys::exit_now(code)
}

fn live(socket: &OwnedFd, namespace: &Namespace, user: &ContainerUser) -> io::Result<()> {
    // Out of the terminal's sight: its keys are for the program.
    setsid()?;
    let kept = [socket, &namespace.user, &namespace.mount];
    sys::close_all_but(&kept.map(AsRawFd::as_raw_fd))?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::thread::set_no_new_privs(true)?;
    let mounting = capability::SYS_ADMIN | capability::SYS_CHROOT;
    if user.launched_by_root {
        let maps = capability::SETUID | capability::SETGID;
        sys::keep_capabilities(mounting | maps | capability::DAC_READ_SEARCH)?;
    } else {
        move_into_link_name_space(namespace.user.as_fd(), Some(LinkNameSpaceType::User))?;
        sys::enter_new_mounts()?;
        sys::keep_capabilities(mounting)?;
    }
    // Under root only root may look at it, and it has to look at the holders of id maps itself.
    if !user.launched_by_root {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    // After the changes of credentials, which clear it. A death before this is seen as the end of the socket.
    sys::set_parent_death_signal(Signal::KILL)?;
    let mut server = Server {
        homeland: Homeland::here()?,
        attacher: Attacher::new(user.clone()),
        namespace,
        pins: BTreeMap::new(),
        next: 1,
    };
    while let Some(request) = receive_message::<Request>(socket.as_fd(), RecvFlags::empty())? {
        let reply = server
            .serve(&request)
            .unwrap_or_else(|error| Reply::Failed { errno: error.raw_os_error().unwrap_or(libc::EIO) });
        // Nobody waits for a reply to it.
        if !matches!(request, Request::Unpin { .. }) {
            let sent = send_message(socket.as_fd(), &reply, true);
            // What is too long to be told has failed.
            match sent.as_ref().map_err(io::Error::raw_os_error) {
                Err(Some(errno @ libc::EMSGSIZE)) => {
                    send_message(socket.as_fd(), &Reply::Failed { errno }, true)?;
                }
                _ => sent?,
            }
        }
    }
    Ok(())
}

/// The mount namespace that sees the user's tree, and the root that lowbox has in it.
struct Homeland {
    namespace: OwnedFd,
    root: OwnedFd,
}

impl Homeland {
    fn here() -> io::Result<Homeland> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let namespace = open("/proc/self/ns/mnt", flags, Mode::empty())?;
        let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Homeland { namespace, root })
    }

    fn return_to(&self) -> io::Result<()> {
        move_into_link_name_space(self.namespace.as_fd(), Some(LinkNameSpaceType::Mount))?;
        fchdir(&self.root)?;
        Ok(rustix::process::chroot(".")?)
    }
}

struct Server<'a> {
    homeland: Homeland,
    attacher: Attacher,
    namespace: &'a Namespace,
    pins: BTreeMap<u32, Pinned>,
    next: u32,
}

impl Server<'_> {
    fn serve(&mut self, request: &Request) -> io::Result<Reply> {
        match request {
            Request::Look { path } => self.look(path),
            Request::Resolve { path, follow } => Ok(Reply::Resolved(resolve(path, *follow)?)),
            Request::Link { link } => {
                self.abroad(|attacher| attacher.link(&link.at, &link.to))?;
                Ok(Reply::Done)
            }
            Request::Make { path } => match new_file(path) {
                Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(Reply::Done),
                made => self.pin(made?),
            },
            Request::Unmake { pin, path } => {
                let pinned = self.pins.get(pin).ok_or(rustix::io::Errno::BADF)?;
                remove_empty(path, pinned)?;
                Ok(Reply::Done)
            }
            Request::Tell { number, answer } => {
                self.abroad(|attacher| attacher.tell(number, answer))?;
                Ok(Reply::Done)
            }
            Request::Unpin { pin } => {
                self.pins.remove(pin);
                Ok(Reply::Done)
            }
            Request::Attach { pin, path, writable, executable } => {
                let pinned = self.pins.get(pin).ok_or(rustix::io::Errno::BADF)?;
                // The clone is made here, where the object is; it is attached over there.
                let mount = self.attacher.clone_of(pinned, *writable, *executable)?;
                let id = pinned.id;
                let mount = self.abroad(|attacher| attacher.attach(mount.as_fd(), id, path))?;
                self.note(mount, *pin)?;
                Ok(Reply::Attached { mount })
            }
            Request::Adopt { pin, path, apart } => {
                let id = self.pins.get(pin).ok_or(rustix::io::Errno::BADF)?.id;
                let reply = self.abroad(|attacher| attacher.adopt(id, path, *apart))?;
                if let Reply::Adopted { mount, .. } = reply {
                    self.note(mount, *pin)?;
                }
                Ok(reply)
            }
            Request::Change { mount, path, writable, executable } => {
                self.abroad(|attacher| attacher.change(*mount, path, *writable, *executable))?;
                Ok(Reply::Done)
            }
            Request::Detach { mount, path } => {
                self.abroad(|attacher| attacher.detach(*mount, path))?;
                Ok(Reply::Done)
            }
        }
    }

    fn note(&mut self, mount: u64, pin: u32) -> io::Result<()> {
        let pinned = self.pins.get(&pin).ok_or(rustix::io::Errno::BADF)?;
        self.attacher.note(mount, pinned)
    }

    fn look(&mut self, path: &Path) -> io::Result<Reply> {
        self.pin(open_without_links(CWD, path)?)
    }

    fn pin(&mut self, fd: OwnedFd) -> io::Result<Reply> {
        if self.pins.len() >= MAX_PINS {
            return Err(io::Error::from_raw_os_error(libc::EMFILE));
        }
        let id = file_id(&fd)?;
        let pin = self.next;
        self.next = self.next.wrapping_add(1);
        self.pins.insert(pin, Pinned { fd, id });
        Ok(Reply::Pinned { pin, id })
    }

    /// Does something in the program's mount namespace.
    fn abroad<T>(&mut self, action: impl FnOnce(&mut Attacher) -> io::Result<T>) -> io::Result<T> {
        move_into_link_name_space(self.namespace.mount.as_fd(), Some(LinkNameSpaceType::Mount))?;
        let done = action(&mut self.attacher);
        // Who can't come back must not look at the program's tree as if it were the user's.
        if self.homeland.return_to().is_err() {
            sys::exit_now(1);
        }
        done
    }
}

/// The folder that a path names something in, without links on the way.
fn folder_of(path: &Path) -> rustix::io::Result<(OwnedFd, &OsStr)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::INVAL) };
    Ok((open_without_links(CWD, folder)?, name))
}

/// Makes a file that was not there.
fn new_file(path: &Path) -> io::Result<OwnedFd> {
    let (folder, name) = folder_of(path)?;
    let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let made = file_id(openat(&folder, name, new, Mode::from(0o666))?)?;
    let found = openat(&folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    match file_id(&found)? == made {
        true => Ok(found),
        false => Err(Errno::STALE.into()),
    }
}

/// Removes it, if it is still what is there, and empty.
fn remove_empty(path: &Path, pinned: &Pinned) -> io::Result<()> {
    let (folder, name) = folder_of(path)?;
    let found = openat(&folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    if file_id(&found)? != pinned.id || fstat(&found)?.st_size != 0 {
        return Err(Errno::STALE.into());
    }
    Ok(unlinkat(&folder, name, AtFlags::empty())?)
}
