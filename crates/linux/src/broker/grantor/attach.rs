//! Mounts in a running container. Every function but [`Attacher::clone_of`] is called in its mount namespace.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, NodeKind};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, StatVfsMountFlags, StatxFlags, fstatvfs, mkdirat, mknodat,
    open, openat, openat2, readlinkat, statx, symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, UnmountFlags, move_mount, unmount};
use rustix::process::fchdir;

use super::Reply;
use crate::broker::choosing::request as choosing;
use crate::launch::idmap::IdMaps;
use crate::launch::pin::{Pinned, file_id};
use crate::launch::spec::ContainerUser;
use crate::launch::view::APART;
use crate::sys::{self, MountAttributes};

/// So many answers stay, each for the moment that the program needs to read it.
const MOST_TOLD: usize = 16;

/// Attaches and detaches.
pub(super) struct Attacher {
    user: ContainerUser,
    maps: IdMaps,
    /// The private root, writable: what the program sees is sealed. Made at the first grant.
    workshop: Option<Workshop>,
    /// Answers to requests to choose that are there.
    told: VecDeque<String>,
    /// What the host's own mounts do not allow, by the number of their copies: root could take it away from a copy.
    withheld: BTreeMap<u64, Withheld>,
}

/// What a mount of the host's does not allow.
#[derive(Clone, Copy)]
struct Withheld {
    writing: bool,
    execution: bool,
}

/// A mount of the private root that is attached nowhere.
struct Workshop {
    root: OwnedFd,
    /// The number of the root that the program sees.
    sealed: u64,
}

impl Attacher {
    pub(super) fn new(user: ContainerUser) -> Attacher {
        Attacher {
            user,
            maps: IdMaps::default(),
            workshop: None,
            told: VecDeque::new(),
            withheld: BTreeMap::new(),
        }
    }

    /// A detached mount of what is pinned. Called where it is.
    pub(super) fn clone_of(
        &mut self,
        pinned: &Pinned,
        writable: bool,
        executable: bool,
    ) -> io::Result<OwnedFd> {
        let attributes = attributes(pinned.id.kind, writable, executable);
        let mount = sys::clone_mount(pinned.fd.as_fd(), attributes)?;
        if self.user.launched_by_root {
            self.maps.apply(&pinned.fd, mount.as_fd(), attributes, &self.user)?;
        }
        Ok(mount)
    }

    /// Attaches `mount`, which is of the object `id`, at `path`; returns the mount's number.
    pub(super) fn attach(&mut self, mount: BorrowedFd<'_>, id: FileId, path: &Path) -> io::Result<u64> {
        self.enter_workshop()?;
        let target = match open_in_view(path) {
            Ok(target) => target,
            Err(Errno::NOENT) => {
                self.make_place(path, id.kind)?;
                open_in_view(path)?
            }
            Err(error) => return Err(error.into()),
        };
        self.allow_target(&target, id)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(mount, "", &target, "", flags)?;
        mount_number(mount)
    }

    /// On the private root nobody else makes names. In a granted tree the program may have put something else there: only the
    /// very object, by whatever name, may be covered by itself.
    fn allow_target(&self, target: &OwnedFd, id: FileId) -> io::Result<()> {
        let here = file_id(target)?;
        let private = self.is_private(target);
        let same_shape = (here.kind == NodeKind::Dir) == (id.kind == NodeKind::Dir);
        let orphan = here.kind == NodeKind::File && rustix::fs::fstat(target)?.st_nlink == 0;
        if same_shape && (private || here == id || orphan) {
            return Ok(());
        }
        Err(io::Error::from_raw_os_error(libc::ESTALE))
    }

    /// Notes what the mount that `pinned` lies on does not allow, for its copy.
    pub(super) fn note(&mut self, mount: u64, pinned: &Pinned) -> io::Result<()> {
        let flags = fstatvfs(&pinned.fd)?.f_flag;
        let withheld = Withheld {
            writing: flags.contains(StatVfsMountFlags::RDONLY),
            execution: flags.contains(StatVfsMountFlags::NOEXEC),
        };
        self.withheld.insert(mount, withheld);
        Ok(())
    }

