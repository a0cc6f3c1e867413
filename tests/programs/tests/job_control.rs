//! lowbox as a job of a shell: what Ctrl-Z, kill and a closed terminal do to it and its container.

use std::time::Duration;

use lowbox_program_tests::{Person, Session, everyone, pids_with, unique_sleep, until, words};
use rustix::process::{Pid, Signal, kill_process};

/// A shell whose job, a program inside, is stopped by Ctrl-Z. The program's sleep.
fn stopped(person: &Person) -> (Session, String) {
    let sleep = unique_sleep();
    let job = words(person, &[], &["/bin/sh", "-c", &format!("echo read''y; sleep {sleep}; :")]);
    let mut session = Session::start(person, "PS1=prompt: bash --norc -i");
    session.see("prompt:");
    session.type_in(&format!("{job}\n"));
    session.see("ready");
    let asleep = || pids_with(&sleep).into_iter().filter(|pid| name_of(*pid) == "sleep").count();
    assert!(until(Duration::from_secs(15), || asleep() == 1), "the program does not get as far as its sleep");
    session.type_in("\x1a");
    session.see("Stopped");
    (session, sleep)
}

fn name_of(pid: Pid) -> String {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_pid()));
    name.unwrap_or_default().trim().to_owned()
}

/// By the third field of stat (proc(5)).
fn is_stopped(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// The processes that are left of the job; ends them, so that a test that fails leaves nothing.
fn left(sleep: &str) -> Vec<String> {
    if until(Duration::from_secs(15), || pids_with(sleep).is_empty()) {
        return Vec::new();
    }
    let pids = pids_with(sleep);
    let names = pids.iter().map(|pid| name_of(*pid)).collect();
    for pid in pids {
        let _ = kill_process(pid, Signal::KILL);
    }
    names
}

#[test]
fn kill_ends_a_job_that_control_z_has_stopped_and_its_container() {
    everyone(|person| {
        let (mut session, sleep) = stopped(person);
        session.type_in("kill %1\n");
        assert_eq!(left(&sleep), Vec::<String>::new());
        session.type_in("\n");
        session.see("Exit 143");
        session.type_in("exit 0\n");
        session.ends_with_code(0);
    });
}

#[test]
fn a_job_that_control_z_has_stopped_ends_with_its_terminal() {
    everyone(|person| {
        let (session, sleep) = stopped(person);
        session.close();
        assert_eq!(left(&sleep), Vec::<String>::new());
    });
}

#[test]
fn a_job_that_control_z_has_stopped_goes_on_in_the_foreground_only() {
    everyone(|person| {
        let marker = unique_sleep();
        let script = "echo read''y; read line; echo got:$line; exit 8";
        let job = words(person, &[], &["/bin/sh", "-c", script, &marker]);
        let mut session = Session::start(person, "PS1=prompt: bash --norc -i");
        session.see("prompt:");
        session.type_in(&format!("{job}\n"));
        session.see("ready");
        session.type_in("\x1a");
        session.see("Stopped");
        // The line is the shell's: the program, which waits for one, does not get it.
        session.type_in("bg\n");
        session.type_in("echo $((6 * 7))-shell\n");
        session.see("42-shell");
        let is = |name: &str, stopped: bool| {
            pids_with(&marker).into_iter().any(|pid| name_of(pid) == name && is_stopped(pid) == stopped)
        };
        assert!(until(Duration::from_secs(15), || is("lowbox", true)), "lowbox goes on in the background");
        session.type_in("fg\n");
        assert!(until(Duration::from_secs(15), || is("sh", false)), "the job does not go on");
        session.type_in("typed\n");
        session.see("got:typed");
        session.type_in("echo code:$?\n");
        session.see("code:8");
        assert!(!session.text().contains("got:echo"), "{}", session.text());
        session.type_in("exit 0\n");
        session.ends_with_code(0);
    });
}
