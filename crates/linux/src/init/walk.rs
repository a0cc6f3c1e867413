//! Where a path of the program's leads in its view: to something it sees, or to the border beyond which it sees nothing.
//!
//! Pid 1 has the program's root and is alone in being able to change what is mounted there, so it resolves as the kernel
//! does for the program. What it finds is only used to ask; the kernel decides when the call goes on.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use lowbox_policy::GrantRights;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatVfsMountFlags, StatxFlags, fstat, fstatvfs, open,
    openat2, readlinkat, statat, statx,
};
use rustix::io::Errno;

/// As the kernel's (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The private root.
pub(super) struct Root {
    fd: OwnedFd,
    mount: u64,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Located {
    /// To something of a mount that was granted.
    Granted(Granted),
    /// To a folder of the private root that only leads to what was granted beneath it.
    Skeleton(PathBuf),
    /// To nothing: this is where it would be.
    Missing(PathBuf),
}

/// Something granted. Most calls need nothing more than that it is: the rest is looked up when it matters.
#[derive(Debug)]
pub(super) struct Granted {
    object: OwnedFd,
    /// A file that has no name any more: the host replaced the one that was granted.
    pub(super) orphan: bool,
}

impl Granted {
    /// Whether its mount lacks what a call wants.
    pub(super) fn lacks(&self, wanted: GrantRights) -> bool {
        if !wanted.write && !wanted.execute {
            return false;
        }
        let Ok(mount) = fstatvfs(&self.object) else { return false };
        (wanted.write && mount.f_flag.contains(StatVfsMountFlags::RDONLY))
            || (wanted.execute && mount.f_flag.contains(StatVfsMountFlags::NOEXEC))
    }

    /// Where it is, or was.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let path = path_of(&self.object)?;
        Some(if self.orphan { without_mark(&path) } else { path })
    }
}

impl Root {
    pub(super) fn open() -> rustix::io::Result<Root> {
        let fd = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mount = mount_of(&fd)?;
        Ok(Root { fd, mount })
    }

    /// Whether something of a granted mount is at a whole path; by one call, because most of what a program opens is. It is not sure
    /// about what it denies, which [`locate`](Self::locate) has to look at. A link of `/proc` on the way leads elsewhere than it leads the
    /// program: then no consent would help, and what is answered does not matter.
    pub(super) fn leads_to_granted(&self, path: &Path, follow: bool) -> bool {
        let mut flags = AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
        if !follow {
            flags |= AtFlags::SYMLINK_NOFOLLOW;
        }
        let wanted = StatxFlags::MNT_ID | StatxFlags::TYPE | StatxFlags::NLINK;
        statx(CWD, path, flags, wanted).is_ok_and(|stat| stat.stx_mnt_id != self.mount && stat.stx_nlink > 0)
    }

    /// Follows `path` from `base`, a last symbolic link too if `follow`. `None` where the kernel itself has an answer that no
    /// consent changes.
    pub(super) fn locate(&self, base: BorrowedFd<'_>, path: &Path, follow: bool) -> Option<Located> {
        let mut flags = OFlags::PATH | OFlags::CLOEXEC;
        if !follow {
            flags |= OFlags::NOFOLLOW;
        }
        match openat2(base, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
            Ok(object) => self.found(object),
            Err(Errno::NOENT) if self.is_missing_in_granted(base, path) => None,
            Err(Errno::NOENT) => self.border(base, path, follow),
            Err(_) => None,
        }
    }

    fn found(&self, object: OwnedFd) -> Option<Located> {
        let wanted = StatxFlags::MNT_ID | StatxFlags::TYPE | StatxFlags::NLINK;
        let stat = statx(&object, "", AtFlags::EMPTY_PATH, wanted).ok()?;
        if stat.stx_mnt_id == self.mount {
            return Some(Located::Skeleton(path_of(&object)?));
        }
        let regular = FileType::from_raw_mode(stat.stx_mode.into()) == FileType::RegularFile;
        let orphan = regular && stat.stx_nlink == 0;
        Some(Located::Granted(Granted { object, orphan }))
    }

    /// Whether the name is simply not there, in a folder that was granted: what most searches of a program find.
    fn is_missing_in_granted(&self, base: BorrowedFd<'_>, path: &Path) -> bool {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(folder) = openat2(base, folder, DIRECTORY, Mode::empty(), ResolveFlags::NO_MAGICLINKS) else {
            return false;
        };
        let granted = mount_of(&folder).is_ok_and(|mount| mount != self.mount);
        // A link that leads nowhere is there.
        granted && statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_err_and(|error| error == Errno::NOENT)
    }

    /// The first component that is missing, if that is in the private root's own part: in a granted folder nothing is hidden.
    fn border(&self, base: BorrowedFd<'_>, path: &Path, follow: bool) -> Option<Located> {
        let mut at = openat2(base, ".", DIRECTORY, Mode::empty(), ResolveFlags::empty()).ok()?;
        let mut left = components(path);
        if path.is_absolute() {
            at = self.fd.try_clone().ok()?;
        }
        let mut links = 0;
        while let Some(name) = left.pop_front() {
            let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat2(&at, name.as_os_str(), step, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
                Ok(next) if is_link(&next)? && (follow || !left.is_empty()) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return None;
                    }
                    let target = readlinkat(&next, "", Vec::new()).ok()?;
                    let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                    if target.is_absolute() {
                        at = self.fd.try_clone().ok()?;
                    }
                    for component in components(&target).into_iter().rev() {
                        left.push_front(component);
                    }
                }
                Ok(next) => at = next,
                Err(Errno::NOENT) if mount_of(&at).ok()? == self.mount => {
                    if left.iter().any(|name| name == "..") {
                        return None;
                    }
                    let mut missing = path_of(&at)?.join(name);
                    missing.extend(left);
                    return Some(Located::Missing(missing));
                }
                Err(_) => return None,
            }
        }
        // It appeared meanwhile.
        self.found(at)
    }
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Without what changes nothing: the root, and `.`.
fn components(path: &Path) -> VecDeque<OsString> {
    let plain = path.components().filter(|part| !matches!(part, Component::RootDir | Component::CurDir));
    plain.map(|part| part.as_os_str().to_owned()).collect()
}

fn is_link(object: &OwnedFd) -> Option<bool> {
    Some(FileType::from_raw_mode(fstat(object).ok()?.st_mode) == FileType::Symlink)
}

fn mount_of(object: impl AsFd) -> rustix::io::Result<u64> {
    Ok(statx(object, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id)
}

/// The kernel marks what has no name any more (proc_pid_fd(5)).
fn without_mark(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    PathBuf::from(OsStr::from_bytes(bytes.strip_suffix(b" (deleted)").unwrap_or(bytes)))
}

/// The path of something open, as everybody in the container sees it.
fn path_of(object: &OwnedFd) -> Option<PathBuf> {
    let link = rustix::fs::readlink(format!("/proc/self/fd/{}", object.as_raw_fd()), Vec::new()).ok()?;
    let path = Path::new(OsStr::from_bytes(link.as_bytes()));
    path.is_absolute().then(|| path.to_owned())
}
