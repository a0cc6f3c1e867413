//! Questions as a person sees them, at a terminal that tmux plays.

use std::time::Duration;

use lowbox_program_tests::{Tmux, Touch, everyone, everyone_at_home, until};

#[test]
fn a_person_reads_the_question_answers_it_and_the_program_goes_on() {
    everyone_at_home(|person| {
        let touch = Touch::new(person, "print('before')\ntouch()\nwhile True: print('got', input())");
        let tmux = Tmux::start(person, &touch.words(&[]));
        tmux.see("before");
        tmux.see("Answer:");
        let screen = tmux.screen();
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        let first = lines.iter().position(|line| *line == "----- lowbox asks -----").expect("a first line");
        let program = lines[first + 1];
        assert!(program.starts_with("program  /usr/bin/python3"), "{screen}");
        assert!(program.contains(" (process ") && program.contains(" of python3_"), "{screen}");
        let [python, isolated, unbuffered, script, _] = touch.command();
        let file = touch.file.display();
        assert_eq!(
            lines[first + 2..first + 12],
            [
                &format!(r"command  {python} {isolated} {unbuffered} {script} '\u{{1b}}[2J'"),
                "wants to read and change this file:",
                &format!("    {file}"),
                &format!("    its folder: {}", touch.file.parent().unwrap().display()),
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
        touch.comes_to("r and its folder");
        tmux.keys(&["hello", "Enter"]);
        tmux.see("got hello");
    });
}

#[test]
fn whatever_the_program_did_to_the_screen_the_question_can_be_read() {
    everyone_at_home(|person| {
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
            let script = format!(
                "import sys\nsys.stdout.write('{hostile}'); sys.stdout.flush(); touch(); time.sleep(60)"
            );
            let touch = Touch::new(person, &script);
            let tmux = Tmux::start(person, &touch.words(&[]));
            for part in [
                "lowbox asks",
                "wants to read and change this file:",
                &format!("    {}", touch.file.display()),
                "Answer:",
            ] {
                tmux.see(part);
            }
            assert!(tmux.cursor().ends_with(",1"), "{hostile}: the cursor is hidden");
            tmux.keys(&["never"]);
            tmux.see("Answer: never");
            tmux.keys(&["Enter"]);
            touch.comes_to("nothing");
            assert_eq!(touch.remembered()[0].0, "deny");
        }
    });
}

#[test]
fn replies_of_a_real_terminal_to_a_flood_of_queries_answer_nothing() {
    everyone_at_home(|person| {
        let script = r"
import sys
def ask():
    while True: sys.stdout.write('\x1b]0;t\r\x07\x05\x1b[5n\x1b[6n\x1b[c\x1b[>c\x1b[21t\x1b[14t\x1bP$qm\x1b\\\x1bP+q544e\x1b\\'); sys.stdout.flush()
threading.Thread(target=ask, daemon=True).start()
touch(0.2)
time.sleep(60)";
        let touch = Touch::new(person, script);
        let tmux = Tmux::start(person, &touch.words(&[]));
        tmux.see("Answer:");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(touch.came(), None);
        tmux.keys(&["tr", "Enter"]);
        touch.comes_to("r");
    });
}

#[test]
fn a_full_screen_program_draws_again_after_the_question() {
    everyone_at_home(|person| {
        let file = person.file("text", &"a line of the file\n".repeat(100));
        let script = format!("import subprocess\ntouch(0.5); subprocess.run(['/usr/bin/less', {file:?}])");
        let touch = Touch::new(person, &script);
        let tmux = Tmux::start(person, &touch.words(&["--grant", &format!("{}:r", file.display())]));
        tmux.see("a line of the file");
        tmux.see("Answer:");
        tmux.keys(&["n", "Enter"]);
        touch.comes_to("nothing");
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
