//! Exhausting what the host shares with the container.

use std::io;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use Judge::{Gained, Watch};

pub const ATTACKS: &[Attack] = &[
    attack("fork-bomb", "fork_bomb", Watch(too_many_processes), &[]).lowbox(&["--pids", "64"]),
    attack("memory-bomb", "memory_bomb", Gained, &[]).lowbox(&["--memory", "268435456"]),
    attack("fill-tmp", "fill_tmp", Gained, &["/tmp"]).lowbox(&["--memory", "268435456"]),
    attack("fill-dev-shm", "fill_tmp", Gained, &["/dev/shm"]).lowbox(&["--memory", "268435456"]),
    attack("exhaust-descriptors", "descriptors", Watch(host_cannot_open), &[]).needs(descriptors_are_few),
    attack("exhaust-inotify-instances", "inotify", Watch(host_has_no_inotify), &[]),
];

/// The bomb went off, or the host can't start a process any more.
fn too_many_processes(live: &mut Live) -> io::Result<bool> {
    super::super::live::until(5000, || {
        live.printed("attack").contains("GAINED") || live.printed("attack").contains("DENIED")
    });
    let host = std::process::Command::new("/bin/true").status();
    Ok(live.printed("attack").contains("GAINED") || !host.is_ok_and(|status| status.success()))
}

fn host_cannot_open(live: &mut Live) -> io::Result<bool> {
    live.ready();
    std::thread::sleep(std::time::Duration::from_millis(500));
    Ok(std::fs::File::open("/dev/null").is_err())
}

fn host_has_no_inotify(live: &mut Live) -> io::Result<bool> {
    live.ready();
    Ok(rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).is_err())
}

/// Four processes can't exhaust a limit that has grown with memory; that each process has its own limit stays true.
fn descriptors_are_few(_: &Setup) -> Option<&'static str> {
    let system: Option<u64> =
        std::fs::read_to_string("/proc/sys/fs/file-max").ok().and_then(|text| text.trim().parse().ok());
    let own = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    (system.unwrap_or(u64::MAX) > own.unwrap_or(0).saturating_mul(4))
        .then_some("fs.file-max is more than the processes of the attack may open")
}
