//! Questions at the terminal while a program runs that would rather answer them itself.

use std::path::PathBuf;
use std::time::Duration;

use lowbox_program_tests::{Person, Session, everyone, until};

/// A program at a terminal, and a question about /home/user/rehearsed-1 that comes while it runs.
struct Rehearsal {
    session: Session,
    answers: PathBuf,
}

impl Rehearsal {
    fn start(person: &Person, script: &str) -> Rehearsal {
        Rehearsal::with(person, 700, 30, script, "")
    }

    fn with(person: &Person, after: u32, timeout: u32, script: &str, rest: &str) -> Rehearsal {
        let answers = person.work().join("answers");
        let _ = std::fs::remove_file(&answers);
        let question = format!("{after}:{}", answers.display());
        let options =
            ["--prompt", "ask", "--prompt-timeout", &timeout.to_string(), "--rehearse-question", &question];
        let python = ["/usr/bin/python3", "-u", "-c", script];
        let words = lowbox_program_tests::words(person, &options, &python);
        Rehearsal { session: Session::start(person, &format!("{words}{rest}")), answers }
    }

    fn answers(&self) -> String {
        std::fs::read_to_string(&self.answers).unwrap_or_default()
    }

    #[track_caller]
    fn is_answered(&self, expected: &str) {
        until(Duration::from_secs(15), || self.answers().contains('\n'));
        let answers = self.answers();
        let first = answers.lines().next().unwrap_or_default();
        assert!(first.starts_with(expected), "{first:?} is not {expected:?}: {:?}", self.session.text());
    }

    /// Waits for what lowbox sends to the terminal to know when all replies are in.
    #[track_caller]
    fn fence(&self) {
        self.session.see("\x1b[5n");
    }

    #[track_caller]
    fn shown(&self) {
        self.session.see("Answer: ");
    }
}

const WAITS: &str = "import time; print('ready'); time.sleep(60)";

#[test]
fn the_question_shows_who_asks_for_what_and_each_answer_means_what_it_says() {
    everyone(|person| {
        for (typed, answer) in [
            ("t\r", "1 Some(This(GrantRights { read: true, write: true, execute: false }))"),
            ("TR\r", "1 Some(This(GrantRights { read: true, write: false, execute: false }))"),
            ("folder\r", "1 Some(Folder(GrantRights { read: true, write: true, execute: false }))"),
            ("x\x7ffr\r", "1 Some(Folder(GrantRights { read: true, write: false, execute: false }))"),
            ("n\r", "1 Some(No)"),
            ("never\r", "1 Some(Never)"),
            ("\x03", "1 Some(No)"),
            ("yes\rt\x03", "1 Some(No)"),
        ] {
            let mut rehearsal = Rehearsal::start(person, WAITS);
            rehearsal.shown();
            for line in [
                "program  /usr/bin/rehearsal (process 2 of rehearsal)",
                r"command  rehearsal '\u{1b}[2J'",
                "wants to read and change this file:",
                "    /home/user/rehearsed-1\r\n",
                "    its folder: /home/user\r\n",
                "everything in its folder\r\n",
                "counts as no",
            ] {
                rehearsal.session.see(line);
            }
            rehearsal.session.type_in(typed);
            rehearsal.is_answered(answer);
            rehearsal.session.close();
        }
    });
}

#[test]
fn without_an_answer_the_deadline_says_no_and_the_program_goes_on() {
    everyone(|person| {
        let script = "import time; time.sleep(3); print('went', 'on')";
        let rehearsal = Rehearsal::with(person, 300, 2, script, "");
        rehearsal.shown();
        rehearsal.session.see("no answer in time: no");
        rehearsal.is_answered("1 None");
        rehearsal.session.see("went on");
        rehearsal.session.ends_with_code(0);
    });
}

