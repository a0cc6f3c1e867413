//! The machine's processes, by their command lines.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Pid;

/// The processes that have this in their command line; lowbox's own have it too.
pub fn pids_with(marker: &str) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").expect("proc").flatten();
    let with = |entry: std::fs::DirEntry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(marker).then_some(pid)
    };
    entries.filter_map(with).collect()
}

/// A number of seconds, more than a day, that no other sleep on this machine has.
pub fn unique_sleep() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("86400.{}{:04}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
