//! Questions at the terminal while a program runs that would rather answer them itself.

use std::time::Duration;

use lowbox_program_tests::{Person, Session, Touch, everyone_at_home, until};

/// A program at a terminal that touches a file.
struct Asked<'p> {
    session: Session,
    touch: Touch<'p>,
}

impl Asked<'_> {
    fn start<'p>(person: &'p Person, script: &str) -> Asked<'p> {
        Asked::within(person, "30", script)
    }

    fn within<'p>(person: &'p Person, seconds: &str, script: &str) -> Asked<'p> {
        let touch = Touch::new(person, script);
        let session = Session::start(person, &touch.words(&["--prompt-timeout", seconds]));
        Asked { session, touch }
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

    /// Nobody answered, which is *no* and lasts for this run.
    #[track_caller]
    fn is_not_answered(&self) {
        self.session.see("no answer in time: no");
        self.touch.comes_to("nothing");
        assert_eq!(self.touch.remembered(), []);
    }
}

const WAITS: &str = "touch(); time.sleep(60)";

#[test]
fn the_question_shows_who_asks_for_what_and_each_answer_means_what_it_says() {
    everyone_at_home(|person| {
        for (typed, comes_to, remembered) in [
            ("t\r", "rw", Some(("allow", "file"))),
            ("TR\r", "r", Some(("allow", "file"))),
            ("folder\r", "rw and its folder", Some(("allow", "folder"))),
            ("x\x7ffr\r", "r and its folder", Some(("allow", "folder"))),
            ("n\r", "nothing", None),
            ("never\r", "nothing", Some(("deny", "file"))),
            ("\x03", "nothing", None),
            ("yes\rt\x03", "nothing", None),
        ] {
            let mut asked = Asked::start(person, WAITS);
            asked.shown();
            let (file, folder) = (&asked.touch.file, asked.touch.file.parent().unwrap());
            for line in [
                "program  /usr/bin/python3",
                " of python3_",
                r" '\u{1b}[2J'",
                "wants to read and change this file:",
                &format!("    {}\r\n", file.display()),
                &format!("    its folder: {}\r\n", folder.display()),
                "everything in its folder\r\n",
                "counts as no",
            ] {
                asked.session.see(line);
            }
            asked.session.type_in(typed);
            asked.touch.comes_to(comes_to);
            let remembered = remembered.map(|(decision, what)| {
                let path = if what == "file" { file } else { folder };
                (decision.to_owned(), path.display().to_string())
            });
            assert_eq!(asked.touch.remembered(), Vec::from_iter(remembered), "{typed:?}");
            asked.session.close();
        }
    });
}

#[test]
fn without_an_answer_the_deadline_says_no_and_the_program_goes_on() {
    everyone_at_home(|person| {
        let asked = Asked::within(person, "2", "touch().join(); print('went', 'on')");
        asked.shown();
        asked.is_not_answered();
        asked.session.see("went on");
        asked.session.ends_with_code(0);
    });
}

#[test]
fn what_is_typed_before_the_question_is_the_programs_and_no_answer() {
    everyone_at_home(|person| {
        let script = "
print('ready')
for _ in range(3): print('got', input())
touch()
while True: print('got', input())";
        let mut asked = Asked::within(person, "3", script);
        asked.session.see("ready");
        asked.session.type_in("t\rt\rt\r");
        asked.session.see("got t");
        // In the last moment, when the program does not get it any more.
        asked.fence();
        asked.session.type_in("t\rf\rt\r");
        asked.shown();
        asked.is_not_answered();
        asked.session.close();
    });
}

