//! Programs at a terminal.

use std::process::{Command, Stdio};
use std::time::Duration;

use lowbox_program_tests::{Person, Session, everyone};

/// The words of `lowbox run -- COMMAND` for a shell.
fn words(person: &Person, command: &[&str]) -> String {
    lowbox_program_tests::words(person, &[], command)
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
    # A signal that comes right before a sleep begins is only seen when it ends.
    while True: time.sleep(0.01)
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
