//! Escaping into the terminal that the user comes back to.

use super::super::attack::{Attack, Judge, attack};
use super::super::setup::Setup;
use Judge::{Gained, Outside};

const PTY: &[&str] = &["/usr/bin/python3", "-B", "{programs}/pty_session.py"];
/// A virtual console as standard input.
const CONSOLE: &[&str] = &["/bin/sh", "-c", "exec \"$@\" </dev/tty1", "sh"];

pub const ATTACKS: &[Attack] = &[
    attack("tiocsti", "tiocsti", Outside, &["5412"]).around(PTY).needs(legacy_tiocsti),
    attack("tiocsti-high-bits", "tiocsti", Outside, &["100005412"]).around(PTY).needs(legacy_tiocsti),
    attack("tioclinux", "tioclinux", Gained, &["541c"]).around(CONSOLE).root_only().needs(console),
    attack("tioclinux-high-bits", "tioclinux", Gained, &["10000541c"])
        .around(CONSOLE)
        .root_only()
        .needs(console),
    attack("tiocsetd", "tiocsetd", Gained, &["5423"]).around(PTY),
    attack("terminal-modes-left", "terminal_modes.py", Outside, &[]).around(PTY),
    attack("terminal-foreground-left", "terminal_foreground.py", Outside, &[]).around(PTY),
];

fn legacy_tiocsti(setup: &Setup) -> Option<&'static str> {
    let off =
        std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").is_ok_and(|text| text.trim() == "0");
    (off && !setup.root).then_some("dev.tty.legacy_tiocsti is 0")
}

fn console(_: &Setup) -> Option<&'static str> {
    std::fs::File::open("/dev/tty1").is_err().then_some("no virtual console")
}
