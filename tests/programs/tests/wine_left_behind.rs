//! What programs leave in a kept container, and starts that fail there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::{Duration, Instant};

use lowbox_program_tests::kept::{said, send, with_meet};
use lowbox_program_tests::{Person, finish, pids_with, start, text, until};
use rustix::process::{Pid, Signal, kill_process};

/// A program of Linux's that says nothing and does not end when it is told to, found by its `mark`.
fn stays(before: &str, mark: &str) -> String {
    format!(
        "python:import os, signal, time; signal.signal(15, signal.SIG_IGN); {before}; time.sleep(600) # {mark}"
    )
}

/// The processes of Python's with this mark.
fn pythons(mark: &str) -> Vec<Pid> {
    let is_one = |pid: &Pid| {
        let program = fs::read_link(format!("/proc/{}/exe", pid.as_raw_pid())).unwrap_or_default();
        program.to_string_lossy().contains("python3")
    };
    pids_with(mark).into_iter().filter(is_one).collect()
}

fn mark(person: &Person, name: &str) -> String {
    format!("{name}-{}-{}", std::process::id(), person.is_root())
}

#[test]
fn the_first_process_of_a_kept_container_has_no_way_to_a_caller() {
    with_meet(|_, kept| {
        finish(kept.run(60, &[], &[]), 60).succeeded();
        let starter = kept.starter();
        let is_first = |pid: &Pid| {
            let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap_or_default();
            status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"))
        };
        let first = kept.lowboxes().into_iter().find(|pid| *pid != starter && is_first(pid)).expect("pid 1");
        let files = fs::read_dir(format!("/proc/{}/fd", first.as_raw_pid())).expect("its descriptors");
        let mut files: Vec<String> = files
            .map(|file| fs::read_link(file.expect("an entry").path()).expect("a link"))
            .map(|file| file.to_string_lossy().split(":[").next().expect("a word").to_owned())
            .collect();
        files.sort();
        let expected = [
            "/dev/null",
            "/dev/null",
            "/dev/null",
            "anon_inode:[signalfd]",
            "anon_inode:seccomp notify",
            // The keeper and the starter.
            "socket",
            "socket",
        ];
        let expected: Vec<String> =
            expected.iter().map(|file| file.split(":[").next().expect("a word").to_owned()).collect();
        assert_eq!(files, expected);
    });
}

#[test]
fn a_start_for_which_there_is_no_process_fails_alone_and_the_next_one_does_not() {
    with_meet(|_, kept| {
        let first = start(kept.run(60, &[], &[r"write:C:\begun.txt", "wait:go", "exit:4"]));
        assert!(until(Duration::from_secs(30), || kept.has_made("begun.txt")));
        let (keeper, starter) = (kept.keeper(), kept.starter());
        // As its own user, who may change the soft limit.
        let owner = fs::metadata(format!("/proc/{}", starter.as_raw_pid())).expect("it runs");
        let limit = |number: &str| {
            let mut limit = Command::new("setpriv");
            limit.args([format!("--reuid={}", owner.uid()), format!("--regid={}", owner.gid())]);
            limit.args(["--clear-groups", "prlimit", "--pid", &starter.as_raw_pid().to_string()]);
            assert!(limit.arg(format!("--nproc={number}:")).status().expect("setpriv").success());
        };
        let limits =
            fs::read_to_string(format!("/proc/{}/limits", starter.as_raw_pid())).expect("its limits");
        let before = limits.lines().find(|line| line.starts_with("Max processes")).expect("one");
        let before = before.split_whitespace().nth(2).expect("the soft one").to_owned();
        limit("1");
        let second = finish(kept.run(60, &[], &["exit:0"]), 60);
        assert_eq!(second.code(), Some(125), "{}", second.stderr);
        assert!(
            second.stderr.contains("the program's process: Resource temporarily unavailable"),
            "{}",
            second.stderr
        );
        limit(&before);
        std::thread::sleep(Duration::from_secs(6));
        assert_eq!(said(&finish(kept.run(60, &[], &["tell:go"]), 60)), "tells");
        let first = first.finish(60);
        assert_eq!((first.code(), said(&first).as_str()), (Some(4), "told"), "{}", first.stderr);
        assert_eq!(kept.keeper(), keeper);
    });
}

#[test]
fn where_nothing_starts_programs_any_more_those_that_run_go_on_and_the_next_one_has_a_container_of_its_own() {
    with_meet(|_, kept| {
        // What does not answer is waited for, for ten seconds.
        for (signal, sleep) in [(Signal::KILL, "sleep:9000"), (Signal::STOP, "sleep:20000")] {
            let begun = format!("begun-{}.txt", signal.as_raw());
            let words = [&format!(r"write:C:\{begun}"), sleep, r"write:C:\went-on.txt", "exit:4"];
            let first = start(kept.run(60, &[], &words));
            assert!(until(Duration::from_secs(30), || kept.has_made(&begun)));
            let (keeper, starter) = (kept.keeper(), kept.starter());
            kill_process(starter, signal).expect("it runs");
            let second = finish(kept.run(60, &[], &["exit:0"]), 60);
            assert_eq!(second.code(), Some(125), "{}", second.stderr);
            assert!(second.stderr.contains("other programs run there"), "{}", second.stderr);
            let first = first.finish(60);
            assert_eq!(first.code(), Some(4), "{}", first.stderr);
            assert!(kept.has_made("went-on.txt"));
            finish(kept.run(60, &[], &["exit:0"]), 60).succeeded();
            assert_ne!(kept.keeper(), keeper);
        }
    });
}

