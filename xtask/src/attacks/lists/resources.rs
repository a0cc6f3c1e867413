//! Exhausting what the host shares with the container.

use std::io;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use Judge::{Gained, Watch};

pub const ATTACKS: &[Attack] = &[
    attack("fork-bomb", "fork_bomb", Gained, &[]).lowbox(&["--pids", "64"]),
    attack("memory-bomb", "memory_bomb", Gained, &[]).lowbox(&["--memory", "268435456"]),
    attack("fill-tmp", "fill_tmp", Gained, &["/tmp"]).lowbox(&["--memory", "268435456"]),
    attack("fill-dev-shm", "fill_tmp", Gained, &["/dev/shm"]).lowbox(&["--memory", "268435456"]),
    attack("exhaust-descriptors", "descriptors", Watch(host_cannot_open), &[]).needs(descriptors_are_few),
    attack("exhaust-inotify-instances", "inotify", Watch(host_has_no_inotify), &[]),
    attack("exhaust-pipe-buffers", "pipe_pages", Watch(host_pipes_are_small), &[]).needs(pipes_are_bounded),
];

fn host_cannot_open(live: &mut Live) -> io::Result<bool> {
    live.ready();
    std::thread::sleep(std::time::Duration::from_millis(500));
    Ok(std::fs::File::open("/dev/null").is_err())
}

fn host_has_no_inotify(live: &mut Live) -> io::Result<bool> {
    live.ready();
    Ok(rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).is_err())
}

fn host_pipes_are_small(live: &mut Live) -> io::Result<bool> {
    live.ready();
    let (read, _write) = rustix::pipe::pipe()?;
    Ok(rustix::pipe::fcntl_getpipe_size(&read)? < 65536)
}

/// Four processes can't exhaust a limit that has grown with memory; that each process has its own limit stays true.
fn descriptors_are_few(_: &Setup) -> Option<&'static str> {
    let system: Option<u64> =
        std::fs::read_to_string("/proc/sys/fs/file-max").ok().and_then(|text| text.trim().parse().ok());
    let own = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    (system.unwrap_or(u64::MAX) > own.unwrap_or(0).saturating_mul(4))
        .then_some("fs.file-max is more than the processes of the attack may open")
}

fn pipes_are_bounded(setup: &Setup) -> Option<&'static str> {
    setup.root.then_some("root has no limit of pipe buffers")
}
