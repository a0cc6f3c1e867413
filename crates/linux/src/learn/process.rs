//! Who calls, as /proc tells it.

use std::fs::File;
use std::io::Read;

use lowbox_profiler::Raw;
use lowbox_profiler::record::{MAX_ARGUMENTS, Process};

/// The file that the thread's process runs; empty when it is gone.
pub(super) fn exe(thread: u32) -> Raw {
    std::fs::read_link(format!("/proc/{thread}/exe"))
        .map(|path| Raw::from(path.as_path()))
        .unwrap_or_default()
}

/// The process of a thread. Wine's have their Windows command line in the place of a longer one, of which zeros are left.
pub(super) fn process(thread: u32, exe: Raw, by_wine: bool) -> Process {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok())
    };
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(format!("/proc/{thread}/cmdline")) {
        // One more, so that it is seen to be cut.
        let _ = file.take(MAX_ARGUMENTS as u64 + 2).read_to_end(&mut bytes);
    }
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let whole = if by_wine { &bytes[..end] } else { bytes.strip_suffix(&[0]).unwrap_or(&bytes) };
    Process::new(
        field("Tgid").unwrap_or(thread),
        field("PPid").unwrap_or(0),
        exe,
        whole.split(|&byte| byte == 0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_by_its_file_number_parent_and_arguments() {
        let own = std::process::id();
        let process = process(own, exe(own), false);
        assert_eq!(process.pid, own);
        assert_eq!(process.parent, std::os::unix::process::parent_id());
        assert_eq!(process.exe.as_path(), std::env::current_exe().unwrap());
        assert!(!process.arguments.is_empty());
    }
}
