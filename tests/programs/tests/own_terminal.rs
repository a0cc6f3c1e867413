//! Programs at a terminal where questions are asked: they get one of their own, and everything works as at the caller's.

use std::time::Duration;

use lowbox_program_tests::{Person, Session, everyone, pids_with, unique_sleep, until};
use rustix::process::{Pid, Signal, kill_process};

/// The words of `lowbox run --prompt ask -- COMMAND` for a shell.
fn words(person: &Person, command: &[&str]) -> String {
    lowbox_program_tests::words(person, &["--prompt", "ask"], command)
}

fn shell(person: &Person, script: &str) -> String {
    words(person, &["/bin/bash", "-c", script])
}

fn python(person: &Person, script: &str) -> String {
    words(person, &["/usr/bin/python3", "-u", "-c", script])
}

/// The lowbox processes of a job that has this word in its command line.
fn lowboxes(word: &str) -> Vec<Pid> {
    let name = |pid: &Pid| {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_pid()));
        name.unwrap_or_default().trim().to_owned()
    };
    pids_with(word).into_iter().filter(|pid| name(pid) == "lowbox").collect()
}

#[test]
fn the_terminal_is_another_one_also_by_dev_tty_and_only_where_questions_are_asked() {
    everyone(|person| {
        let script = "
import os
tty = os.open('/dev/tty', os.O_RDWR) if os.path.exists('/dev/tty') else None
print('own', *(os.fstat(fd).st_rdev for fd in (0, 1, 2)), os.isatty(0))
if tty is not None:
    os.write(tty, b'by name\\n')
    print('line', os.read(tty, 100))";
        let outside = "python3 -c 'import os; print(\"outside\", os.fstat(0).st_rdev, flush=True)'";
        let mut session = Session::start(person, &format!("{outside}; {}", python(person, script)));
        session.see("by name");
        session.type_in("typed\n");
        session.see("line b'typed\\n'");
        let text = session.text();
        let number = |line: &str, at: usize| -> String {
            let line = text.lines().find(|l| l.starts_with(line)).unwrap_or_else(|| panic!("{line}: {text}"));
            line.split_whitespace().nth(at).expect("a number").to_owned()
        };
        let outside_device = number("outside", 1);
        for at in 1..=3 {
            assert_ne!(number("own", at), outside_device, "{text}");
        }
        session.ends_with_code(0);

        let off = lowbox_program_tests::words(person, &[], &["/usr/bin/python3", "-u", "-c", script]);
        let session = Session::start(person, &format!("{outside}; {off}"));
        session.see("own");
        session.see("True");
        assert!(session.text().contains(&format!("own {0} {0} {0} True", {
            let text = session.text();
            text.split_whitespace().nth(1).expect("a number").to_owned()
        })));
        session.ends_with_code(0);
    });
}

#[test]
fn its_size_and_modes_are_those_of_the_callers_and_its_changes_stay_inside() {
    everyone(|person| {
        let inside = shell(person, "stty size; stty -a; stty -echo -icanon -isig; echo changed");
        let script = format!(
            "stty rows 33 cols 77 -ixon; stty -a >before; {inside}; stty -a >after; cmp before after"
        );
        let session = Session::start(person, &script);
        session.see("changed");
        let text = session.text();
        assert!(text.contains("33 77") && text.contains("-ixon") && text.contains(" icanon"), "{text}");
        session.ends_with_code(0);
    });
}

#[test]
fn a_change_of_the_callers_size_reaches_the_program_as_a_signal() {
    everyone(|person| {
        let script = "
import os, signal, time
signal.signal(signal.SIGWINCH, lambda *_: print('size', *os.get_terminal_size()))
print('ready')
for _ in range(1000): time.sleep(0.01)";
        let inside = python(person, script);
        let session =
            Session::start(person, &format!("(sleep 1.5; stty rows 44 cols 99 </dev/tty) & {inside}"));
        session.see("ready");
        session.see("size 99 44");
        session.close();
    });
}

