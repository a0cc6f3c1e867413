//! Signals, job control, exit codes, and that nothing outlives a container.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lowbox_program_tests::{everyone, finish, pids_with, unique_sleep, until};
use rustix::process::{Pid, Signal, kill_process};

/// Starts a command and waits for its line `ready`.
fn start(mut command: Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("lowbox");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n", "the program did not start");
    (child, output)
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id() as i32).expect("a pid");
    kill_process(pid, signal).expect("it runs");
}

/// Ends within ten seconds, or fails the test.
fn code(mut child: Child) -> Option<i32> {
    let mut status = None;
    let ended = until(Duration::from_secs(10), || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    if !ended {
        let _ = child.kill();
        panic!("lowbox did not end");
    }
    status.and_then(|status| status.code())
}

/// How many processes have this in their command line; lowbox's own have it too.
fn processes_with(marker: &str) -> usize {
    pids_with(marker).len()
}

#[test]
fn signals_to_lowbox_reach_the_program_which_decides_what_they_mean() {
    everyone(|person| {
        for (name, signal) in
            [("TERM", Signal::TERM), ("INT", Signal::INT), ("HUP", Signal::HUP), ("USR1", Signal::USR1)]
        {
            let script =
                format!("trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done");
            let (child, mut output) = start(person.shell(&script));
            send(&child, signal);
            let mut rest = String::new();
            output.read_to_string(&mut rest).expect("text");
            assert_eq!((rest.as_str(), code(child)), (format!("got {name}\n").as_str(), Some(9)));
        }
    });
}

#[test]
fn a_signal_that_ends_the_program_gives_128_and_its_number() {
    everyone(|person| {
        for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::QUIT, 3)] {
            // Not bash: a shell that waits for a child has an opinion of its own about SIGINT.
            let sleeper = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print('ready', flush=True); time.sleep(60)";
            let (child, _) = start(person.inside([""; 0], ["/usr/bin/python3", "-c", sleeper]));
            send(&child, signal);
            assert_eq!(code(child), Some(128 + number));
        }
        for (name, number) in [("KILL", 9), ("SEGV", 11), ("ABRT", 6), ("TERM", 15)] {
            let ended = finish(person.shell(&format!("kill -{name} $$")), 20);
            assert_eq!(ended.code(), Some(128 + number), "{name}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_caller_that_ignores_its_children_gets_the_exit_code_all_the_same() {
    everyone(|person| {
        // An ignored SIGCHLD is inherited through execve(2), and then no end is reported (wait(2)).
        let ignoring = "import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])";
        let before = ["/usr/bin/python3", "-c", ignoring];
        let command = person.inside_after(before, [""; 0], ["/bin/sh", "-c", "exit 41"]);
        assert_eq!(finish(command, 30).code(), Some(41));
    });
}

#[test]
fn exit_codes_pass_through() {
    everyone(|person| {
        for code in [0, 1, 2, 42, 125, 126, 127, 128, 200, 255] {
            assert_eq!(finish(person.shell(&format!("exit {code}")), 20).code(), Some(code));
        }
    });
}

#[test]
fn a_stop_stops_the_whole_program_and_a_continue_continues_it() {
    everyone(|person| {
        let count = "i=0; while :; do i=$((i+1)); echo $i > n.new; mv n.new n; sleep 0.02; done";
        let folder = person.folder("count");
        let script = format!("cd {}; echo ready; exec bash -c '{count}' >/dev/null", folder.display());
        let grant = lowbox_program_tests::Person::grant(&folder, "rw");
        let (child, _) = start(person.inside(grant, ["/bin/bash", "-c", &script]));
        let counted = || std::fs::read_to_string(folder.join("n")).unwrap_or_default();
        assert!(until(Duration::from_secs(5), || !counted().is_empty()), "it counts");
        send(&child, Signal::TSTP);
        let state = || std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        assert!(
            until(Duration::from_secs(5), || state().contains("State:\tT")),
            "lowbox itself stops: {}",
            state()
        );
        std::thread::sleep(Duration::from_millis(200));
        let stopped_at = counted();
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(counted(), stopped_at, "it went on while it was stopped");
        send(&child, Signal::CONT);
        assert!(until(Duration::from_secs(5), || counted() != stopped_at), "it does not go on");
        send(&child, Signal::TERM);
        assert_eq!(code(child), Some(143));
    });
}

#[test]
fn job_control_of_a_shell_inside_works() {
    everyone(|person| {
        let script =
            "set -m; sleep 50 & kill -STOP %1; sleep 0.2; jobs; kill -CONT %1; kill %1; wait %1; echo $?";
        let output = finish(person.shell(script), 20).succeeded();
        assert!(output.contains("Stopped") && output.ends_with("143"), "{output}");
    });
}

#[test]
fn nothing_stays_behind_after_a_program_that_makes_itself_a_daemon() {
    everyone(|person| {
        let sleep = unique_sleep();
        let script = format!("(setsid sleep {sleep} >/dev/null 2>&1 </dev/null &) ; sleep 0.2; echo done");
        let begin = Instant::now();
        assert_eq!(finish(person.shell(&script), 20).succeeded(), "done");
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert!(until(Duration::from_secs(2), || processes_with(&sleep) == 0), "the daemon lives");
    });
}

#[test]
fn killing_lowbox_ends_everything() {
    everyone(|person| {
        let sleep = unique_sleep();
        let script = format!("(setsid sleep {sleep} &) ; sleep {sleep} & echo ready; wait");
        let (mut child, _) = start(person.shell(&script));
        assert!(until(Duration::from_secs(5), || processes_with(&sleep) >= 4));
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
        assert!(
            until(Duration::from_secs(5), || processes_with(&sleep) == 0),
            "{} live",
            processes_with(&sleep)
        );
    });
}

#[test]
fn a_thousand_children_are_reaped() {
    everyone(|person| {
        // Orphans go to pid 1 of the container, which must not keep them as zombies.
        let script = "for i in $(seq 300); do (true &) ; done; sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l";
        assert_eq!(finish(person.shell(script), 60).succeeded(), "0");
    });
}
