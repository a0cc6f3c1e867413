//! Outside processes, lowbox's own, and outliving the launcher. `{init}` is the victim outside and process 1 inside.

use std::io;

use rustix::process::{Pid, Signal, kill_process};

use super::super::attack::{Attack, Judge, attack};
use super::super::live::{Live, until};
use Judge::{After, Appears, Dies, Event, Gained, Leak, Watch};

const RW: &[&str] = &["--grant", "{rw}:rw"];
/// A launcher that does nothing about its child.
const LAUNCHER: &[&str] = &["{programs}/launcher"];

const fn victim(
    name: &'static str,
    program: &'static str,
    judge: Judge,
    args: &'static [&'static str],
) -> Attack {
    attack(name, program, judge, args).victim(&["process"])
}

pub const ATTACKS: &[Attack] = &[
    victim("ptrace-outside", "ptrace", Leak, &["{victim_pid}", "{victim_address}"]),
    victim("ptrace-init", "ptrace", Gained, &["{init}", "{victim_address}"]),
    victim("process-vm-readv-outside", "process_vm", Leak, &["read", "{victim_pid}", "{victim_address}"]),
    victim("process-vm-readv-init", "process_vm", Gained, &["read", "{init}", "{victim_address}"]),
    victim("process-vm-writev-outside", "process_vm", Event, &["write", "{victim_pid}", "{victim_address}"]),
    victim("process-vm-writev-init", "process_vm", Gained, &["write", "{init}", "{victim_address}"]),
    victim("kill-outside", "kill", Dies, &["kill", "{victim_pid}", "9"]),
    victim("kill-init", "kill", Gained, &["kill", "{init}", "15"]),
    victim("tkill-outside", "kill", Dies, &["tkill", "{victim_pid}", "9"]),
    victim("tgkill-outside", "kill", Dies, &["tgkill", "{victim_pid}", "9"]),
    victim("tgkill-init", "kill", Gained, &["tgkill", "{init}", "15"]),
    victim("sigqueue-outside", "kill", Dies, &["sigqueue", "{victim_pid}", "9"]),
    victim("pidfd-send-signal-outside", "kill", Dies, &["pidfd", "{victim_pid}", "9"]),
    victim("pidfd-send-signal-init", "kill", Gained, &["pidfd", "{init}", "15"]),
    victim("signal-by-setown-outside", "setown", Dies, &["{victim_pid}"]),
    victim("pidfd-getfd-outside", "pidfd_getfd", Leak, &["{victim_pid}", "{victim_fd}"]),
    victim("pidfd-getfd-init", "pidfd_getfd", Gained, &["{init}", "{victim_fd}"]),
    victim("prlimit-outside", "prlimit", After(limit_changed), &["{victim_pid}"]),
    victim("prlimit-init", "prlimit", Gained, &["{init}"]),
    victim("renice-outside", "renice", Gained, &["{victim_pid}"]),
    attack("outlive-the-launcher", "outlive", Appears("{rw}/alive"), &["{rw}/alive"])
        .lowbox(RW)
        .patience(1600),
    attack(
        "survive-kill-9-of-launcher",
        "heartbeat",
        Watch(beats_after_killing_the_launcher),
        &["{rw}/beat"],
    )
    .lowbox(RW)
    .unconfined(LAUNCHER),
    attack(
        "outlive-the-end-by-stalling-init",
        "connect_stall",
        Watch(beats_after_ending_the_launcher),
        &["{rw}/beat"],
    )
    .lowbox(RW)
    // Init connects for nobody who is learned about.
    .within_reach()
    .unconfined(LAUNCHER),
    attack("survive-kill-9-of-each-lowbox", "heartbeat", Watch(beats_after_killing_any), &["{rw}/beat"])
        .lowbox(RW)
        .unconfined(LAUNCHER),
];

fn limit_changed(live: &mut Live) -> io::Result<bool> {
    let limits = std::fs::read_to_string(live.scene.at("/proc/{victim_pid}/limits"))?;
    Ok(limits.lines().any(|line| line.starts_with("Max open files") && line.contains(" 77 ")))
}

fn kill(pid: u32) -> io::Result<()> {
    send(pid, Signal::KILL)
}

fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_raw(pid as i32).ok_or_else(|| io::Error::other("no process"))?;
    Ok(kill_process(pid, signal)?)
}

fn still_beats(live: &Live) -> bool {
    let size = || live.scene.at("{rw}/beat").metadata().map_or(0, |m| m.len());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let then = size();
    until(400, || size() > then)
}

fn beats_after_killing_the_launcher(live: &mut Live) -> io::Result<bool> {
    if !live.ready() {
        return Ok(false);
    }
    kill(live.child.as_ref().map_or(0, |child| child.id()))?;
    Ok(still_beats(live))
}

/// Kills the process of lowbox beneath the launcher that holds the program: the container's init, or the supervisor where there is none.
/// Others help: one that reads call stacks may end, which takes nothing from the isolation.
fn beats_after_killing_any(live: &mut Live) -> io::Result<bool> {
    if !live.ready() {
        return Ok(false);
    }
    let launcher = live.child.as_ref().map_or(0, |child| child.id());
    let own = live.descendants().into_iter().filter(|p| p.name != "heartbeat").map(|p| p.pid);
    let own = own.max_by_key(|pid| (is_init(*pid), *pid));
    kill(if live.side.is_confined() { own.unwrap_or(launcher) } else { launcher })?;
    Ok(still_beats(live))
}

/// Whether it is the first of a pid namespace of its own.
fn is_init(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    numbers.split_whitespace().count() > 1 && numbers.split_whitespace().last() == Some("1")
}

/// Asks the launcher to end, as a user or a service manager does.
fn beats_after_ending_the_launcher(live: &mut Live) -> io::Result<bool> {
    if !until(25_000, || live.printed("attack").contains("READY")) {
        return Err(io::Error::other("it does not get as far as that"));
    }
    send(live.child.as_ref().map_or(0, |child| child.id()), Signal::TERM)?;
    until(5000, || live.child.as_mut().is_none_or(|c| c.try_wait().is_ok_and(|status| status.is_some())));
    Ok(still_beats(live))
}
