//! Programs at a terminal, which script(1) makes.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lowbox_program_tests::{Person, everyone, until};

const NONE: [&str; 0] = [];

/// A command at a terminal of its own: what it printed so far, and its keyboard.
struct Session {
    child: std::process::Child,
    keyboard: std::process::ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Session {
    /// Starts shell text at a terminal.
    fn start(person: &Person, text: &str) -> Session {
        let mut command = person.plain(["script", "--quiet", "--return", "--command", text, "/dev/null"]);
        command.env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script(1)");
        let keyboard = child.stdin.take().expect("piped");
        let mut output = child.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shared.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Session { child, keyboard, screen }
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal is there");
        self.keyboard.flush().expect("the terminal is there");
    }

    #[track_caller]
    fn see(&self, wanted: &str) {
        let seen = until(Duration::from_secs(15), || self.text().contains(wanted));
        assert!(seen, "{wanted:?} does not appear in {:?}", self.text());
    }

    fn text(&self) -> String {
        self.screen.lock().expect("no panic").clone()
    }

    #[track_caller]
    fn ends_with_code(mut self, code: i32) {
        let mut status = None;
        until(Duration::from_secs(15), || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        let _ = self.child.kill();
        assert_eq!(status.and_then(|status| status.code()), Some(code), "{}", self.text());
    }
}

/// The words of `lowbox run -- COMMAND` for a shell.
fn words(person: &Person, command: &[&str]) -> String {
    let run = person.inside(NONE, command);
    let all = std::iter::once(run.get_program()).chain(run.get_args());
    let quoted = all.map(|word| format!("'{}'", word.to_str().expect("UTF-8").replace('\'', r"'\''")));
    // The session is the person's already.
    let quoted: Vec<String> = quoted.collect();
    match quoted.iter().position(|word| word == "'--'") {
        Some(at) if quoted[0] == "'setpriv'" => quoted[at + 1..].join(" "),
        _ => quoted.join(" "),
    }
}

#[test]
fn pythons_prompt_works() {
    everyone(|person| {
        let mut session = Session::start(person, &words(person, &["/usr/bin/python3", "-q"]));
        session.see(">>> ");
        session.type_in("print(6 * 7)\n");
        session.see("42");
        session.type_in("import os, sys; print(sys.stdin.isatty(), os.get_terminal_size() is not None)\n");
        session.see("True True");
        session.type_in("exit(3)\n");
        session.ends_with_code(3);
    });
}

#[test]
fn control_c_interrupts_the_program_and_not_lowbox() {
    everyone(|person| {
        let script = "
import time
try:
    print('waiting', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print('interrupted')
    raise SystemExit(5)";
        let mut session = Session::start(person, &words(person, &["/usr/bin/python3", "-c", script]));
        session.see("waiting");
        session.type_in("\x03");
        session.see("interrupted");
        session.ends_with_code(5);
    });
}

#[test]
fn stty_shows_and_sets_modes_and_they_end_with_the_program() {
    everyone(|person| {
        let inside = words(person, &["/bin/sh", "-c", "stty -echo -icanon; stty -a; stty size"]);
        let session = Session::start(person, &format!("stty rows 33 cols 77; {inside}; echo after; stty -a"));
        session.see("after");
        session.see(" icanon");
        let text = session.text();
        let (during, after) = text.split_once("after").expect("seen");
        assert!(
            during.contains("-echo ") && during.contains("-icanon") && during.contains("33 77"),
            "{during}"
        );
        assert!(after.contains(" icanon") && !after.contains("-icanon"), "{after}");
        session.ends_with_code(0);
    });
}

#[test]
fn an_interactive_shell_runs_commands_although_it_has_no_job_control() {
    everyone(|person| {
        // The terminal is not its controlling terminal, so that it can't touch the caller's processes by it.
        let mut session = Session::start(person, &words(person, &["/bin/bash", "--norc", "-i"]));
        session.see("no job control in this shell");
        session.type_in("echo $((40 + 2))\n");
        session.see("42\r\n");
        session.type_in("exit 4\n");
        session.ends_with_code(4);
    });
}

#[test]
fn control_z_in_the_outer_shell_stops_the_container_and_fg_continues_it() {
    everyone(|person| {
        let lowbox = words(person, &["/bin/cat"]);
        let mut session = Session::start(person, "PS1=prompt: bash --norc -i");
        session.see("prompt:");
        session.type_in(&format!("{lowbox}\n"));
        std::thread::sleep(Duration::from_millis(700));
        session.type_in("first\n");
        session.see("first\r\nfirst");
        session.type_in("\x1a");
        session.see("Stopped");
        session.type_in("fg\n");
        std::thread::sleep(Duration::from_millis(500));
        session.type_in("second\n");
        session.see("second\r\nsecond");
        session.type_in("\x04");
        session.type_in("exit 6\n");
        session.ends_with_code(6);
    });
}

#[test]
fn what_a_command_needs_is_installed() {
    let found = Command::new("script").arg("--version").stdout(Stdio::null()).status();
    assert!(found.is_ok_and(|status| status.success()), "script(1) is missing: cargo xtask peers");
}