    /// The mount whose root is the object `id` at `path`; if `apart`, also where a link of the private root leads to it.
    pub(super) fn adopt(&mut self, id: FileId, path: &Path, apart: bool) -> io::Result<Reply> {
        /// linux/stat.h.
        const MOUNT_ROOT: u64 = 0x2000;
        let place = if apart { self.place_of(path)? } else { path.to_owned() };
        let object = open_in_view(&place)?;
        let stat = statx(&object, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
        if stat.stx_attributes.bits() & MOUNT_ROOT != 0 && file_id(&object)? == id {
            let flags = fstatvfs(&object)?.f_flag;
            return Ok(Reply::Adopted {
                mount: stat.stx_mnt_id,
                place,
                writable: !flags.contains(StatVfsMountFlags::RDONLY),
                executable: !flags.contains(StatVfsMountFlags::NOEXEC),
            });
        }
        Err(io::Error::from_raw_os_error(libc::ESTALE))
    }

    /// Where what is for `path` is mounted. Only links that lead to where grants are mounted apart are followed, and only on the
    /// private root, on which the program makes none.
    fn place_of(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.enter_workshop()?;
        let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut place = PathBuf::from("/");
        for name in relative(path) {
            place.push(name);
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let object = openat2(&root, relative(&place), flags, Mode::empty(), NO_LINKS)?;
            if file_id(&object)?.kind != NodeKind::Symlink {
                continue;
            }
            let target = readlinkat(&object, "", Vec::new())?;
            let target = Path::new(OsStr::from_bytes(target.as_bytes()));
            if !self.is_private(&object) || !target.starts_with(APART) {
                return Err(Errno::LOOP.into());
            }
            place = target.to_owned();
        }
        Ok(place)
    }

    pub(super) fn change(
        &mut self,
        mount: u64,
        path: &Path,
        writable: bool,
        executable: bool,
    ) -> io::Result<()> {
        let may = |withheld: &Withheld| !(withheld.writing && writable || withheld.execution && executable);
        if !self.withheld.get(&mount).is_some_and(may) {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        let object = open_mount(mount, path)?;
        let kind = file_id(&object)?.kind;
        // Not of what is mounted beneath it: the host may have that read-only, and root would take it away.
        let attributes = MountAttributes { recursive: false, ..attributes(kind, writable, executable) };
        sys::change_mount_attributes(object.as_fd(), attributes)
    }

    pub(super) fn detach(&mut self, mount: u64, path: &Path) -> io::Result<()> {
        let object = open_mount(mount, path)?;
        let is_folder = file_id(&object)?.kind == NodeKind::Dir;
        unmount_at(path)?;
        self.withheld.remove(&mount);
        drop(object);
        self.clear_place(path, is_folder);
        Ok(())
    }

    fn enter_workshop(&mut self) -> io::Result<()> {
        if self.workshop.is_none() {
            let sealed = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            let number = mount_number(sealed.as_fd())?;
            let root = sys::clone_mount(
                sealed.as_fd(),
                MountAttributes { no_dev: true, no_exec: true, ..MountAttributes::default() },
            )?;
            let writable = MountAttributes { no_dev: true, no_exec: true, ..MountAttributes::default() };
            sys::change_mount_attributes(root.as_fd(), writable)?;
            self.workshop = Some(Workshop { root, sealed: number });
        }
        Ok(())
    }

    /// Makes a link at `path` on the private root; in what is mounted on it, the host's own link is seen.
    pub(super) fn link(&mut self, path: &Path, to: &Path) -> io::Result<()> {
        self.enter_workshop()?;
        let above = path.parent().ok_or(Errno::INVAL)?;
        match open_in_view(above) {
            Ok(above) if !self.is_private(&above) => return Ok(()),
            Ok(_) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        self.in_workshop(|root| make_link(root, path, to))
    }

    /// Makes a file that the program can read: what a request to choose came to. Of several the last ones stay.
    pub(super) fn tell(&mut self, number: &str, answer: &[u8]) -> io::Result<()> {
        self.enter_workshop()?;
        // A number, which the broker has read; here it becomes a name.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Errno::INVAL.into());
        }
        let old = if self.told.len() < MOST_TOLD { None } else { self.told.pop_front() };
        self.in_workshop(|root| {
            let folder = open_beneath(root, Path::new(choosing::FOLDER))?;
            if let Some(old) = old {
                unlinkat(&folder, old, AtFlags::empty())?;
            }
            let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mut file = File::from(openat(&folder, number, new, Mode::from(0o444))?);
            file.write_all(answer)
        })?;
        self.told.push_back(number.to_owned());
        Ok(())
    }

    /// Makes the mount point and the folders that lead to it, on the private root.
    fn make_place(&self, path: &Path, kind: NodeKind) -> io::Result<()> {
        self.in_workshop(|root| make(root, path, kind))
    }

    fn is_private(&self, object: &OwnedFd) -> bool {
        self.workshop
            .as_ref()
            .is_some_and(|workshop| mount_number(object.as_fd()).ok() == Some(workshop.sealed))
    }

    fn in_workshop(&self, make: impl FnOnce(&OwnedFd) -> io::Result<()>) -> io::Result<()> {
        let Some(workshop) = &self.workshop else {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        };
        // Who makes them owns them, and the private root knows the container's user alone.
        if self.user.launched_by_root {
            sys::set_file_system_ids(self.user.uid, self.user.gid)?;
        }
        let made = make(&workshop.root);
        if self.user.launched_by_root {
            sys::set_file_system_ids(0, 0)?;
        }
        made
    }

    /// A place that leads nowhere any more must not look like an empty file or folder.
    fn clear_place(&self, path: &Path, is_folder: bool) {
        let Some(workshop) = &self.workshop else { return };
        let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        if self.user.launched_by_root && sys::set_file_system_ids(self.user.uid, self.user.gid).is_err() {
            return;
        }
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name())
            && let Ok(parent) = open_beneath(&workshop.root, parent)
        {
            // A folder that leads to other grants stays.
            let _ = unlinkat(parent, name, flags);
        }
        if self.user.launched_by_root && sys::set_file_system_ids(0, 0).is_err() {
            sys::exit_now(1);
        }
    }
}

fn attributes(kind: NodeKind, writable: bool, executable: bool) -> MountAttributes {
    MountAttributes {
        read_only: !writable,
        no_exec: !executable,
        no_dev: true,
        recursive: kind == NodeKind::Dir,
        ..MountAttributes::default()
    }
}

fn relative(path: &Path) -> &Path {
    let bytes = path.as_os_str().as_bytes();
    let rest = bytes.strip_prefix(b"/").unwrap_or(bytes);
    Path::new(OsStr::from_bytes(if rest.is_empty() { b"." } else { rest }))
}

const NO_LINKS: ResolveFlags =
    ResolveFlags::NO_SYMLINKS.union(ResolveFlags::NO_MAGICLINKS).union(ResolveFlags::BENEATH);

/// What the program sees at `path`.
fn open_in_view(path: &Path) -> rustix::io::Result<OwnedFd> {
    let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    open_beneath(&root, path)
}

fn open_beneath(root: &OwnedFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    openat2(root, relative(path), OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), NO_LINKS)
}

