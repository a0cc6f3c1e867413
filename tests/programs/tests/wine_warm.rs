//! Windows programs that share a container, and containers that are kept.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lowbox_program_tests::{
    Person, Session, everyone_with_wine, finish, finish_with_input, own_windows_program, pids_with, start,
    text, until,
};
use rustix::process::{Pid, Signal, getsid, kill_process};

/// What a person has running. Whatever is left is ended with the test.
struct Kept<'a>(&'a Person);

impl Kept<'_> {
    fn folder(&self) -> PathBuf {
        self.0.home().parent().expect("a folder for all").to_owned()
    }

    /// A program of the package `one`, which keeps its container for that many seconds.
    fn run(&self, seconds: u32, options: &[&str], words: &[&str]) -> Command {
        self.run_after(&[], seconds, options, words)
    }

    /// The same, started by a command that executes what follows it.
    fn run_after(&self, before: &[&str], seconds: u32, options: &[&str], words: &[&str]) -> Command {
        let seconds = seconds.to_string();
        let options = [&["--name", "one", "--keep-warm", &seconds], options].concat();
        self.0.inside_after(before, options, [&["./meet.exe"], words].concat())
    }

    /// lowbox's processes: callers, keepers, and those in containers.
    fn lowboxes(&self) -> Vec<Pid> {
        pids_with(text(&self.folder().join("lowbox")))
    }

    /// It leads a session of its own.
    fn keepers(&self) -> Vec<Pid> {
        let leads = |pid: &Pid| getsid(Some(*pid)) == Ok(*pid);
        self.lowboxes().into_iter().filter(leads).collect()
    }

    fn keeper(&self) -> Pid {
        let mut keepers = Vec::new();
        // One whose container has ended goes a moment later.
        until(Duration::from_secs(5), || {
            keepers = self.keepers();
            keepers.len() == 1
        });
        assert_eq!(keepers.len(), 1, "{keepers:?}");
        keepers[0]
    }

    /// What starts programs in the container: lowbox's, and not its first process there.
    fn starter(&self) -> Pid {
        let number_inside = |pid: &Pid| {
            let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap_or_default();
            let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?.to_owned();
            numbers.split_whitespace().nth(1)?.parse::<u32>().ok()
        };
        let is_it = |pid: &Pid| number_inside(pid).is_some_and(|number| number != 1);
        self.lowboxes().into_iter().find(is_it).expect("a starter")
    }

    /// The files that lowbox's processes and those of the container have open.
    fn open_files(&self) -> Vec<PathBuf> {
        let inside = fs::read_dir("/proc").expect("proc").flatten().filter(|entry| self.sees_prefix(entry));
        let lowbox = self.folder().join("lowbox");
        // A shell that starts one has its words too.
        let is_one = |folder: &PathBuf| fs::read_link(folder.join("exe")).is_ok_and(|file| file == lowbox);
        let lowboxes = self.lowboxes().into_iter().map(|pid| format!("/proc/{}", pid.as_raw_pid()).into());
        let lowboxes = lowboxes.filter(is_one);
        let folders = inside.map(|entry| entry.path()).chain(lowboxes);
        let files =
            folders.flat_map(|folder| fs::read_dir(folder.join("fd")).into_iter().flatten().flatten());
        files.filter_map(|file| fs::read_link(file.path()).ok()).collect()
    }

    fn sees_prefix(&self, process: &fs::DirEntry) -> bool {
        let prefix = format!("{}/", text(&self.0.home().join(".local/share/lowbox/packages")));
        let mounts = fs::read_to_string(process.path().join("mountinfo")).unwrap_or_default();
        mounts.lines().any(|line| line.contains(&prefix) && line.contains(" overlay "))
    }

    /// Processes to which the package's prefix is mounted.
    fn inside(&self) -> usize {
        fs::read_dir("/proc").expect("proc").flatten().filter(|entry| self.sees_prefix(entry)).count()
    }

    #[track_caller]
    fn is_gone_within(&self, seconds: u64) {
        let gone = || self.lowboxes().is_empty() && self.inside() == 0;
        assert!(until(Duration::from_secs(seconds), gone), "{:?} {}", self.lowboxes(), self.inside());
    }

    /// Whether there is this file on drive C:.
    fn has_made(&self, file: &str) -> bool {
        let so_far = self.0.package_so_far("one");
        so_far.is_some_and(|one| one.join("WineChanges/upper/drive_c").join(file).exists())
    }

    fn registry(&self) -> String {
        let file = self.0.package("one").join("WineChanges/upper/user.reg");
        fs::read_to_string(file).unwrap_or_default()
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for keeper in self.keepers() {
            let _ = kill_process(keeper, Signal::KILL);
        }
        until(Duration::from_secs(5), || self.inside() == 0);
    }
}

