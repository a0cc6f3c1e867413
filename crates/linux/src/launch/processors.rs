//! Two processors for one launch.
//!
//! A new process stays on its parent's processor until the parent sleeps, although another one is idle (seen on Linux
//! 6.18). Then pid 1 would not work beside lowbox but after it. So it is sent away for the time being.

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Where the caller may run, and so the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors(Option<CpuSet>);

impl Processors {
    /// The caller's.
    pub(crate) fn of_caller() -> Processors {
        Processors(sched_getaffinity(None).ok().filter(|allowed| allowed.count() > 1))
    }

    /// Lets `process` run on all of them but the one that the caller is on, if one is idle: waiting behind somebody else's
    /// work would take longer. A wish: if it can't be had, nothing is lost but time.
    pub(crate) fn send_away(self, process: Pid) {
        if let Processors(Some(mut others)) = self
            && one_is_idle(others.count())
        {
            others.unset(sched_getcpu());
            let _ = sched_setaffinity(Some(process), &others);
        }
    }

    /// Lets the calling process run on all of them again, if it was sent away. Where that is forbidden, so was sending it.
    pub(crate) fn return_here(self) {
        if let Processors(Some(all)) = self
            && sched_getaffinity(None) != Ok(all)
        {
            let _ = sched_setaffinity(None, &all);
        }
    }
}

/// Whether no more tasks run than there are processors, the caller and the new process among them (proc(5), /proc/loadavg,
/// fourth field).
fn one_is_idle(processors: u32) -> bool {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = text.split_whitespace().nth(3).and_then(|tasks| tasks.split_once('/'));
    running.and_then(|(running, _)| running.parse::<u32>().ok()).is_some_and(|running| running <= processors)
}