/// The folder that leads to `path`, made where it is missing, and the last name.
fn make_above<'p>(root: &OwnedFd, path: &'p Path) -> io::Result<(OwnedFd, &'p OsStr)> {
    let mut at = root.try_clone()?;
    let names: Vec<&OsStr> = relative(path).iter().collect();
    let (last, above) = names.split_last().ok_or(Errno::INVAL)?;
    for name in above {
        match mkdirat(&at, *name, Mode::from(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        at = open_beneath(&at, Path::new(name))?;
    }
    Ok((at, last))
}

fn make_link(root: &OwnedFd, path: &Path, to: &Path) -> io::Result<()> {
    let (above, name) = make_above(root, path)?;
    match symlinkat(to, &above, name) {
        // Of an earlier consent.
        Err(Errno::EXIST)
            if readlinkat(&above, name, Vec::new())?.as_bytes() == to.as_os_str().as_bytes() =>
        {
            Ok(())
        }
        made => Ok(made?),
    }
}

fn make(root: &OwnedFd, path: &Path, kind: NodeKind) -> io::Result<()> {
    let (above, last) = make_above(root, path)?;
    let made = match kind {
        NodeKind::Dir => mkdirat(&above, last, Mode::from(0o755)),
        _ => mknodat(&above, last, FileType::RegularFile, Mode::from(0o444), 0),
    };
    match made {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The number of the mount that an object is on.
fn mount_number(object: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(statx(object, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id)
}

/// The root of the mount with this number, if it is still what is seen at `path`.
fn open_mount(mount: u64, path: &Path) -> io::Result<OwnedFd> {
    let object = open_in_view(path)?;
    if mount_number(object.as_fd())? == mount {
        Ok(object)
    } else {
        Err(io::Error::from_raw_os_error(libc::ESTALE))
    }
}

/// No link is followed on the way: the path may lead through a tree that the program writes.
fn unmount_at(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    fchdir(open_in_view(parent)?)?;
    Ok(unmount(name, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)?)
}
