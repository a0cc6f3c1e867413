//! Id maps: who the container's user is, and namespaces that hold a map for mounts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, kill_process, waitpid};

use super::spec::ContainerUser;
use crate::sys::{self, Forked, MountAttributes, Namespaces};

/// User namespaces that hold an id map, by the owner whose ids they map.
#[derive(Default)]
pub(crate) struct IdMaps(BTreeMap<(u32, u32), OwnedFd>);

/// Why a mount could not be id-mapped.
#[derive(Debug)]
pub(crate) enum IdMapError {
    /// The object could not be looked at.
    Object(io::Error),
    /// No namespace for the map.
    Namespace(io::Error),
    /// The filesystem refuses id maps.
    Mount(io::Error),
}

impl From<IdMapError> for io::Error {
    fn from(error: IdMapError) -> io::Error {
        match error {
            IdMapError::Object(error) | IdMapError::Namespace(error) | IdMapError::Mount(error) => error,
        }
    }
}

impl IdMaps {
    /// Makes what belongs to `object`'s owner look on `mount`, a detached mount of it, as if it were the container's user's.
    /// For root alone.
    pub(crate) fn apply(
        &mut self,
        object: impl AsFd,
        mount: BorrowedFd<'_>,
        attributes: MountAttributes,
        user: &ContainerUser,
    ) -> Result<(), IdMapError> {
        let owner = owner(object)?;
        self.apply_owner(owner, mount, attributes, user)
    }

    /// The same for what belongs to root, whoever owns `object`; but a folder of the container's user stays as it is.
    pub(crate) fn apply_to_roots(
        &mut self,
        object: impl AsFd,
        mount: BorrowedFd<'_>,
        attributes: MountAttributes,
        user: &ContainerUser,
    ) -> Result<(), IdMapError> {
        let owner = match owner(object)? {
            own if own == (user.uid, user.gid) => own,
            _ => (0, 0),
        };
        self.apply_owner(owner, mount, attributes, user)
    }

    fn apply_owner(
        &mut self,
        owner: (u32, u32),
        mount: BorrowedFd<'_>,
        attributes: MountAttributes,
        user: &ContainerUser,
    ) -> Result<(), IdMapError> {
        let map = match self.0.entry(owner) {
            // The package's own folders are owned by its user already.
            _ if owner == (user.uid, user.gid) => return Ok(()),
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(namespace_for(owner, user).map_err(IdMapError::Namespace)?),
        };
        sys::set_mount_attributes(mount, attributes, Some(map.as_fd())).map_err(IdMapError::Mount)
    }
}

fn owner(object: impl AsFd) -> Result<(u32, u32), IdMapError> {
    let stat = fstat(object).map_err(|error| IdMapError::Object(error.into()))?;
    Ok((stat.st_uid, stat.st_gid))
}

/// A user namespace that maps the owner's ids on disk to the container's user.
fn namespace_for((uid, gid): (u32, u32), user: &ContainerUser) -> io::Result<OwnedFd> {
    let lowbox = getpid();
    let holder = match sys::fork_into(Namespaces::USER)? {
        Forked::Child => {
            // Only holds the namespace until it is opened; ended by its parent, or with it.
            if sys::set_parent_death_signal(Signal::KILL).is_err() || getppid() != Some(lowbox) {
                sys::exit_now(1);
            }
            loop {
                rustix::event::pause();
            }
        }
        Forked::Parent(pid) => pid,
    };
    let result = (|| {
        write_map(holder, "uid_map", uid, user.uid)?;
        write_map(holder, "gid_map", gid, user.gid)?;
        let path = format!("/proc/{}/ns/user", holder.as_raw_pid());
        Ok(open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    })();
    let _ = kill_process(holder, Signal::KILL);
    let _ = waitpid(Some(holder), WaitOptions::empty());
    result
}

/// Maps the calling process's own ids, in the user namespace that it has just entered.
pub(crate) fn map_own_ids(user: &ContainerUser) -> io::Result<()> {
    // Without privilege a gid map needs setgroups denied (user_namespaces(7)); the groups that lowbox has stay.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.uid))?;
    fs::write("/proc/self/gid_map", format!("{0} {0} 1", user.gid))
}

/// Maps the one id `inside` of `process`'s user namespace to `outside`.
pub(crate) fn write_map(process: Pid, file: &str, inside: u32, outside: u32) -> io::Result<()> {
    fs::write(format!("/proc/{}/{file}", process.as_raw_pid()), format!("{inside} {outside} 1"))
}