#[test]
fn a_keeper_does_nothing_while_a_caller_says_nothing() {
    const CALL: &str = "import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
print('connected', flush=True)
s.settimeout(30)
# Where to look, and then the end.
s.recv(100)
s.recv(100)
";
    with_meet(|person, kept| {
        finish(kept.run(2, &[], &[]), 60).succeeded();
        let keeper = kept.keeper();
        let folder = person.home().join(".local/share/lowbox/kept");
        let socket = fs::read_dir(&folder).unwrap().next().expect("a socket").unwrap().path();
        let caller = start(person.plain(["/usr/bin/python3", "-c", CALL, text(&socket)]));
        // Its time is over by then, and only who has called keeps it.
        std::thread::sleep(Duration::from_secs(4));
        let turns = || {
            let stat =
                fs::read_to_string(format!("/proc/{}/stat", keeper.as_raw_pid())).expect("it is there");
            let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
            // utime and stime, in hundredths of a second (proc_pid_stat(5)).
            [11, 12].map(|at: usize| fields[at].parse::<u64>().expect("a number")).iter().sum::<u64>()
        };
        let before = turns();
        std::thread::sleep(Duration::from_secs(4));
        assert!(turns() - before <= 2, "{} hundredths of a second", turns() - before);
        kept.is_gone_within(20);
        assert_eq!(caller.finish(10).text(), "connected");
    });
}

#[test]
fn what_a_program_left_that_ends_every_other_one_is_ended_itself() {
    with_meet(|person, kept| {
        let mark = mark(person, "killer");
        let script = person.file(
            "killer.py",
            "import os, time
old = set(os.listdir('/proc'))
while True:
    for process in set(os.listdir('/proc')) - old:
        try:
            if process.isdigit() and b'meet.exe' in open('/proc/' + process + '/cmdline', 'rb').read():
                os.kill(int(process), 9)
        except OSError:
            pass
    time.sleep(0.002)
",
        );
        let grant = format!("{}:r", text(&script));
        let grant = ["--grant", &grant];
        let left = stays(&format!("os.setsid(); exec(open('{}').read())", text(&script)), &mark);
        let first = finish(kept.run(60, &grant, &[&left, "sleep:500"]), 60);
        assert_eq!(said(&first), "started", "{}", first.stderr);
        assert_eq!(pythons(&mark).len(), 1);
        let second = finish(kept.run(60, &grant, &["sleep:3000"]), 60);
        assert_eq!(second.code(), Some(128 + 9), "{}", second.stderr);
        let third = finish(kept.run(60, &grant, &["sleep:500", "exit:6"]), 60);
        assert_eq!(third.code(), Some(6), "{}", third.stderr);
        assert!(pythons(&mark).is_empty());
    });
}

#[test]
fn nothing_that_was_left_outlives_ten_times_its_time_however_often_programs_are_started() {
    with_meet(|person, kept| {
        let mark = mark(person, "old");
        let left = stays("os.setsid()", &mark);
        let began = Instant::now();
        finish(kept.run(1, &[], &[&left]), 60).succeeded();
        assert_eq!(pythons(&mark).len(), 1);
        while began.elapsed() < Duration::from_secs(18) {
            finish(kept.run(1, &[], &["exit:0"]), 60).succeeded();
        }
        assert!(pythons(&mark).is_empty());
    });
}

#[test]
fn who_kills_a_run_ends_its_other_process_groups_too_and_all_at_once_if_nothing_else_runs() {
    with_meet(|person, kept| {
        let [group, session] = ["group", "session"].map(|name| mark(person, name));
        let other = start(kept.run(60, &[], &["wait:end", "exit:7"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        let words =
            [stays("os.setpgid(0, 0)", &group), r"write:C:\one.txt".to_owned(), "sleep:60000".to_owned()];
        let one = start(kept.run(60, &[], &words.each_ref().map(String::as_str)));
        assert!(until(Duration::from_secs(30), || kept.has_made("one.txt") && !pythons(&group).is_empty()));
        std::thread::sleep(Duration::from_millis(500));
        send(one.pid(), Signal::KILL);
        one.finish(10);
        assert!(
            until(Duration::from_secs(3), || pythons(&group).is_empty()),
            "another process group goes on"
        );
        assert_eq!(said(&finish(kept.run(60, &[], &["key:78", "tell:end"]), 60)), "tells");
        assert_eq!(other.finish(60).code(), Some(7));
        // Alone, with a session of its own that does not end when it is told to.
        let words =
            [stays("os.setsid()", &session), r"write:C:\two.txt".to_owned(), "sleep:60000".to_owned()];
        let two = start(kept.run(60, &[], &words.each_ref().map(String::as_str)));
        assert!(until(Duration::from_secs(30), || kept.has_made("two.txt") && !pythons(&session).is_empty()));
        std::thread::sleep(Duration::from_millis(500));
        send(two.pid(), Signal::KILL);
        assert!(
            until(Duration::from_millis(2500), || pythons(&session).is_empty()),
            "another session goes on"
        );
        two.finish(10);
        kept.is_gone_within(10);
        assert!(kept.registry().contains("\"Meet\"=dword:0000004e"));
    });
}
