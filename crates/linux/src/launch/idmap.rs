//! Id maps: who the container's user is, and namespaces that hold a map for mounts.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, kill_process, waitpid};

use super::spec::ContainerUser;
use crate::sys::{self, Forked, Namespaces};

/// A user namespace that maps the owner's ids on disk to the container's user.
pub(crate) fn namespace_for((uid, gid): (u32, u32), user: &ContainerUser) -> io::Result<OwnedFd> {
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