#[test]
fn replies_that_a_program_made_the_terminal_send_answer_nothing() {
    everyone_at_home(|person| {
        // Queries: place of the cursor, answerback, title, settings, attributes. What a terminal makes of them is played here.
        let script = "
import sys, time
sys.stdout.write('\\x1b]0;t\\x07\\x05\\x1b[6n\\x1b[21t\\x1bP$qm\\x1b\\\\\\x1b[c')
print('ready'); touch(); time.sleep(60)";
        // Behind lowbox's own query, that is after 200 ms and more, what was asked before it is still answered first.
        for late in ["t\r\nt\r", "\x1b[0nt\r", "\x1b]lt\nt\r\nt\r\x1b\\", "\x1bP1$rt\rt\nt\x1b\\\r", "\x1b]l"]
        {
            let mut asked = Asked::start(person, script);
            asked.fence();
            std::thread::sleep(Duration::from_millis(300));
            asked.session.type_in(late);
            asked.session.type_in("\x1b[0n");
            asked.shown();
            std::thread::sleep(Duration::from_millis(100));
            // And what comes later than that has a beginning that no key has.
            asked.session.type_in("\x1b]lt\rt\r");
            std::thread::sleep(Duration::from_millis(400));
            asked.session.type_in("t\rt\r");
            std::thread::sleep(Duration::from_millis(300));
            assert_eq!(asked.touch.came(), None, "{late:?}");
            // Control-C ends whatever is unfinished.
            asked.session.type_in("\x03");
            asked.touch.comes_to("nothing");
            assert_eq!(asked.touch.remembered(), []);
            asked.session.close();
        }
    });
}

#[test]
fn keys_that_are_sequences_void_the_line_and_a_fresh_one_counts() {
    everyone_at_home(|person| {
        let mut asked = Asked::start(person, WAITS);
        asked.shown();
        asked.session.type_in("t\x1b[A\r");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(asked.touch.came(), None);
        asked.session.type_in("tr\r");
        asked.touch.comes_to("r");
        asked.session.close();
    });
}

#[test]
fn a_false_question_takes_an_answer_that_is_for_nothing() {
    everyone_at_home(|person| {
        let script = "
print('----- lowbox asks -----\\nwants to read this file:\\n    /etc/motd\\n  t  this file')
typed = input('Answer: ')
print('the program has', typed)
touch()
input()";
        let mut asked = Asked::within(person, "2", script);
        asked.session.see("/etc/motd");
        asked.session.type_in("t\r");
        asked.session.see("the program has t");
        asked.session.see(asked.touch.file.to_str().unwrap());
        asked.is_not_answered();
        asked.session.close();
    });
}

#[test]
fn a_program_that_sets_modes_and_reads_all_it_can_neither_hides_nor_hears_the_answer() {
    everyone_at_home(|person| {
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
touch(0.2)
while True:
    tty.setraw(0); termios.tcflush(0, termios.TCIFLUSH); time.sleep(0.001)";
        let mut asked = Asked::start(person, script);
        asked.session.see("ready");
        asked.shown();
        asked.session.type_in("never");
        // It is shown as it is typed, whatever the program did to its terminal.
        asked.session.see("Answer: never");
        asked.session.type_in("\r");
        asked.touch.comes_to("nothing");
        assert_eq!(asked.touch.remembered()[0].0, "deny");
        asked.session.type_in("heard");
        let file = person.package("python3").join("LocalState/heard");
        let heard = || String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        // The listener that flushes may win some letters.
        until(Duration::from_secs(5), || !heard().is_empty());
        assert!(!heard().contains('n') && !heard().contains('v'), "{}", heard());
        asked.session.close();
    });
}

#[test]
fn in_the_background_nobody_is_asked_and_it_is_said_how_access_is_given() {
    everyone_at_home(|person| {
        let touch = Touch::new(person, "touch().join()");
        let mut session = Session::start(person, "PS1=prompt: DISPLAY= WAYLAND_DISPLAY= bash --norc -i");
        session.see("prompt:");
        session.type_in(&format!("{} &\n", touch.words(&[])));
        session.see("nobody can be asked here");
        session.see(&format!("--grant '{}:rw'", touch.file.display()));
        session.type_in("echo $((6 * 7))-shell\n");
        session.see("42-shell");
        touch.comes_to("nothing");
        session.type_in("exit 0\n");
        session.type_in("exit 0\n");
        session.ends_with_code(0);
    });
}
