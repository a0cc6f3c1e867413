//! Id-mapped mounts, limits, groups.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::{Resource, getrlimit};

use super::Item;
use super::probe::{setting, spawn};
use crate::host::folders::Folders;
use crate::host::user::{HostUser, container_user};
use crate::launch::idmap::write_map;
use crate::limits::{Cgroup, Limits};
use crate::sys::{self, MountAttributes, Namespaces};

/// Root lends its files by them; an ordinary user needs none.
pub(super) fn id_mapped_mounts(user: &HostUser, variable: &dyn Fn(&str) -> Option<OsString>) -> Item {
    const NAME: &str = "id-mapped mounts";
    if !user.is_root() {
        return Item::ok(NAME, "not needed: your programs run as you");
    }
    let Ok(folders) = Folders::of(user, variable) else {
        return Item::missing(NAME, "there is no data folder to try one on", "set HOME or XDG_DATA_HOME");
    };
    let place = nearest(&folders.data);
    match map(&place, user) {
        Ok(()) => Item::ok(NAME, format!("work on {}", place.display())),
        Err(error) => Item::missing(
            NAME,
            format!("don't work on {}: {error}", place.display()),
            if error.raw_os_error() == Some(libc::EPERM) {
                "root lacks CAP_SYS_ADMIN here (an outer container?); run lowbox as an ordinary user instead"
            } else {
                "its filesystem has none; set XDG_DATA_HOME to a folder on ext4, xfs, btrfs or tmpfs, or run lowbox as an \
                 ordinary user"
            },
        ),
    }
}

/// Clones `place` as a mount that shows its owner's files as those of a package's user, as a launch by root does.
fn map(place: &Path, user: &HostUser) -> io::Result<()> {
    let owner = std::fs::metadata(place)?;
    let package = container_user(user, &lowbox_security::derive::package_sid("lowbox-doctor"));
    let holder = spawn(Namespaces::USER, || Ok(()))?;
    let namespace = (|| -> io::Result<OwnedFd> {
        write_map(holder.pid, "uid_map", owner.uid(), package.uid)?;
        write_map(holder.pid, "gid_map", owner.gid(), package.gid)?;
        let path = format!("/proc/{}/ns/user", holder.pid.as_raw_pid());
        Ok(open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    })();
    let _ = holder.finish();
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = open_tree(rustix::fs::CWD, place, flags)?;
    sys::set_mount_attributes(mount.as_fd(), MountAttributes::default(), Some(namespace?.as_fd()))
}

/// `path`, or what of the way to it exists.
fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// A group with the limits that only a group can hold, made and removed.
pub(super) fn cgroup() -> Item {
    const NAME: &str = "cgroup limits";
    let limits = Limits { memory: Some(1 << 30), processes: Some(1024), ..Limits::default() };
    match Cgroup::create(&limits) {
        Ok(_) => Item::ok(NAME, "--memory and --pids hold for a program with all its processes"),
        Err(error) => Item::reduced(
            NAME,
            format!("{error}: --memory holds for each process on its own"),
            "start lowbox in a delegated scope: systemd-run --user --scope -p Delegate=yes lowbox run …",
        ),
    }
}

/// Descriptors that a plan with many grants needs.
const ENOUGH_FILES: u64 = 4096;

/// RLIMIT_NOFILE.
pub(super) fn open_files() -> Item {
    const NAME: &str = "open files";
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if most < ENOUGH_FILES => Item::reduced(
            NAME,
            format!("at most {most} (RLIMIT_NOFILE): programs that open many files fail"),
            "raise the hard limit: LimitNOFILE= in systemd, /etc/security/limits.conf",
        ),
        Some(most) => Item::ok(NAME, format!("at most {most}")),
        None => Item::ok(NAME, "not limited"),
    }
}

/// Supplementary groups stay with an ordinary user's programs: only root may give them up.
pub(super) fn groups(user: &HostUser) -> Item {
    const NAME: &str = "groups";
    if !user.is_root() && user.gid == 0 {
        return Item::missing(
            NAME,
            "your primary group is root's (gid 0), and it is never lent to a program",
            "use another primary group (newgrp, usermod -g)",
        );
    }
    if user.is_root() {
        return Item::ok(NAME, "root's programs have none but the package's own");
    }
    if user.groups.is_empty() {
        return Item::ok(NAME, "programs have no group but your primary one");
    }
    let table = setting("/etc/group").unwrap_or_default();
    let names: Vec<String> = user.groups.iter().map(|gid| group_name(&table, *gid)).collect();
    Item::reduced(
        NAME,
        format!(
            "an ordinary user can't give groups up, so programs keep these: {}; they count only on what the program sees \
             at all",
            names.join(", ")
        ),
        "nothing has to be done; grant no folders that are open to these groups but should not be to the program",
    )
}

/// The name in group(5)'s table, or the number.
fn group_name(table: &str, gid: u32) -> String {
    let wanted = gid.to_string();
    table
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == wanted).then(|| name.to_owned())
        })
        .unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_by_name_and_by_number_where_they_have_none() {
        let table = "root:x:0:\naudio:x:29:jane\nbroken\nvideo:x:44:jane";
        assert_eq!(group_name(table, 44), "video");
        assert_eq!(group_name(table, 4), "4");
    }
}
