//! Programs at a terminal that tmux(1) plays: what a person would see there, line by line.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Person, finish, until};

/// A tmux server of its own with one window.
pub struct Tmux<'p> {
    person: &'p Person,
    socket: PathBuf,
}

impl<'p> Tmux<'p> {
    /// Starts shell text in a window of 100 columns and 30 lines.
    pub fn start(person: &'p Person, text: &str) -> Tmux<'p> {
        // A server that is just ending would take a new session along.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let tmux = Tmux { person, socket: person.work().join(format!("tmux-{number}")) };
        tmux.ask(&["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", text]);
        tmux
    }

    fn ask(&self, words: &[&str]) -> String {
        let socket = self.socket.to_str().expect("UTF-8");
        let mut command = self.person.plain(["tmux", "-S", socket].iter().chain(words));
        command.env("LC_ALL", "C.UTF-8").env("SHELL", "/bin/bash").env_remove("TMUX");
        finish(command, 20).succeeded()
    }

    /// Types: words of tmux for keys, or text.
    pub fn keys(&self, keys: &[&str]) {
        self.ask(&[&["send-keys", "-t", ":0"], keys].concat());
    }

    /// Makes the window another size.
    pub fn resize(&self, columns: u16, lines: u16) {
        self.ask(&["resize-window", "-t", ":0", "-x", &columns.to_string(), "-y", &lines.to_string()]);
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p", "-t", ":0"])
    }

    /// Where the cursor is, and whether it can be seen: `column,line,flag`.
    pub fn cursor(&self) -> String {
        self.ask(&["display-message", "-p", "-t", ":0", "#{cursor_x},#{cursor_y},#{cursor_flag}"])
    }

    /// Waits for text on the screen.
    #[track_caller]
    pub fn see(&self, wanted: &str) {
        let seen = until(Duration::from_secs(15), || self.screen().contains(wanted));
        assert!(seen, "{wanted:?} does not appear on\n{}", self.screen());
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ =
            self.person.plain(["tmux", "-S", self.socket.to_str().expect("UTF-8"), "kill-server"]).output();
    }
}
