//! Questions before the start, about privacy-sensitive capabilities: by the terminal, by the program that started lowbox, by
//! policy, in a dialog, by nobody.

use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lowbox_program_tests::{Person, Session, everyone, finish, without_terminal};

const WITHOUT: &str = "runs without webcam";

/// The name of a package that nothing was decided about yet.
fn fresh() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("Contoso.Asked{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// `lowbox run` of a program that does nothing, of a package that declares the capability.
fn run(person: &Person, options: &[&str]) -> Command {
    run_of(person, &fresh(), options)
}

fn run_of(person: &Person, package: &str, options: &[&str]) -> Command {
    let manifest = person.manifest(package, "webcam");
    let declares = ["--manifest", manifest.to_str().expect("UTF-8")];
    let mut run = person.inside([&declares, options].concat(), ["/bin/echo", "started"]);
    run.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    run
}

#[test]
fn policies_decide_without_asking_and_nobody_is_no_with_a_line_that_says_how() {
    everyone(|person| {
        for (options, allowed) in [
            (&[][..], false),
            // On lowbox's own command line it is the user's word.
            (&["--capability", "webcam"], true),
            (&["--prompt", "ask", "--capability", "webcam"], true),
            (&["--prompt", "allow"], true),
            (&["--prompt", "deny"], false),
            (&["--prompt", "ask"], false),
            (&["--capability", "isolatedWin32-promptForAccess"], false),
        ] {
            let ended = finish(without_terminal(&run(person, options)), 30);
            assert_eq!(ended.succeeded(), "started");
            assert_eq!(!ended.stderr.contains(WITHOUT), allowed, "{options:?}: {}", ended.stderr);
            let asks = options.contains(&"ask") || options.contains(&"isolatedWin32-promptForAccess");
            let nobody = ended.stderr.contains("nobody can be asked here");
            assert_eq!(nobody, asks && !allowed, "{options:?}: {}", ended.stderr);
        }
        let bad = finish(run(person, &["--prompt", "maybe"]), 30);
        assert_eq!(bad.code(), Some(125));
    });
}

#[test]
fn the_terminal_is_asked_before_the_program_starts() {
    everyone(|person| {
        for (typed, allowed) in [("y\r", true), ("n\r", false), ("t\ry\r", true), ("\x04", false)] {
            let words = lowbox_program_tests::words_of(&run(person, &["--prompt", "ask"]));
            let mut session = Session::start(person, &words);
            session.see("wants to use this capability, which it declares:");
            session.see("webcam: cameras");
            session.see("before its start");
            session.see("Answer: ");
            assert!(!session.text().contains("started"));
            session.type_in(typed);
            session.see("started");
            assert_eq!(!session.text().contains(WITHOUT), allowed, "{typed:?}: {}", session.text());
            session.ends_with_code(0);
        }
    });
}

#[test]
fn answers_that_last_are_listed_and_asked_for_again_once_they_are_revoked() {
    everyone(|person| {
        for (typed, decision) in [("never\r", "deny"), ("y\r", "allow")] {
            let package = fresh();
            let words = || lowbox_program_tests::words_of(&run_of(person, &package, &["--prompt", "ask"]));
            let answers = || {
                let mut session = Session::start(person, &words());
                session.see("Answer: ");
                session.type_in(typed);
                session.see("started");
                session.ends_with_code(0);
            };
            let listed = || -> serde_json::Value {
                let list = finish(person.lowbox(&["consent", "list", "--json", "--package", &package]), 20);
                serde_json::from_str(&list.succeeded()).expect("JSON")
            };
            answers();
            let entry = &listed()[0];
            assert_eq!(
                (&entry["capability"], &entry["decision"], &entry["how"]),
                (&"webcam".into(), &decision.into(), &"prompt".into())
            );
            // It is not asked again, and no policy is stronger.
            let session = Session::start(person, &words());
            session.see("started");
            assert!(!session.text().contains("Answer: "), "{}", session.text());
            assert_eq!(session.text().contains("you denied it"), decision == "deny", "{}", session.text());
            session.ends_with_code(0);
            let policy = if decision == "deny" { "allow" } else { "deny" };
            let ended = finish(run_of(person, &package, &["--prompt", policy]), 30);
            assert_eq!(ended.stderr.contains(WITHOUT), decision == "deny", "{}", ended.stderr);

            let revoke = ["consent", "revoke", "--package", &package, "--capability", "webcam"];
            finish(person.lowbox(&revoke), 20).succeeded();
            assert_eq!(listed(), serde_json::json!([]));
            answers();
        }
    });
}

/// Starts lowbox with one end of a pair of sockets; the other end is the caller's.
fn asked_by(mut run: Command, socket: &UnixStream) -> Child {
    // Inherited from here on; each test is a process of its own.
    rustix::io::fcntl_setfd(socket.as_fd(), rustix::io::FdFlags::empty()).expect("a flag");
    run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run.spawn().expect("lowbox")
}

#[test]
fn the_program_that_started_lowbox_answers_as_the_description_says() {
    everyone(|person| {
        let document = include_str!("../../../docs/prompt-protocol.md");
        let example = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
        let example = person.file("answer.py", example.expect("the example"));
        for (capability, allowed) in [("webcam", true), ("location", false)] {
            let manifest = person.manifest(&fresh(), capability);
            let manifest = ["--manifest", manifest.to_str().unwrap()];
            let run = person.inside(manifest, ["/bin/echo", "started"]);
            let words = lowbox_program_tests::words_of(&run);
            // LOWBOX run OPTIONS: the example puts `run --prompt fd:N` in.
            let script = format!(
                "set -- {words}; lowbox=$1; shift 2; exec python3 {} \"$lowbox\" \"$@\"",
                example.display()
            );
            let ended = finish(person.plain(["/bin/sh", "-c", &script]), 30);
            assert_eq!(ended.succeeded(), "started");
            let without = format!("runs without {capability}");
            assert_eq!(!ended.stderr.contains(&without), allowed, "{}", ended.stderr);
        }
    });
}

#[test]
fn silence_the_end_of_the_socket_and_nonsense_are_no() {
    everyone(|person| {
        for (sent, waits, says) in [
            (&b"{\"type\":\"hello\",\"version\":1}\n"[..], true, ""),
            (b"", false, "it closed the connection"),
            (b"{\"type\":\"answer\",\"id\":1,\"answer\":\"allow\"}\n", false, "before it greeted"),
            (b"{\"type\":\"hello\",\"version\":1}\nyes\n", false, "can't be read"),
            (&[b'x'; 5000], false, "more than 4096 bytes"),
        ] {
            let (mut ours, theirs) = UnixStream::pair().expect("a pair");
            let number = theirs.as_raw_fd();
            let start = Instant::now();
            let fd = format!("fd:{number}");
            let child = asked_by(run(person, &["--prompt", &fd, "--prompt-timeout", "2"]), &theirs);
            drop(theirs);
            ours.write_all(sent).expect("it is read");
            if !waits {
                let _ = ours.shutdown(std::net::Shutdown::Write);
            }
            let output = child.wait_with_output().expect("it ends");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.stdout, b"started\n", "{stderr}");
            assert!(stderr.contains(WITHOUT) && stderr.contains(says), "{sent:?}: {stderr}");
            assert_eq!(start.elapsed() > Duration::from_secs(2), waits, "{sent:?}");
        }
    });
}

