//! Displays of programs' own, as their windows on the user's display show them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Display, Person, accesses, pids_with, until};

/// A colour that nothing else on the display has.
pub const COLOUR: &str = "#12AB34";

/// The title of a program's window, as a regular expression.
pub fn title(name: &str) -> String {
    format!(r"^\[lowbox\] {name}_")
}

/// Waits for the window of a program of this name.
#[track_caller]
pub fn appears(display: &Display, name: &str) -> String {
    let mut window = None;
    let is_there = until(Duration::from_secs(20), || {
        window = display.window(&title(name));
        window.is_some()
    });
    assert!(is_there, "no window appears");
    window.expect("it is there")
}

/// Waits for a page of an editor: its white, and the many colours of an icon and of smooth letters.
#[track_caller]
pub fn draws_a_page(display: &Display, picture: &str) {
    let is_drawn = until(Duration::from_secs(60), || {
        let colours = display.picture(picture);
        colours.contains(&"#FFFFFF".to_owned()) && colours.len() > 40
    });
    assert!(is_drawn, "{:?}", display.picture(&format!("{picture}, not drawn")));
}

/// A name that no other test's program has, nor another person's.
pub fn name_of(person: &Person, test: &str) -> String {
    format!("{test}{}{}", std::process::id(), if person.is_root() { "root" } else { "user" })
}

/// How many processes belong to the window of a program of this name.
pub fn servers(name: &str) -> usize {
    pids_with(&format!("[lowbox] {name}_")).len()
}

/// Waits until none does.
#[track_caller]
pub fn no_servers_are_left(name: &str) {
    assert!(until(Duration::from_secs(5), || servers(name) == 0), "{name}: {} are left", servers(name));
}

/// `lowbox ARGUMENTS` of a user of this display.
pub fn lowbox_at(person: &Person, display: &Display, words: &[&str]) -> Command {
    let mut command = person.lowbox(words);
    display.shown(&mut command);
    command
}

/// Fails if anything of a display is among what was recorded: its socket, by path and by name, and its cookie.
#[track_caller]
pub fn has_nothing_of_a_display(trace: &Path) {
    let all = accesses(trace);
    let of_display = |access: &&Value| {
        let shown = access.to_string();
        ["X11-unix", "Xauthority", "\"display\""].iter().any(|word| shown.contains(word))
    };
    assert!(!all.is_empty());
    let found: Vec<_> = all.iter().filter(of_display).collect();
    assert!(found.is_empty(), "{found:#?}");
}
