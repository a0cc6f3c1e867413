//! A program that was given a display of its own (`--display`), and goes for the user's. Each works with the user's display as it is.

use std::path::Path;

use super::super::attack::{Attack, Judge, attack};
use super::super::setup::Setup;
use super::super::{wine, x11};
use Judge::Outside;

const fn at_display(name: &'static str, program: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, program, Outside, args)
        .around(&["/usr/bin/python3", "-B", "{programs}/display_session.py"])
        .lowbox(&["--display"])
        .needs(lacking)
}

pub const ATTACKS: &[Attack] = &[
    at_display("display-grab-keyboard", "keys", &["grab"]),
    at_display("display-grab-each-key", "keys", &["grab-each"]),
    at_display("display-read-keymap", "keys", &["keymap"]),
    at_display("display-raw-keys", "keys", &["raw"]),
    at_display("display-record-keys", "keys", &["record"]),
    at_display("display-select-keys-of-windows", "keys", &["select"]),
    at_display("display-take-focus", "keys", &["focus"]),
    at_display("display-screenshot", "picture", &["root"]),
    at_display("display-picture-of-windows", "picture", &["windows"]),
    at_display("display-titles", "titles", &[]),
    at_display("display-selection", "selection", &["PRIMARY"]),
    at_display("display-clipboard", "selection", &["CLIPBOARD"]),
    at_display("display-type-by-xtest", "type", &["xtest", "40"]),
    at_display("display-type-by-events", "type", &["events", "40"]),
    at_display("display-connect-outside-by-path", "connect_outside.py", &["path", "NUMBER", "COOKIE"]),
    at_display(
        "display-connect-outside-by-abstract-name",
        "connect_outside.py",
        &["abstract", "NUMBER", "COOKIE"],
    )
    .within_reach(),
    at_display("display-connect-outside-by-tcp", "connect_outside.py", &["tcp", "NUMBER", "COOKIE"])
        .within_reach(),
    by_windows("win32-display-screenshot", "screen.exe"),
    by_windows("win32-display-clipboard", "clipboard.exe"),
];

/// By a Windows program, which is given a display unasked only if it is one of windows; these are of the command line.
const fn by_windows(name: &'static str, program: &'static str) -> Attack {
    at_display(name, program, &[]).needs(|setup| lacking(setup).or_else(wine::lacking))
}

fn lacking(_: &Setup) -> Option<&'static str> {
    const XEPHYR: &str = "/usr/bin/Xephyr";
    let no_server =
        (!Path::new(XEPHYR).exists()).then_some("Xephyr is not installed (package xserver-xephyr)");
    no_server.or_else(x11::lacking)
}
