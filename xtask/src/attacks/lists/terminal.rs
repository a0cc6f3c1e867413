//! Escaping into the terminal that the user comes back to.

use super::super::attack::{Attack, Judge, Templates, attack};
use super::super::setup::Setup;
use Judge::{Gained, Leak, Outside};

const PTY: Templates = &["/usr/bin/python3", "-B", "{programs}/pty_session.py"];
/// The terminal as standard error alone.
const PTY_AS_STDERR: Templates = &[PTY[0], PTY[1], PTY[2], "/bin/sh", "-c", "exec \"$@\" </dev/null", "sh"];
/// The terminal of another session.
const PTY_OF_OTHERS: Templates = &[PTY[0], PTY[1], PTY[2], "setsid", "--wait"];
/// The terminal as descriptor 7 too.
const PTY_AS_SEVEN: Templates = &[PTY[0], PTY[1], PTY[2], "/bin/sh", "-c", "exec 7<&0; exec \"$@\"", "sh"];
const STARTED: Templates = &["/usr/bin/python3", "-B", "{programs}/pty_background.py", "started", "{secret}"];
const CONTINUED: Templates =
    &["/usr/bin/python3", "-B", "{programs}/pty_background.py", "continued", "{secret}"];
/// A session of its own, as lowbox gives one to its program: the kernel stops nobody in it for reading the terminal.
const PTY_AS_SEVEN_ONLY: Templates =
    &[PTY[0], PTY[1], PTY[2], "/bin/sh", "-c", "exec 7<&0 </dev/null 2>/dev/null; exec \"$@\"", "sh"];
const STARTED_AS_SEVEN: Templates = &[
    STARTED[0],
    STARTED[1],
    STARTED[2],
    STARTED[3],
    STARTED[4],
    "/bin/sh",
    "-c",
    "exec 7<&0; exec \"$@\"",
    "sh",
];
const CONTINUED_BY_STDERR: Templates = &[
    CONTINUED[0],
    CONTINUED[1],
    CONTINUED[2],
    CONTINUED[3],
    CONTINUED[4],
    "/bin/sh",
    "-c",
    "exec \"$@\" </dev/null",
    "sh",
];
const SESSION: Templates = &["setsid", "--wait"];
/// A virtual console as standard input.
const CONSOLE: Templates = &["/bin/sh", "-c", "exec \"$@\" </dev/tty1", "sh"];

/// What the session on the pty notices.
const fn noticed(name: &'static str, program: &'static str, args: Templates) -> Attack {
    attack(name, program, Outside, args).around(PTY)
}

pub const ATTACKS: &[Attack] = &[
    noticed("tiocsti", "tiocsti", &["5412"]).needs(legacy_tiocsti),
    noticed("tiocsti-high-bits", "tiocsti", &["100005412"]).needs(legacy_tiocsti),
    attack("tioclinux", "tioclinux", Gained, &["541c"]).around(CONSOLE).root_only().needs(console),
    attack("tioclinux-high-bits", "tioclinux", Gained, &["10000541c"])
        .around(CONSOLE)
        .root_only()
        .needs(console),
    attack("tiocsetd", "tiocsetd", Gained, &["5423"]).around(PTY),
    noticed("terminal-modes-left", "terminal_modes.py", &["0"]),
    noticed("terminal-modes-left-by-stderr", "terminal_modes.py", &["2"]).around(PTY_AS_STDERR),
    noticed("terminal-modes-left-in-another-session", "terminal_modes.py", &["0"]).around(PTY_OF_OTHERS),
    noticed("terminal-modes-left-of-a-lent-one", "terminal_modes.py", &["7"])
        .around(PTY_AS_SEVEN_ONLY)
        .lowbox(&["--fd", "7:terminal"]),
    attack("keystrokes-of-a-lent-terminal", "terminal_read.py", Leak, &["7"])
        .around(STARTED_AS_SEVEN)
        .lowbox(&["--fd", "7:terminal"])
        .unconfined(SESSION),
    attack("keystrokes-when-continued-by-stderr", "terminal_read.py", Leak, &[])
        .around(CONTINUED_BY_STDERR)
        .unconfined(SESSION),
    noticed("terminal-foreground-left", "terminal_foreground.py", &[]),
    noticed("terminal-permissions", "terminal_permissions.py", &["0"]),
    noticed("terminal-permissions-by-stderr", "terminal_permissions.py", &["2"]).around(PTY_AS_STDERR),
    noticed("terminal-permissions-of-a-lent-one", "terminal_permissions.py", &["7"])
        .around(PTY_AS_SEVEN)
        .lowbox(&["--fd", "7:terminal"]),
    noticed("terminal-locked", "terminal_lock.py", &["TIOCEXCL"]),
    noticed("terminal-output-stopped", "terminal_lock.py", &["TCOOFF"]),
    noticed("terminal-input-stopped", "terminal_lock.py", &["TCIOFF"]),
    attack("keystrokes-when-started-in-background", "terminal_read.py", Leak, &[])
        .around(STARTED)
        .unconfined(SESSION),
    attack("keystrokes-when-continued-in-background", "terminal_read.py", Leak, &[])
        .around(CONTINUED)
        .unconfined(SESSION),
    // The same where questions are asked and the program has a terminal of its own.
    asked("own-terminal-tiocsti", "tiocsti", &["5412"]).needs(legacy_tiocsti),
    attack("own-terminal-tiocsetd", "tiocsetd", Gained, &["5423"]).around(PTY).lowbox(ASK),
    asked("own-terminal-modes-left", "terminal_modes.py", &["0"]),
    asked("own-terminal-modes-left-by-stderr", "terminal_modes.py", &["2"]).around(PTY_AS_STDERR),
    asked("own-terminal-foreground-left", "terminal_foreground.py", &[]),
    asked("own-terminal-permissions", "terminal_permissions.py", &["0"]),
    asked("own-terminal-locked", "terminal_lock.py", &["TIOCEXCL"]),
    asked("own-terminal-output-stopped", "terminal_lock.py", &["TCOOFF"]),
    asked("own-terminal-input-stopped", "terminal_lock.py", &["TCIOFF"]),
    asked("own-terminal-permissions-of-a-lent-one", "terminal_permissions.py", &["7"])
        .around(PTY_AS_SEVEN)
        .lowbox(&["--prompt", "ask", "--fd", "7:terminal"]),
    attack("own-terminal-keystrokes-when-started-in-background", "terminal_read.py", Leak, &[])
        .around(STARTED)
        .lowbox(ASK)
        .unconfined(SESSION),
    attack("own-terminal-keystrokes-when-continued-in-background", "terminal_read.py", Leak, &[])
        .around(CONTINUED)
        .lowbox(ASK)
        .unconfined(SESSION),
];

const ASK: Templates = &["--prompt", "ask"];

/// What the session on the pty notices of a program with a terminal of its own.
const fn asked(name: &'static str, program: &'static str, args: Templates) -> Attack {
    noticed(name, program, args).lowbox(ASK)
}

fn legacy_tiocsti(setup: &Setup) -> Option<&'static str> {
    let off =
        std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").is_ok_and(|text| text.trim() == "0");
    (off && !setup.root).then_some("dev.tty.legacy_tiocsti is 0")
}

fn console(_: &Setup) -> Option<&'static str> {
    std::fs::File::open("/dev/tty1").is_err().then_some("no virtual console")
}