fn with_meet(test: impl Fn(&Person, &Kept<'_>)) {
    everyone_with_wine(|person| {
        own_windows_program(person, "meet");
        test(person, &Kept(person));
    });
}

fn said(ended: &lowbox_program_tests::Ended) -> String {
    ended.text().replace('\r', "")
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).expect("a number"), signal).expect("it runs");
}

#[test]
fn two_programs_at_once_meet_and_each_has_its_own_input_output_variables_and_exit_code() {
    with_meet(|_, kept| {
        let first = start(kept.run(30, &[], &["variable:OWN", "wait:go", "value", "exit:3"]));
        let second =
            kept.run(30, &["--env", "OWN=two"], &["in", "variable:OWN", "key:42", "tell:go", "exit:5"]);
        let second = finish_with_input(second, b"its words\n".to_vec(), 60);
        assert_eq!(said(&second), "in its words\nvariable two\ntells", "{}", second.stderr);
        assert_eq!(second.code(), Some(5));
        let first = first.finish(60);
        assert_eq!(said(&first), "variable \ntold\nvalue 42", "{}", first.stderr);
        assert_eq!(first.code(), Some(3));
        kept.keeper();
    });
}

#[test]
fn one_with_other_grants_is_refused_while_another_runs_and_has_them_alone_afterwards() {
    with_meet(|person, kept| {
        let secret = person.file("elsewhere/secret.txt", "secret\n");
        let read = format!(r"read:\\?\unix{}", text(&secret).replace('/', r"\"));
        let grant = format!("{}:r", text(&secret));
        let grant = ["--grant", &grant];
        let first = start(kept.run(30, &[], &["wait:go", &read]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        let refused = finish(kept.run(30, &grant, &[&read]), 60);
        assert_eq!(refused.code(), Some(125), "{}", refused.stderr);
        let why = format!("it has not {}", text(&secret));
        assert!(refused.stderr.contains(&why) && refused.stderr.contains("--name"), "{}", refused.stderr);
        // The other way round as well: what has more is not for one that asks for less.
        finish(kept.run(30, &[], &["tell:go"]), 60).succeeded();
        assert_eq!(said(&first.finish(60)), "told\nno");
        let without = kept.keeper();
        assert_eq!(finish(kept.run(30, &grant, &[&read]), 60).succeeded(), "secret");
        let with = kept.keeper();
        assert_ne!(with, without);
        assert_eq!(finish(kept.run(30, &[], &[&read]), 60).succeeded(), "no");
        assert_ne!(kept.keeper(), with);
    });
}

#[test]
fn one_that_was_started_with_another_umask_or_in_another_network_does_not_join() {
    with_meet(|person, kept| {
        let out = person.folder("out");
        let grant = format!("{}:rw", text(&out));
        let grant = ["--grant", &grant];
        let with_umask = ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh"];
        let first = start(kept.run(30, &grant, &["wait:go", r"write:D:\out\first.txt"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        let refused = |before: &[&str], why: &str| {
            let refused = finish(kept.run_after(before, 30, &grant, &["exit:0"]), 60);
            assert_eq!(refused.code(), Some(125), "{}", refused.stderr);
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
        };
        refused(&with_umask, "Umask");
        if person.is_root() {
            refused(&["unshare", "--net"], "namespaces");
        }
        finish(kept.run(30, &grant, &["tell:go"]), 60).succeeded();
        first.finish(60).succeeded();
        finish(kept.run_after(&with_umask, 30, &grant, &[r"write:D:\out\second.txt"]), 60).succeeded();
        let mode = |name: &str| fs::metadata(out.join(name)).unwrap().mode() & 0o077;
        assert_eq!((mode("first.txt") != 0, mode("second.txt")), (true, 0));
    });
}

#[test]
fn what_ends_one_program_does_not_end_the_other() {
    with_meet(|_, kept| {
        let last = start(kept.run(30, &[], &["wait:end", "exit:7"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
            let file = format!("{}.txt", signal.as_raw());
            let words = [&format!(r"write:C:\{file}"), "sleep:3000", &format!(r"write:C:\late-{file}")];
            let one = start(kept.run(30, &[], &words.map(|word| word as &str)));
            assert!(until(Duration::from_secs(20), || kept.has_made(&file)), "{file}");
            send(one.pid(), signal);
            one.finish(10);
            std::thread::sleep(Duration::from_millis(3500));
            assert!(!kept.has_made(&format!("late-{file}")), "it went on after {signal:?}");
        }
        finish(kept.run(30, &[], &["tell:end"]), 60).succeeded();
        assert_eq!(last.finish(60).code(), Some(7));
    });
}

#[test]
fn one_that_is_killed_alone_takes_its_container_with_it_and_the_registry_is_written() {
    with_meet(|_, kept| {
        let one = start(kept.run(60, &[], &["key:77", r"write:C:\set.txt", "sleep:60000"]));
        assert!(until(Duration::from_secs(20), || kept.has_made("set.txt")));
        send(one.pid(), Signal::KILL);
        kept.is_gone_within(10);
        assert!(kept.registry().contains("\"Meet\"=dword:0000004d"));
        assert_eq!(one.finish(5).code(), None);
    });
}

#[test]
fn the_death_of_the_keeper_ends_everything_inside() {
    with_meet(|_, kept| {
        let running = ["one", "two"].map(|name| {
            let word = format!(r"write:C:\{name}.txt");
            let running = start(kept.run(60, &[], &[&word, "leave:sleep:60000", "sleep:60000"]));
            let file = format!("{name}.txt");
            assert!(until(Duration::from_secs(30), || kept.has_made(&file)), "{name}");
            running
        });
        kill_process(kept.keeper(), Signal::KILL).expect("it runs");
        kept.is_gone_within(5);
        for one in running {
            assert_eq!(one.finish(5).code(), Some(128 + 9));
        }
    });
}

#[test]
fn a_run_ends_with_its_program_and_its_container_with_all_that_was_left_once_its_time_is_over() {
    with_meet(|_, kept| {
        let words = ["key:7", r"leave:sleep:20000 write:C:\late.txt"];
        let began = Instant::now();
        assert_eq!(said(&finish(kept.run(4, &[], &words), 60)), "left");
        assert!(began.elapsed() < Duration::from_secs(18), "it waited for what was left");
        assert!(kept.inside() > 3);
        // The next one begins a new time.
        std::thread::sleep(Duration::from_millis(2500));
        let keeper = kept.keeper();
        assert_eq!(said(&finish(kept.run(4, &[], &["value"]), 60)), "value 7");
        std::thread::sleep(Duration::from_millis(2500));
        assert_eq!(kept.keeper(), keeper);
        kept.is_gone_within(10);
        assert!(kept.registry().contains("\"Meet\"=dword:00000007"));
        assert!(!kept.has_made("late.txt"));
        assert!(fs::read_dir(kept.0.home().join(".local/share/lowbox/kept")).unwrap().next().is_none());
    });
}

#[test]
fn who_wants_no_kept_container_leaves_none_and_has_the_package_to_itself() {
    with_meet(|person, kept| {
        finish(kept.run(60, &[], &["key:5"]), 60).succeeded();
        let options = ["--name", "one", "--no-keep-warm"];
        // It makes room, and the registry has been written.
        assert_eq!(said(&finish(person.inside(options, ["./meet.exe", "value"]), 60)), "value 5");
        kept.is_gone_within(5);
        finish(kept.run(60, &[], &["value"]), 60).succeeded();
        // What observes, learns or limits is not kept, and needs the prefix too.
        let options = ["--name", "one", "-v"];
        assert_eq!(said(&finish(person.inside(options, ["./meet.exe", "value"]), 60)), "value 5");
        kept.is_gone_within(5);
    });
}

#[test]
fn the_socket_is_for_the_user_alone_and_for_no_container() {
    const CALL: &str = "import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
try:
    s.connect(sys.argv[1])
    s.send(b'\\x03')
    # Who may call is told first where to look.
    print('heard' if s.recv(100) and s.recv(100) else 'left alone')
except OSError as error:
    print({2: 'refused', 13: 'refused', 32: 'left alone', 104: 'left alone'}.get(error.errno, error))
";
    with_meet(|person, kept| {
        finish(kept.run(60, &[], &[]), 60).succeeded();
        let folder = person.home().join(".local/share/lowbox/kept");
        let socket = fs::read_dir(&folder).unwrap().next().expect("a socket").unwrap().path();
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&folder).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
        let listed = format!(r"read:\\?\unix{}", text(&socket).replace('/', r"\"));
        assert_eq!(finish(kept.run(60, &[], &[&listed]), 60).succeeded(), "no");
        let python = ["/usr/bin/python3", "-c", CALL, text(&socket)];
        // A native program of the package, of which lowbox's folder is hidden.
        assert_eq!(finish(person.inside(["--name", "one"], python), 30).succeeded(), "refused");
        if person.is_root() {
            // Another user has no way to it.
            let other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
            let call = person.plain([&other[..], &python].concat());
            assert_eq!(finish(call, 30).succeeded(), "refused");
        } else {
            // One that is learned about is denied nothing, so it gets as far as the socket; and it is in a container.
            let learn = ["learn", "--no-results", "--trace", "r.trace", "--"];
            let call = person.lowbox(&[&learn[..], &python].concat());
            assert_eq!(finish(call, 60).succeeded(), "left alone");
            if rustix::process::geteuid().is_root() {
                // Nor does root's lowbox mix with the user's.
                let mut call = Command::new(python[0]);
                call.args(&python[1..]);
                assert_eq!(finish(call, 30).succeeded(), "left alone");
            }
        }
        // The user's own program may ask: that it is to end, here.
        let keeper = kept.keeper();
        assert_eq!(finish(person.plain(python), 30).succeeded(), "heard");
        assert!(
            until(Duration::from_secs(5), || !Path::new(&format!("/proc/{}", keeper.as_raw_pid())).exists())
        );
    });
}

#[test]
fn a_program_that_ends_or_stops_what_starts_programs_costs_its_package_a_new_container() {
    with_meet(|_, kept| {
        finish(kept.run(60, &[], &["key:9"]), 60).succeeded();
        for signal in [Signal::KILL, Signal::STOP] {
            let (keeper, starter) = (kept.keeper(), kept.starter());
            // Programs may signal it, and neither read nor trace it.
            let owner = |of: &str| fs::metadata(format!("/proc/{}{of}", starter.as_raw_pid())).unwrap().uid();
            assert_ne!(owner("/mem"), owner(""), "it is dumpable");
            let descriptors = fs::read_dir(format!("/proc/{}/fd", starter.as_raw_pid())).unwrap().count();
            assert_eq!(descriptors, 4, "/dev/null three times, and its socket");
            kill_process(starter, signal).expect("it runs");
            let next = finish(kept.run(60, &[], &["value"]), 60);
            assert_eq!(said(&next), "value 9", "{}", next.stderr);
            assert_ne!(kept.keeper(), keeper);
        }
    });
}

#[test]
fn a_programs_terminal_is_its_own_and_the_callers_is_nobodys_once_the_run_has_ended() {
    with_meet(|person, kept| {
        let lowbox = kept.folder().join("lowbox");
        let run = format!("{} run --name one --keep-warm 60 -- ./meet.exe", text(&lowbox));
        let shell = format!(
            "tty; {run} write:C:/ready.txt in leave:sleep:30000 exit:4; echo code $?; read word; echo read $word"
        );
        let mut session = Session::start(person, &shell);
        session.see("/dev/pts/");
        let screen = session.text();
        let terminal = PathBuf::from(screen.lines().next().expect("a line").trim());
        assert!(until(Duration::from_secs(30), || kept.inside() > 3));
        let has_it = || kept.open_files().iter().filter(|file| **file == terminal).count();
        // Its console is there when the program begins.
        assert!(until(Duration::from_secs(30), || kept.has_made("ready.txt")));
        std::thread::sleep(Duration::from_millis(500));
        // A way to see it is one that sees it while it is there.
        assert!(has_it() > 0, "lowbox itself has it");
        session.type_in("hello\r");
        session.see("code 4");
        assert_eq!(has_it(), 0, "{:?}", kept.open_files());
        assert!(kept.inside() > 3);
        // What is typed is the shell's again.
        session.type_in("words\r");
        session.see("read words");
        session.ends_with_code(0);
    });
}

#[test]
fn whoever_reads_what_a_program_writes_sees_its_end() {
    with_meet(|person, kept| {
        // Wine's own services, which its first program starts, don't keep the pipe, nor does what is left.
        let run = "lowbox run --name one --keep-warm 60 -- ./meet.exe value leave:sleep:30000";
        let run = run.replace("lowbox", text(&kept.folder().join("lowbox")));
        let began = Instant::now();
        let ended = finish(person.plain(["/bin/sh", "-c", &format!("({run}) | cat")]), 25);
        assert_eq!(said(&ended), "value 0\nleft", "{}", ended.stderr);
        assert!(began.elapsed() < Duration::from_secs(25));
        // A file is the program's own to write to; all of it is there.
        let folder = text(&person.work()).to_owned();
        let shell = format!("({run}) > {folder}/out.txt; cat {folder}/out.txt");
        assert_eq!(said(&finish(person.plain(["/bin/sh", "-c", &shell]), 25)), "value 0\nleft");
    });
}

#[test]
fn a_program_that_writes_without_end_keeps_no_run_that_has_ended() {
    with_meet(|person, kept| {
        let run = "lowbox run --name one --keep-warm 5 -- ./meet.exe leave-writing sleep:500";
        let run = run.replace("lowbox", text(&kept.folder().join("lowbox")));
        let shell = format!("({run}; code=$?; echo; echo ended with $code) | tail -n 1");
        let ended = finish(person.plain(["/bin/sh", "-c", &shell]), 25);
        assert_eq!(said(&ended), "ended with 0", "{}", ended.stderr);
    });
}

#[test]
fn a_start_that_was_given_up_runs_nothing_later() {
    with_meet(|_, kept| {
        let first = start(kept.run(60, &[], &["wait:go"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        // As a program inside can.
        let starter = kept.starter();
        kill_process(starter, Signal::STOP).expect("it runs");
        let second = start(kept.run(60, &[], &[r"write:C:\late.txt"]));
        std::thread::sleep(Duration::from_secs(2));
        send(second.pid(), Signal::KILL);
        second.finish(10);
        kill_process(starter, Signal::CONT).expect("it runs");
        std::thread::sleep(Duration::from_secs(3));
        assert!(!kept.has_made("late.txt"), "it ran without anybody beside it");
        finish(kept.run(60, &[], &["tell:go", r"write:C:\seen.txt"]), 60).succeeded();
        assert!(kept.has_made("seen.txt"));
        assert_eq!(said(&first.finish(60)), "told");
    });
}

#[test]
fn a_revoked_capability_ends_a_program_that_came_to_a_container_without_it() {
    with_meet(|person, kept| {
        let manifest = include_str!("../data/told.xml").replace("told.exe", "meet.exe").replace(
            r#"<Capability Name="internetClient"/>"#,
            r#"<uap:Capability Name="documentsLibrary"/>"#,
        );
        person.file("app/AppxManifest.xml", &manifest);
        fs::copy(person.work().join("meet.exe"), person.file("app/meet.exe", "")).unwrap();
        fs::create_dir_all(person.home().join("Documents")).unwrap();
        let run = |options: &[&str], word: &str| {
            let run = ["run", "--keep-warm", "30", "--manifest", "app/AppxManifest.xml"];
            person.lowbox(&[&run[..], options, &["--", "app/meet.exe", word]].concat())
        };
        // By the command line: the container knows of no consent.
        finish(run(&["--capability", "documentsLibrary"], "exit:0"), 60).succeeded();
        let without = kept.keeper();
        let consent = |verb: &str| {
            let package = "Contoso.Told_h91ms92gdsmmt";
            let words = ["consent", verb, "--package", package, "--capability", "documentsLibrary"];
            finish(person.lowbox(&words), 30).succeeded();
        };
        consent("grant");
        let second = start(run(&[], "wait:never"));
        assert!(until(Duration::from_secs(30), || kept.keepers().iter().any(|pid| *pid != without)));
        assert!(until(Duration::from_secs(30), || kept.inside() > 3));
        consent("revoke");
        let ended = second.finish(20);
        assert_ne!(ended.code(), Some(0), "{}", ended.stderr);
        assert!(!said(&ended).contains("told"), "{}", said(&ended));
    });
}

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

/// A command that restricts itself by a call of Linux's before it executes what follows.
fn restricted(by: &str) -> [String; 3] {
    let script = format!(
        "import ctypes, os, signal, struct, sys
call = ctypes.CDLL(None, use_errno=True).syscall
def done(result):
    if result < 0: sys.exit(os.strerror(ctypes.get_errno()))
    return result
done(call(157, 38, 1, 0, 0, 0))
{by}
# Python ignores two.
for number in signal.SIGPIPE, signal.SIGXFSZ: signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])"
    );
    ["/usr/bin/python3".to_owned(), "-c".to_owned(), script]
}

#[test]
fn one_that_was_started_beneath_a_landlock_domain_of_its_own_does_not_join_nor_is_it_joined() {
    with_meet(|_, kept| {
        // Nothing but connections is held by it, so containers can be made beneath it.
        let by = "rules = struct.pack('QQ', 0, 2)
done(call(446, done(call(444, rules, len(rules), 0)), 0))";
        let before = restricted(by);
        let before = before.each_ref().map(String::as_str);
        let first = start(kept.run(60, &[], &["wait:go", "exit:4"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        let refused = finish(kept.run_after(&before, 60, &[], &["exit:0"]), 60);
        assert_eq!(refused.code(), Some(125), "{}", refused.stderr);
        assert!(refused.stderr.contains("rules of Landlock"), "{}", refused.stderr);
        finish(kept.run(60, &[], &["tell:go"]), 60).succeeded();
        assert_eq!(first.finish(60).code(), Some(4));
        // Nothing else differs between those and these.
        let plain = ["setpriv", "--no-new-privs", "--"];
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        let free = kept.keeper();
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        assert_eq!(kept.keeper(), free);
        finish(kept.run_after(&before, 60, &[], &[]), 60).succeeded();
        let held = kept.keeper();
        assert_ne!(held, free);
        // Each domain is another one, whatever its rules say.
        finish(kept.run_after(&before, 60, &[], &[]), 60).succeeded();
        let other = kept.keeper();
        assert_ne!(other, held);
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        assert_ne!(kept.keeper(), other);
    });
}

#[test]
fn one_that_was_started_beneath_a_filter_of_its_own_keeps_no_container_and_joins_none() {
    with_meet(|_, kept| {
        // It allows everything; what it allows the kernel tells nobody.
        let by = "filter = struct.pack('HBBI', 6, 0, 0, 0x7fff0000)
filter = ctypes.create_string_buffer(filter, 8)
program = struct.pack('HxxxxxxQ', 1, ctypes.addressof(filter))
done(call(317, 1, 0, ctypes.create_string_buffer(program, 16)))";
        let before = restricted(by);
        let before = before.each_ref().map(String::as_str);
        finish(kept.run_after(&before, 60, &[], &["key:6"]), 60).succeeded();
        kept.is_gone_within(5);
        finish(kept.run(60, &[], &[]), 60).succeeded();
        kept.keeper();
        assert_eq!(said(&finish(kept.run_after(&before, 60, &[], &["value"]), 60)), "value 6");
        kept.is_gone_within(5);
    });
}