#[test]
fn what_is_typed_before_the_question_is_the_programs_and_no_answer() {
    everyone(|person| {
        let script = "print('ready')\nwhile True: print('got', input())";
        let mut rehearsal = Rehearsal::with(person, 1500, 4, script, "");
        rehearsal.session.see("ready");
        rehearsal.session.type_in("t\rt\rt\r");
        rehearsal.session.see("got t");
        // In the last moment, when the program does not get it any more.
        rehearsal.fence();
        rehearsal.session.type_in("t\rf\rt\r");
        rehearsal.shown();
        rehearsal.is_answered("1 None");
        rehearsal.session.close();
    });
}

#[test]
fn replies_that_a_program_made_the_terminal_send_answer_nothing() {
    everyone(|person| {
        // Queries: place of the cursor, answerback, title, settings, attributes. What a terminal makes of them is played here.
        let script = "
import sys, time
sys.stdout.write('\\x1b]0;t\\x07\\x05\\x1b[6n\\x1b[21t\\x1bP$qm\\x1b\\\\\\x1b[c')
print('ready'); time.sleep(60)";
        // Behind lowbox's own query, that is after 200 ms and more, what was asked before it is still answered first.
        for late in ["t\r\nt\r", "\x1b[0nt\r", "\x1b]lt\nt\r\nt\r\x1b\\", "\x1bP1$rt\rt\nt\x1b\\\r", "\x1b]l"]
        {
            let mut rehearsal = Rehearsal::with(person, 700, 3, script, "");
            rehearsal.fence();
            std::thread::sleep(Duration::from_millis(300));
            rehearsal.session.type_in(late);
            rehearsal.session.type_in("\x1b[0n");
            rehearsal.shown();
            std::thread::sleep(Duration::from_millis(100));
            // And what comes later than that has a beginning that no key has.
            rehearsal.session.type_in("\x1b]lt\rt\r");
            std::thread::sleep(Duration::from_millis(400));
            rehearsal.session.type_in("t\rt\r");
            rehearsal.is_answered("1 None");
            rehearsal.session.close();
        }
    });
}

#[test]
fn keys_that_are_sequences_void_the_line_and_a_fresh_one_counts() {
    everyone(|person| {
        let mut rehearsal = Rehearsal::start(person, WAITS);
        rehearsal.shown();
        rehearsal.session.type_in("t\x1b[A\r");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(rehearsal.answers(), "");
        rehearsal.session.type_in("n\r");
        rehearsal.is_answered("1 Some(No)");
        rehearsal.session.close();
    });
}

#[test]
fn a_false_question_takes_an_answer_that_is_for_nothing() {
    everyone(|person| {
        let script = "
print('----- lowbox asks -----\\nwants to read this file:\\n    /etc/motd\\n  t  this file')
typed = input('Answer: ')
print('the program has', typed)
input()";
        let mut rehearsal = Rehearsal::with(person, 2500, 4, script, "");
        rehearsal.session.see("/etc/motd");
        rehearsal.session.type_in("t\r");
        rehearsal.session.see("the program has t");
        rehearsal.session.see("rehearsed-1");
        rehearsal.is_answered("1 None");
        rehearsal.session.close();
    });
}

#[test]
fn a_flood_is_held_while_the_question_is_shown_and_nothing_of_it_is_lost() {
    everyone(|person| {
        let script = "
import sys
for number in range(40000): sys.stdout.write(f'line {number}\\n')
print('all written')
import time; time.sleep(60)";
        let mut rehearsal = Rehearsal::with(person, 30, 30, script, "");
        rehearsal.shown();
        let before = rehearsal.session.text();
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(before.len(), rehearsal.session.text().len(), "something was shown beside the question");
        rehearsal.session.type_in("n\r");
        rehearsal.is_answered("1 Some(No)");
        // Whatever else is asked, the output goes on.
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !rehearsal.session.text().contains("all written") && std::time::Instant::now() < deadline {
            rehearsal.session.type_in("n\r");
            std::thread::sleep(Duration::from_millis(100));
        }
        let text = rehearsal.session.text();
        let numbers = text.lines().filter_map(|line| line.rsplit_once("line ").map(|(_, number)| number));
        let numbers: Vec<u32> = numbers.filter_map(|number| number.trim().parse().ok()).collect();
        assert!(numbers.len() > 39_900, "{} lines", numbers.len());
        assert_eq!(numbers.last(), Some(&39_999));
        rehearsal.session.close();
    });
}