#[test]
fn a_shell_inside_has_job_control_of_its_own() {
    everyone(|person| {
        let mut session = Session::start(person, &words(person, &["/bin/bash", "--norc", "-i"]));
        let sleep = unique_sleep();
        session.type_in("PS1='inside: '\n");
        session.see("inside: ");
        session.type_in(&format!("sleep {sleep}\n"));
        let asleep = || pids_with(&sleep).len();
        // The shell's command line does not have it, so this is the sleep.
        assert!(until(Duration::from_secs(15), || asleep() == 1));
        session.type_in("\x1a");
        session.see("Stopped");
        session.type_in("fg\n");
        std::thread::sleep(Duration::from_millis(300));
        session.type_in("\x03");
        assert!(until(Duration::from_secs(15), || asleep() == 0));
        session.type_in("echo code:$?\n");
        session.see("code:130");
        // The shell ignores control-Z at its prompt, and so does its terminal.
        session.type_in("\x1aecho $((40 + 2))\n");
        session.see("42");
        assert!(!session.text().contains("no job control"), "{}", session.text());
        session.type_in("exit 4\n");
        session.ends_with_code(4);
    });
}

#[test]
fn control_c_and_control_backslash_reach_the_program_and_not_lowbox() {
    everyone(|person| {
        let script = "
import signal, time
signal.signal(signal.SIGQUIT, lambda *_: print('quit'))
try:
    print('waiting')
    while True: time.sleep(0.01)
except KeyboardInterrupt:
    print('interrupted')
    raise SystemExit(5)";
        let mut session = Session::start(person, &python(person, script));
        session.see("waiting");
        session.type_in("\x1c");
        session.see("quit");
        session.type_in("\x03");
        session.see("interrupted");
        session.ends_with_code(5);
    });
}

#[test]
fn control_z_stops_the_job_whose_terminal_is_the_shells_then_and_fg_continues_it() {
    everyone(|person| {
        let marker = unique_sleep();
        let script = "echo read''y; while read line; do echo got:$line; done; exit 8";
        let job = words(person, &["/bin/sh", "-c", script, &marker]);
        let mut session = Session::start(person, "PS1=prompt: bash --norc -i");
        session.see("prompt:");
        session.type_in(&format!("stty -a >before\n{job}\n"));
        session.see("ready");
        session.type_in("one\n");
        session.see("got:one");
        session.type_in("\x1a");
        session.see("Stopped");
        session.type_in("stty -a >after; cmp before after && echo sa''me\n");
        session.see("same");
        session.type_in("bg\n");
        session.type_in("echo $((6 * 7))-shell\n");
        session.see("42-shell");
        session.type_in("fg\n");
        std::thread::sleep(Duration::from_millis(500));
        session.type_in("two\n");
        session.see("got:two");
        session.type_in("\x04");
        // What is typed while the program runs is the program's, and lost with it.
        std::thread::sleep(Duration::from_millis(700));
        session.type_in("echo code:$?; stty -a >after; cmp before after && echo sa''me-again\n");
        session.see("code:8");
        session.see("same-again");
        assert!(!session.text().contains("got:echo"), "{}", session.text());
        session.type_in("exit 0\n");
        session.ends_with_code(0);
    });
}

#[test]
fn what_is_written_before_the_end_is_shown_before_lowbox_ends() {
    everyone(|person| {
        let inside = shell(person, "seq 1 200000; printf la; printf st");
        let session = Session::start(person, &format!("{inside}; echo after"));
        session.see("lastafter");
        assert!(session.text().contains("199999\r\n200000\r\nlast"));
        session.ends_with_code(0);
    });
}

#[test]
fn a_terminal_that_is_hung_up_ends_the_container() {
    everyone(|person| {
        let sleep = unique_sleep();
        let session = Session::start(person, &shell(person, &format!("echo read''y; sleep {sleep}; :")));
        session.see("ready");
        assert!(!pids_with(&sleep).is_empty());
        session.close();
        assert!(until(Duration::from_secs(15), || pids_with(&sleep).is_empty()));
    });
}

