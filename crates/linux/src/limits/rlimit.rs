//! Limits by setrlimit(2), for where no cgroup is delegated, and those that only exist as such.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{DEFAULT_PROCESSES, Limits};

/// Applies `limits` to the calling process; `by_cgroup` says that memory is limited by a cgroup already.
///
/// RLIMIT_AS holds for each process on its own, so it does not bound a tree of them. RLIMIT_NPROC counts per user *and*
/// user namespace (Linux 5.14), so here it counts the container's own processes and threads.
///
/// # Errors
/// EPERM if a limit is above the hard limit that lowbox itself was given.
pub fn apply(limits: &Limits, by_cgroup: bool) -> io::Result<()> {
    if let Some(seconds) = limits.cpu_seconds {
        lower(Resource::Cpu, seconds)?;
    }
    if let Some(bytes) = limits.memory.filter(|_| !by_cgroup) {
        lower(Resource::As, bytes)?;
    }
    lower(Resource::Nproc, limits.processes.unwrap_or(DEFAULT_PROCESSES))?;
    // Counted for the user on the host: a part of the usual limits (8 MiB of locked memory).
    lower(Resource::Sigpending, 1024)?;
    lower(Resource::Memlock, 1 << 20)?;
    // A core dump goes to the host's handler, which is another program's input. 1 is what the kernel itself takes as
    // *never to a pipe* (core(5)); the filter keeps the program from changing it.
    lower(Resource::Core, 1)
}

/// Raises lowbox's own soft limit of descriptors to the hard one: it bounds what may be on its way over unix sockets for the
/// whole user (unix(7), ETOOMANYREFS), and a program of the same user must not keep lowbox from starting others.
pub(crate) fn raise_descriptor_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Lowers soft and hard limit to `value`, or to the hard limit where that is lower already.
fn lower(resource: Resource, value: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let value = now.maximum.map_or(value, |maximum| value.min(maximum));
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}
