//! What a container may use: memory, processes, processor time.

mod cgroup;
mod rlimit;

use serde::{Deserialize, Serialize};

pub use cgroup::{Cgroup, CgroupError};
pub use rlimit::apply;
pub(crate) use rlimit::raise_descriptor_limit;

/// Limits of one container. `None` means that lowbox sets none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory: of the whole container under a delegated cgroup, else of each process's address space.
    pub memory: Option<u64>,
    /// Processes and threads of the whole container.
    pub processes: Option<u64>,
    /// Seconds of processor time of each process.
    pub cpu_seconds: Option<u64>,
    /// Bytes of `/tmp`, `/dev/shm` and the runtime folder together; they live in memory.
    pub temporary_bytes: Option<u64>,
}

/// Bytes of `/tmp`, `/dev/shm` and the runtime folder when no other limit is given.
pub const DEFAULT_TEMPORARY_BYTES: u64 = 1 << 30;

/// Processes of a container when no other limit is given: enough for a parallel build, too few to starve a host.
pub const DEFAULT_PROCESSES: u64 = 4096;