#[test]
fn the_program_does_not_inherit_the_socket_it_is_asked_about() {
    everyone(|person| {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let number = theirs.as_raw_fd();
        let fd = format!("fd:{number}");
        let script = "for fd in /proc/*/fd/*; do readlink $fd; done; for n in 3 4 5 6 7 8 9 10 11 12; do \
            (echo '{}' >&$n) 2>/dev/null && echo wrote to $n; done; true";
        let child = asked_by(person.inside(["--prompt", &fd], ["/bin/bash", "-c", script]), &theirs);
        drop(theirs);
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("socket:") && !text.contains("wrote"), "{text}");
        drop(ours);
        // And it can't be lent to it.
        let (_ours, theirs) = UnixStream::pair().expect("a pair");
        let number = theirs.as_raw_fd();
        let (fd, lent) = (format!("fd:{number}"), format!("{number}:socket"));
        let child = asked_by(run(person, &["--prompt", &fd, "--fd", &lent]), &theirs);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(125));
        assert!(String::from_utf8_lossy(&output.stderr).contains("would inherit"));
    });
}

#[test]
fn a_socket_with_a_name_is_refused_because_others_could_answer() {
    everyone(|person| {
        let path = person.work().join(format!("socket-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _listener = UnixListener::bind(&path).expect("a name");
        let client = UnixStream::connect(&path).expect("a connection");
        let fd = format!("fd:{}", client.as_raw_fd());
        let output = asked_by(run(person, &["--prompt", &fd]), &client).wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(125));
        assert!(String::from_utf8_lossy(&output.stderr).contains("with a name"));
    });
}
