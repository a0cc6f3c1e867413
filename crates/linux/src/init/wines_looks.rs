//! Which of the looks of a Windows program's process are Wine's own search for a name, about which nobody is asked.
//!
//! Wine looks for a whole path (stat) in the program's process, and only what is there is opened, by its server. Of what is not there it
//! looks at each folder on the way, and through each of them for another spelling. So for a Windows program the first look is the touch, and
//! what follows it is none; but for the folder in which something is not there, because it may be about to be made. A program that lies about all this is asked about less, or asks more.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::announced;
use super::path_calls::Named;
use crate::wine::Drive;

/// So many threads look for something at a time, else one of them may be asked about a folder on the way.
const MAX_THREADS: usize = 64;

/// What a thread looked for last.
struct Whole {
    thread: u32,
    path: PathBuf,
    /// It is not there outside either.
    missing: bool,
}

/// What is known of them.
pub(super) struct WinesLooks {
    server: PathBuf,
    drives: Vec<Drive>,
    wholes: VecDeque<Whole>,
}

impl WinesLooks {
    /// With Wine's server, as the container sees it, and what has a letter.
    pub(super) fn new(server: PathBuf, drives: Vec<Drive>) -> WinesLooks {
        WinesLooks { server, drives, wholes: VecDeque::new() }
    }

    /// What the program is about to change, as the add-on says it.
    pub(super) fn announced(&self, path: &Path) -> Option<(PathBuf, Named)> {
        announced::read(path, &self.drives)
    }

    /// Whether Wine looks at a folder on the way to what it looks for, or through it. A program that lists a folder has the server open it.
    pub(super) fn is_one(&mut self, thread: Pid, named: &Named, path: &Path) -> bool {
        if named.lists {
            return !self.is_server(thread);
        }
        if !named.probe {
            return false;
        }
        let thread = thread.as_raw_pid() as u32;
        if let Some(at) = self.wholes.iter().position(|whole| whole.thread == thread) {
            let whole = &self.wholes[at];
            if whole.path != path && whole.path.starts_with(path) {
                return !(whole.missing && whole.path.parent() == Some(path));
            }
            self.wholes.remove(at);
        }
        self.wholes.push_back(Whole { thread, path: path.to_owned(), missing: false });
        if self.wholes.len() > MAX_THREADS {
            self.wholes.pop_front();
        }
        false
    }

    /// What the thread looked for is not there outside either.
    pub(super) fn is_missing(&mut self, thread: u32) {
        if let Some(whole) = self.wholes.iter_mut().find(|whole| whole.thread == thread) {
            whole.missing = true;
        }
    }

    /// Whether the thread is one of Wine's server, by the program that its process runs.
    pub(super) fn is_server(&self, thread: Pid) -> bool {
        let executable = std::fs::read_link(format!("/proc/{}/exe", thread.as_raw_pid()));
        executable.is_ok_and(|executable| executable == self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::path_calls::named_by;
    use crate::sys::Notification;

    #[test]
    fn after_a_look_for_a_whole_path_looks_at_its_folders_are_the_same_search() {
        let call = Notification { id: 1, pid: 2, number: libc::SYS_newfstatat as i32, arguments: [0; 6] };
        let look = named_by(&call)[0];
        let mut looks = WinesLooks::new("/usr/bin/wineserver".into(), Vec::new());
        let (one, other) = (Pid::from_raw(7).unwrap(), Pid::from_raw(8).unwrap());
        let mut is_one = |thread, path: &str| looks.is_one(thread, &look, Path::new(path));
        assert!(!is_one(one, "/h/a/b/c.txt"));
        assert!(!is_one(other, "/h/a"), "another thread looks for the folder");
        assert!(is_one(one, "/h/a") && is_one(one, "/h/a/b"));
        assert!(!is_one(one, "/h/a/b/c.txt"), "it looks for the same again");
        assert!(!is_one(one, "/h/a/bc"));
        assert!(!is_one(one, "/h/a/b"), "it looks for the folder");
        assert!(!is_one(one, "/h/a/new.txt"));
        looks.is_missing(7);
        let mut is_one = |thread, path: &str| looks.is_one(thread, &look, Path::new(path));
        assert!(is_one(one, "/h") && !is_one(one, "/h/a"), "it may be made there");
        for at in 100..300 {
            is_one(Pid::from_raw(at).unwrap(), "/h/x");
        }
        assert!(looks.wholes.len() <= MAX_THREADS);
    }
}
