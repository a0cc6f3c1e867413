//! Exhausting what the host shares with the container.

use std::io;

use super::super::attack::{Attack, Judge, Templates, attack};
use super::super::live::{Live, until};
use super::super::setup::Setup;
use Judge::{Gained, Watch};

/// What exhausts the machine would spoil what is tried beside it.
const fn exhausts(name: &'static str, program: &'static str, judge: Judge, args: Templates) -> Attack {
    attack(name, program, judge, args).alone()
}

pub const ATTACKS: &[Attack] = &[
    exhausts("fork-bomb", "fork_bomb", Watch(too_many_processes), &[]).lowbox(&["--pids", "64"]),
    exhausts("memory-bomb", "memory_bomb", Gained, &[]).lowbox(&["--memory", "268435456"]),
    exhausts("fill-tmp", "fill_tmp", Gained, &["/tmp"]).lowbox(&["--memory", "268435456"]),
    exhausts("fill-dev-shm", "fill_tmp", Gained, &["/dev/shm"]).lowbox(&["--memory", "268435456"]),
    exhausts("fill-dev-shm-with-names", "fill_names", Gained, &["/dev/shm"]),
    exhausts("exhaust-descriptors", "descriptors", Watch(host_cannot_open), &[]).needs(descriptors_are_few),
    exhausts("exhaust-inotify-watches", "inotify_watches", Watch(watches_are_taken), &["{rw}"])
        .lowbox(&["--grant", "{rw}:rw"])
        .needs(watches_are_few),
    exhausts("exhaust-locked-memory", "locked_memory", Watch(host_can_lock_nothing), &[])
        .proof(super::super::attack::Proof::User),
    exhausts("exhaust-queued-signals", "queued_signals", Watch(signals_are_queued), &[])
        .needs(signals_are_few),
    exhausts("exhaust-inotify-instances", "inotify", Watch(host_has_no_inotify), &[]),
];

/// The bomb went off, or the host can't start a process any more.
fn too_many_processes(live: &mut Live) -> io::Result<bool> {
    until(5000, || live.printed("attack").contains("GAINED") || live.printed("attack").contains("DENIED"));
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

/// A quarter of what is usual for a user (inotify(7)), and what a container may have.
const WATCHES: usize = 16384;

/// Counts the watches of the attack's processes, as the host's kernel lists them (proc(5), fdinfo).
fn watches_are_taken(live: &mut Live) -> io::Result<bool> {
    ready(live)?;
    let started = live.child.as_ref().map(std::process::Child::id);
    let pids: Vec<u32> = started.into_iter().chain(live.descendants().iter().map(|p| p.pid)).collect();
    let lists = pids.iter().filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/fdinfo")).ok()).flatten();
    let texts = lists.flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    let held: usize =
        texts.map(|text| text.lines().filter(|line| line.starts_with("inotify wd:")).count()).sum();
    end(live)?;
    if held == 0 { Err(io::Error::other("no watch is seen")) } else { Ok(held > WATCHES) }
}

/// The attack takes 17000.
fn watches_are_few(_: &Setup) -> Option<&'static str> {
    let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").unwrap_or_default();
    (most.trim().parse().unwrap_or(0) < 17_000)
        .then_some("fs.inotify.max_user_watches is less than the attack takes")
}

/// What a container may have queued.
const SIGNALS: u64 = 1024;

/// What the harness's own user has queued (proc(5), SigQ), which is what its timers come from.
fn signals_are_queued(live: &mut Live) -> io::Result<bool> {
    ready(live)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let queued =
        status.lines().find_map(|line| line.strip_prefix("SigQ:")?.trim().split('/').next()?.parse().ok());
    let queued: u64 = queued.ok_or_else(|| io::Error::other("no SigQ"))?;
    end(live)?;
    Ok(queued > SIGNALS * 2)
}

/// The attack queues 4000.
fn signals_are_few(_: &Setup) -> Option<&'static str> {
    let own = rustix::process::getrlimit(rustix::process::Resource::Sigpending).current;
    own.is_some_and(|own| own < 4000).then_some("the user may queue fewer signals than the attack does")
}

/// Until the attack has what it can get.
fn ready(live: &mut Live) -> io::Result<()> {
    match until(25_000, || live.printed("attack").contains("READY")) {
        true => Ok(()),
        false => Err(io::Error::other("it does not get as far as that")),
    }
}

fn end(live: &mut Live) -> io::Result<()> {
    let child = live.child.as_ref().map_or(0, std::process::Child::id);
    let pid = rustix::process::Pid::from_raw(child as i32).ok_or_else(|| io::Error::other("no process"))?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
}

/// The host's user, in a process of its own.
fn host_can_lock_nothing(live: &mut Live) -> io::Result<bool> {
    ready(live)?;
    let script = "import ctypes, sys
libc = ctypes.CDLL(None)
segment = libc.shmget(0, 4096, 0o600)
failed = libc.shmctl(segment, 11, None)
libc.shmctl(segment, 0, None)
sys.exit(failed != 0)";
    let locked = std::process::Command::new("/usr/bin/python3").args(["-c", script]).status()?.success();
    end(live)?;
    Ok(!locked)
}
