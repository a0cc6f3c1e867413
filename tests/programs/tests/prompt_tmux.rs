//! Questions as a person sees them, at a terminal that tmux plays.

use std::path::PathBuf;
use std::time::Duration;

use lowbox_program_tests::{Person, Tmux, everyone, until};

fn answers(person: &Person) -> PathBuf {
    person.work().join("answers")
}

fn words(person: &Person, script: &str) -> String {
    let question = format!("900:{}", answers(person).display());
    let options = ["--prompt", "ask", "--rehearse-question", &question];
    lowbox_program_tests::words(person, &options, &["/usr/bin/python3", "-u", "-c", script])
}

#[track_caller]
fn is_answered(person: &Person, expected: &str) {
    let read = || std::fs::read_to_string(answers(person)).unwrap_or_default();
    until(Duration::from_secs(15), || read().contains('\n'));
    assert!(read().starts_with(expected), "{}", read());
}

#[test]
fn a_person_reads_the_question_answers_it_and_the_program_goes_on() {
    everyone(|person| {
        let tmux = Tmux::start(person, &words(person, "print('before')\nwhile True: print('got', input())"));
        tmux.see("before");
        tmux.see("Answer:");
        let screen = tmux.screen();
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        let first = lines.iter().position(|line| *line == "----- lowbox asks -----").expect("a first line");
        assert_eq!(
            lines[first + 1..first + 12],
            [
                "program  /usr/bin/rehearsal (process 2 of rehearsal)",
                r"command  rehearsal '\u{1b}[2J'",
                "wants to read and change this file:",
                "    /home/user/rehearsed-1",
                "    its folder: /home/user",
                "  t      this file",
                "  tr     this file, only for reading",
                "  f      everything in its folder",
                "  fr     everything in its folder, only for reading",
                "  n      no",
                "  never  no, and don't ask again",
            ],
            "{screen}"
        );
        tmux.keys(&["fr", "Enter"]);
        is_answered(person, "1 Some(Folder(GrantRights { read: true, write: false, execute: false }))");
        tmux.keys(&["hello", "Enter"]);
        tmux.see("got hello");
    });
}

#[test]
fn whatever_the_program_did_to_the_screen_the_question_can_be_read() {
    everyone(|person| {
        for hostile in [
            r"\x1b[?1049h\x1b[?25l",          // another screen, no cursor
            r"\x1b[10;12r\x1b[?6h\x1b[11;1H", // three lines to scroll in
            r"\x1b(0\x0e\x1b)0",              // line drawing for letters
            r"\x1b[8m\x1b[30;40m",            // concealed, black on black
            r"\x1b[?7l\x1b[4h",               // no wrapping, and inserting
            r"\x1b[?2026h",                   // the screen held
            r"\x1b]0;title \x1b[31",          // an unfinished string
            r"\x1bP$q\x1b_",                  // and others
            r"\x1b[30;1H\x1b[999C",           // the last place of the screen
            r"\x1b[1;1H\x1b[K",               // the first
        ] {
            let _ = std::fs::remove_file(answers(person));
            let script = format!(
                "import sys, time\nsys.stdout.write('{hostile}'); sys.stdout.flush(); time.sleep(60)"
            );
            let tmux = Tmux::start(person, &words(person, &script));
            for part in [
                "lowbox asks",
                "wants to read and change this file:",
                "    /home/user/rehearsed-1",
                "Answer:",
            ] {
                tmux.see(part);
            }
            assert!(tmux.cursor().ends_with(",1"), "{hostile}: the cursor is hidden");
            tmux.keys(&["never"]);
            tmux.see("Answer: never");
            tmux.keys(&["Enter"]);
            is_answered(person, "1 Some(Never)");
        }
    });
}

#[test]
fn replies_of_a_real_terminal_to_a_flood_of_queries_answer_nothing() {
    everyone(|person| {
        let script = r"
import sys, threading, time
def ask():
    while True: sys.stdout.write('\x1b]0;t\r\x07\x05\x1b[5n\x1b[6n\x1b[c\x1b[>c\x1b[21t\x1b[14t\x1bP$qm\x1b\\\x1bP+q544e\x1b\\'); sys.stdout.flush()
threading.Thread(target=ask, daemon=True).start()
time.sleep(60)";
        let tmux = Tmux::start(person, &words(person, script));
        tmux.see("Answer:");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(std::fs::read_to_string(answers(person)).unwrap(), "");
        tmux.keys(&["n", "Enter"]);
        is_answered(person, "1 Some(No)");
    });
}

#[test]
fn a_full_screen_program_draws_again_after_the_question() {
    everyone(|person| {
        let file = person.file("text", &"a line of the file\n".repeat(100));
        let _ = std::fs::remove_file(answers(person));
        let question = format!("1500:{}", answers(person).display());
        let options = ["--prompt", "ask", "--rehearse-question", &question];
        let words = lowbox_program_tests::words(person, &options, &["/usr/bin/less", file.to_str().unwrap()]);
        let tmux = Tmux::start(person, &words);
        tmux.see("a line of the file");
        tmux.see("Answer:");
        tmux.keys(&["n", "Enter"]);
        is_answered(person, "1 Some(No)");
        let drawn =
            || tmux.screen().matches("a line of the file").count() == 29 && !tmux.screen().contains("lowbox");
        assert!(until(Duration::from_millis(1200), drawn), "{}", tmux.screen());
    });
}

#[test]
fn a_window_that_changes_its_size_is_seen_inside() {
    everyone(|person| {
        let script = "
import os, signal, time
signal.signal(signal.SIGWINCH, lambda *_: print('size', *os.get_terminal_size()))
print('ready', *os.get_terminal_size())
for _ in range(1000): time.sleep(0.01)";
        let words = lowbox_program_tests::words(
            person,
            &["--prompt", "ask"],
            &["/usr/bin/python3", "-u", "-c", script],
        );
        let tmux = Tmux::start(person, &words);
        tmux.see("ready 100 30");
        tmux.resize(70, 20);
        tmux.see("size 70 20");
    });
}
