//! Programs at a terminal, which script(1) makes.

use std::io::{Read, Write};
use std::process::Command;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Person, until};

/// A command at a terminal of its own: what it printed so far, and its keyboard.
pub struct Session {
    child: std::process::Child,
    keyboard: std::process::ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Session {
    /// Starts shell text at a terminal.
    pub fn start(person: &Person, text: &str) -> Session {
        let mut command = person.plain(["script", "--quiet", "--return", "--command", text, "/dev/null"]);
        // dash would end by control-C itself, whatever its command makes of it.
        command.env("TERM", "xterm").env("SHELL", "/bin/bash").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script(1)");
        let keyboard = child.stdin.take().expect("piped");
        let mut output = child.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shared.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Session { child, keyboard, screen }
    }

    /// Types.
    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal is there");
        self.keyboard.flush().expect("the terminal is there");
    }

    /// Waits for text on the screen.
    #[track_caller]
    pub fn see(&self, wanted: &str) {
        let seen = until(Duration::from_secs(15), || self.text().contains(wanted));
        assert!(seen, "{wanted:?} does not appear in {:?}", self.text());
    }

    /// What was shown so far.
    pub fn text(&self) -> String {
        self.screen.lock().expect("no panic").clone()
    }

    /// Closes the terminal's window: the terminal is hung up.
    pub fn close(self) {}

    /// Fails the test unless the command ends with this code.
    #[track_caller]
    pub fn ends_with_code(mut self, code: i32) {
        let mut status = None;
        until(Duration::from_secs(15), || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        assert_eq!(status.and_then(|status| status.code()), Some(code), "{}", self.text());
    }
}

/// Also when a test fails: the terminal's window is closed.
impl Drop for Session {
    fn drop(&mut self) {
        // script(1) holds the terminal's other side.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `lowbox run OPTIONS -- COMMAND` in a shell's words, for a session of the person's.
pub fn words(person: &Person, options: &[&str], command: &[&str]) -> String {
    words_of(&person.inside(options, command))
}

/// A command of the person's in a shell's words, for a session of theirs.
pub fn words_of(run: &Command) -> String {
    let all = std::iter::once(run.get_program()).chain(run.get_args());
    let quoted: Vec<String> =
        all.map(|word| format!("'{}'", word.to_str().expect("UTF-8").replace('\'', r"'\''"))).collect();
    // The session is the person's already.
    match quoted.iter().position(|word| word == "'--'") {
        Some(at) if quoted[0] == "'setpriv'" => quoted[at + 1..].join(" "),
        _ => quoted.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ordinary, pids_with, unique_sleep};

    #[test]
    fn a_session_of_a_test_that_fails_leaves_nothing_running() {
        let (person, sleep) = (ordinary(), unique_sleep());
        let failed = std::panic::catch_unwind(|| {
            let session = Session::start(&person, &format!("sleep {sleep}"));
            assert!(until(Duration::from_secs(15), || !pids_with(&sleep).is_empty()));
            assert_eq!(session.text(), "something that never appears");
        });
        assert!(failed.is_err());
        assert!(
            until(Duration::from_secs(15), || pids_with(&sleep).is_empty()),
            "script(1) or sleep(1) runs on"
        );
    }
}