#[test]
fn the_callers_modes_come_back_also_when_a_signal_kills_lowbox() {
    everyone(|person| {
        // SIGALRM and SIGSEGV kill lowbox itself; SIGTERM is the program's, which ends by it.
        for (signal, code) in [(Signal::ALARM, 142), (Signal::SEGV, 139), (Signal::TERM, 143)] {
            let sleep = unique_sleep();
            let inside = shell(person, &format!("stty raw -echo; echo read''y; exec sleep {sleep}"));
            let session =
                Session::start(person, &format!("stty -a >before; {inside}; echo code:$?; stty -a >after"));
            session.see("ready");
            // Beside it pid 1 and what grants access.
            assert!(until(Duration::from_secs(15), || lowboxes(&sleep).len() == 3), "{:?}", lowboxes(&sleep));
            let lowbox = lowboxes(&sleep).into_iter().min_by_key(|pid| pid.as_raw_pid()).expect("three");
            kill_process(lowbox, signal).expect("it runs");
            session.see(&format!("code:{code}"));
            session.ends_with_code(0);
            let modes = |name: &str| std::fs::read_to_string(person.work().join(name)).expect("written");
            assert_eq!(modes("before"), modes("after"), "{signal:?}");
            assert!(until(Duration::from_secs(15), || pids_with(&sleep).is_empty()));
        }
    });
}

#[test]
fn the_callers_terminal_is_left_alone_where_standard_input_is_something_else() {
    everyone(|person| {
        let inside = shell(person, "cat; echo to-the-terminal >&2; sleep 2");
        let look = "(sleep 1; stty -a </dev/tty >during) & stty -a >before";
        let script = format!("{look}; echo piped | {inside} | tr a-z A-Z; wait; cmp before during");
        let session = Session::start(person, &script);
        session.see("PIPED");
        session.see("to-the-terminal\r\n");
        session.ends_with_code(0);
    });
}

#[test]
fn the_callers_terminal_can_neither_be_found_nor_typed_into_nor_locked() {
    everyone(|person| {
        let script = "
import errno, fcntl, glob, os, termios
def tried(what, act):
    try:
        act()
        print('did', what)
    except OSError as error:
        print(errno.errorcode[error.errno], what)
tried('type', lambda: fcntl.ioctl(0, 0x5412, b'x'))
tried('type with high bits', lambda: fcntl.ioctl(0, 0x100005412 & 0xffffffff, b'x'))
tried('discipline', lambda: fcntl.ioctl(0, 0x5423, b'\\0\\0\\0\\0'))
tried('exclusive', lambda: fcntl.ioctl(0, termios.TIOCEXCL))
tried('console', lambda: fcntl.ioctl(0, 0x541d))
devices = set()
for path in glob.glob('/proc/[0-9]*/fd/*') + glob.glob('/dev/pts/[0-9]*') + ['/dev/tty', '/dev/console', '/dev/tty1']:
    try: devices.add(os.fstat(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)).st_rdev)
    except OSError: pass
print('devices', sorted(devices))
print('end')";
        let outside = "python3 -c 'import os; print(\"outside\", os.fstat(0).st_rdev, flush=True)'";
        let session = Session::start(person, &format!("{outside}; {}", python(person, script)));
        session.see("\nend");
        let text = session.text();
        for what in ["type", "type with high bits", "discipline", "exclusive", "console"] {
            assert!(text.contains(&format!("EPERM {what}\r\n")), "{text}");
        }
        let outside = text.lines().find_map(|line| line.trim().strip_prefix("outside ")).expect("printed");
        let devices = text.lines().find(|line| line.starts_with("devices")).expect("printed");
        assert!(
            !devices.contains(&format!("{outside},")) && !devices.contains(&format!("{outside}]")),
            "{text}"
        );
        session.ends_with_code(0);
    });
}
