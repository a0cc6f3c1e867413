//! Naming a process so that nobody is taken for it later: process ids are used again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use rustix::process::getpid;

/// A process of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i64,
    /// Clock ticks from the system's start to the process's (proc(5), field 22 of stat).
    pub(super) start_time: i64,
}

impl Process {
    /// The calling one.
    pub(super) fn current() -> Process {
        let pid = i64::from(getpid().as_raw_pid());
        Process { pid, start_time: start_time(pid).unwrap_or(0) }
    }

    /// Whether it runs, as seen from here. One of another boot does not; one of another pid namespace (`system` differs in
    /// its second word) can't be looked at, and counts as running.
    pub(super) fn is_alive(self, system: &str) -> bool {
        let boot = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        if system == self::system() {
            start_time(self.pid) == Some(self.start_time)
        } else {
            boot(system) == boot(self::system())
        }
    }
}

/// Where process ids mean what they mean here: the boot and the pid namespace.
pub(super) fn system() -> &'static str {
    static SYSTEM: OnceLock<String> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let namespace = fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino());
        format!("{} {namespace}", boot())
    })
}

/// Names the time since the system was started: letters, digits and dashes.
pub(super) fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        text.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '-').collect()
    })
}

/// `None` for a process that is gone, or is only waited for.
fn start_time(pid: i64) -> Option<i64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let after = &stat[stat.iter().rposition(|&byte| byte == b')')? + 1..];
    let mut fields = std::str::from_utf8(after).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_neither_a_later_one_of_its_number_nor_one_of_another_boot_is() {
        let own = Process::current();
        assert!(own.start_time > 0);
        assert!(own.is_alive(system()));
        assert!(!Process { start_time: own.start_time + 1, ..own }.is_alive(system()));
        assert!(!own.is_alive("another-boot 1"));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i64::from(child.id());
        let start_time = start_time(pid).unwrap_or(0);
        child.wait().unwrap();
        assert!(!Process { pid, start_time }.is_alive(system()));
    }
}
