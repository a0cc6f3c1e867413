//! Id maps: who the container's user is, and, under root, mounts that give it root's own files without giving it root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fstat, open};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, kill_process, waitpid};

use super::error::LaunchError;
use super::pin::{Pinned, pin};
use super::spec::{ContainerUser, Spec};
use crate::sys::{self, Forked, MountAttributes, Namespaces};

/// Mounts cloned by root before the launch, by the path they are for.
pub(crate) type Mapped = BTreeMap<PathBuf, OwnedFd>;

/// Clones what is personal as id-mapped mounts: a file of the grant's owner looks as if the container's user owned it.
/// Files of other owners belong to nobody there.
///
/// # Errors
/// [`LaunchError::NoIdMap`] for a filesystem without id-mapped mounts, by name.
pub(crate) fn clone_personal(spec: &Spec) -> Result<Mapped, LaunchError> {
    let mut namespaces: BTreeMap<(u32, u32), OwnedFd> = BTreeMap::new();
    let mut mapped = Mapped::new();
    let binds = spec.plan.binds.iter().filter(|bind| !bind.is_device());
    // Grants are personal, and there may be thousands of them.
    let places: BTreeSet<&Path> = spec.personal.iter().map(PathBuf::as_path).collect();
    let personal = binds.filter(|bind| bind.path.ancestors().any(|path| places.contains(path)));
    let mut wanted: Vec<(PathBuf, Pinned, MountAttributes)> = Vec::new();
    for bind in personal {
        let attributes = MountAttributes {
            read_only: !bind.writable,
            no_exec: !bind.executable,
            no_dev: true,
            recursive: bind.recursive,
        };
        wanted.push((bind.path.clone(), pin(CWD, &bind.path)?.expect_same(&bind.path, bind.id)?, attributes));
    }
    let temp = &spec.data.temp_state;
    let writable = MountAttributes { no_dev: true, ..MountAttributes::default() };
    wanted.push((temp.clone(), pin(CWD, temp)?, writable));
    for (path, pinned, attributes) in wanted {
        let owner = fstat(&pinned.fd).map_err(|error| LaunchError::object(&path, error.into()))?;
        let key = (owner.st_uid, owner.st_gid);
        let namespace = match namespaces.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(namespace_for(key, spec).map_err(LaunchError::IdMapNamespace)?)
            }
        };
        let mut flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
        if attributes.recursive {
            flags |= OpenTreeFlags::AT_RECURSIVE;
        }
        let mount =
            open_tree(&pinned.fd, "", flags).map_err(|error| LaunchError::object(&path, error.into()))?;
        sys::set_mount_attributes(mount.as_fd(), attributes, Some(namespace.as_fd()))
            .map_err(|source| LaunchError::NoIdMap { path: path.clone(), source })?;
        mapped.insert(path, mount);
    }
    Ok(mapped)
}

/// A user namespace that maps the owner's ids on disk to the container's user.
fn namespace_for((uid, gid): (u32, u32), spec: &Spec) -> io::Result<OwnedFd> {
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
        write_map(holder, "uid_map", uid, spec.user.uid)?;
        write_map(holder, "gid_map", gid, spec.user.gid)?;
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
