//! Limits by a cgroup of the container's own (cgroups(7), version 2), where the user's cgroup is delegated.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::Limits;

/// Why no cgroup could be made.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// There is no unified hierarchy.
    #[error("cgroup version 2 is not mounted")]
    NotMounted,
    /// The controllers are not handed down to this user.
    #[error("the controllers {missing} are not delegated to {group}")]
    NotDelegated {
        /// The user's cgroup.
        group: PathBuf,
        /// Which are missing, separated by spaces.
        missing: String,
    },
    /// A file of the hierarchy could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A cgroup that lives as long as this value.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes a cgroup with `limits` beside the caller's own (leaf), named after this process.
    ///
    /// # Errors
    /// [`CgroupError`]: then the limits can only be set per process, and the user is to be told.
    pub fn create(limits: &Limits) -> Result<Cgroup, CgroupError> {
        let own = own_group()?;
        // A cgroup with processes can't hand controllers down (no internal processes), so the container's group is made
        // beside the own one, in the parent, which must be writable and hand the controllers down.
        let parent = own.parent().filter(|parent| parent.starts_with(mount_point().unwrap_or_default()));
        let parent = parent.ok_or(CgroupError::NotMounted)?;
        let handed_down = read(&parent.join("cgroup.subtree_control"))?;
        let wanted = [("memory", limits.memory.is_some()), ("pids", limits.processes.is_some())];
        let missing: Vec<&str> = wanted
            .into_iter()
            .filter(|(name, wanted)| *wanted && !handed_down.split_whitespace().any(|have| have == *name))
            .map(|(name, _)| name)
            .collect();
        if !missing.is_empty() {
            return Err(CgroupError::NotDelegated { group: parent.to_owned(), missing: missing.join(" ") });
        }
        let path = parent.join(format!("lowbox-{}", std::process::id()));
        fs::create_dir(&path).map_err(|source| CgroupError::Io { path: path.clone(), source })?;
        let group = Cgroup { path };
        if let Some(bytes) = limits.memory {
            group.write("memory.max", &bytes.to_string())?;
            // Swap would let the limit be exceeded; a kernel without swap accounting has no such file.
            let _ = group.write("memory.swap.max", "0");
            group.write("memory.oom.group", "1")?;
        }
        if let Some(count) = limits.processes {
            group.write("pids.max", &count.to_string())?;
        }
        Ok(group)
    }

    /// Moves `pid` into the group; what it starts from then on is in it too.
    ///
    /// # Errors
    /// [`CgroupError::Io`].
    pub fn add(&self, pid: Pid) -> Result<(), CgroupError> {
        self.write("cgroup.procs", &pid.as_raw_pid().to_string())
    }

    fn write(&self, file: &str, value: &str) -> Result<(), CgroupError> {
        let path = self.path.join(file);
        fs::write(&path, value).map_err(|source| CgroupError::Io { path, source })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Empty by now: the container's pid namespace is gone. If not, the empty group goes with the user's session.
        let _ = fs::remove_dir(&self.path);
    }
}

fn read(path: &Path) -> Result<String, CgroupError> {
    fs::read_to_string(path).map_err(|source| CgroupError::Io { path: path.to_owned(), source })
}

fn mount_point() -> Option<PathBuf> {
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.join("cgroup.controllers").exists())
}

fn own_group() -> Result<PathBuf, CgroupError> {
    let mount = mount_point().ok_or(CgroupError::NotMounted)?;
    let text = read(Path::new("/proc/self/cgroup"))?;
    let relative = text.lines().find_map(|line| line.strip_prefix("0::/")).ok_or(CgroupError::NotMounted)?;
    Ok(mount.join(relative))
}