#[test]
fn a_flood_through_a_pipe_to_the_same_terminal_is_held_too() {
    everyone(|person| {
        let script = "
while True: print('flood')";
        let mut rehearsal = Rehearsal::with(person, 500, 30, script, " | cat");
        rehearsal.shown();
        std::thread::sleep(Duration::from_millis(200));
        let before = rehearsal.session.text();
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(before.len(), rehearsal.session.text().len(), "something was shown beside the question");
        rehearsal.session.type_in("n\r");
        rehearsal.is_answered("1 Some(No)");
        rehearsal.session.close();
    });
}

#[test]
fn a_program_that_sets_modes_and_reads_all_it_can_neither_hides_nor_hears_the_answer() {
    everyone(|person| {
        let script = "
import glob, os, select, termios, threading, time, tty
log = open(os.path.expanduser('~/heard'), 'wb', buffering=0)
def listen(path):
    try: fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) if isinstance(path, str) else path
    except OSError: return
    while True:
        try:
            if select.select([fd], [], [], 1)[0]: log.write(os.read(fd, 100))
        except OSError: time.sleep(0.01)
for path in [0, 1, 2, '/dev/tty', *glob.glob('/proc/[0-9]*/fd/[0-2]')]:
    threading.Thread(target=listen, args=[path], daemon=True).start()
print('ready')
while True:
    tty.setraw(0); termios.tcflush(0, termios.TCIFLUSH); time.sleep(0.001)";
        let mut rehearsal = Rehearsal::start(person, script);
        rehearsal.session.see("ready");
        rehearsal.shown();
        rehearsal.session.type_in("never");
        // It is shown as it is typed, whatever the program did to its terminal.
        rehearsal.session.see("Answer: never");
        rehearsal.session.type_in("\r");
        rehearsal.is_answered("1 Some(Never)");
        rehearsal.session.type_in("heard");
        let heard = || {
            let package = person.package("python3");
            let found = std::fs::read_dir(package).expect("its folder").flatten();
            let file = found.map(|entry| entry.path().join("heard")).find(|path| path.exists());
            String::from_utf8_lossy(&std::fs::read(file.expect("the program's file")).unwrap()).into_owned()
        };
        // The listener that flushes may win some letters.
        until(Duration::from_secs(5), || !heard().is_empty());
        assert!(!heard().contains('n') && !heard().contains('v'), "{}", heard());
        rehearsal.session.close();
    });
}

#[test]
fn in_the_background_nobody_is_asked_and_it_is_said_how_access_is_given() {
    everyone(|person| {
        let answers = person.work().join("answers");
        let question = format!("300:{}", answers.display());
        let options = ["--prompt", "ask", "--rehearse-question", &question];
        let job = lowbox_program_tests::words(person, &options, &["/bin/sleep", "2"]);
        let mut session = Session::start(person, "PS1=prompt: DISPLAY= WAYLAND_DISPLAY= bash --norc -i");
        session.see("prompt:");
        session.type_in(&format!("{job} &\n"));
        session.see("nobody can be asked here");
        session.see("--grant '/home/user/rehearsed-1:rw'");
        session.type_in("echo $((6 * 7))-shell\n");
        session.see("42-shell");
        session.type_in("exit 0\n");
        session.type_in("exit 0\n");
        session.ends_with_code(0);
        assert!(std::fs::read_to_string(&answers).unwrap().starts_with("1 None\n"));
    });
}
