//! Windows programs that share a container, and containers that are kept.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lowbox_program_tests::kept::{said, send, with_meet};
use lowbox_program_tests::{Session, finish, finish_with_input, start, text, until};
use rustix::process::{Signal, kill_process};

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
    with_meet(|person, kept| {
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
        assert!(fs::read_dir(person.home().join(".local/share/lowbox/kept")).unwrap().next().is_none());
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
