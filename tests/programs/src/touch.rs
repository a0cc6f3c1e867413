//! Programs that open a file of the user's in the middle of something else, and write down what came of it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Person, until};

/// `touch(SECONDS)` opens the file to change it, in a thread and after so many seconds, and leaves in HOME what was possible:
/// `rw`, `r` or nothing with the file, and whether the one beside it was there.
const TOUCH: &str = "
import os, threading, time
def _touch(seconds):
    time.sleep(seconds)
    came = 'nothing'
    for mode, possible in ('r+', 'rw'), ('r', 'r'):
        try:
            with open(FILE, mode) as file:
                assert file.read() == 'old'
                if mode == 'r+': file.write(', changed')
            came = possible
            break
        except OSError: pass
    # A look raises no question.
    beside = os.path.dirname(FILE) + '/beside'
    if os.path.exists(beside): came += ' and ' + open(beside).read()
    with open(CAME + '.new', 'w') as file: file.write(came)
    os.rename(CAME + '.new', CAME)
def touch(seconds=0):
    thread = threading.Thread(target=_touch, args=[seconds], daemon=True)
    thread.start()
    return thread
";

/// A program and the file that it opens, which no other one does.
pub struct Touch<'p> {
    person: &'p Person,
    script: PathBuf,
    /// The file, in a folder of its own with another one beside it.
    pub file: PathBuf,
    came: String,
}

impl<'p> Touch<'p> {
    /// A Python program that calls `touch(SECONDS)`. The person has to be one at home.
    pub fn new(person: &'p Person, script: &str) -> Touch<'p> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = person.file(format!("touched-{number}/file"), "old");
        person.file(format!("touched-{number}/beside"), "its folder");
        let came = format!("came-{number}");
        let paths = format!(
            "FILE = {:?}\nCAME = __import__('os').environ['HOME'] + '/{came}'\n",
            file.to_str().expect("UTF-8")
        );
        let script = person.file(format!("program-{number}.py"), &(paths + TOUCH + script));
        Touch { person, script, file, came }
    }

    /// The command, with an argument that would clear a screen.
    pub fn command(&self) -> [&str; 5] {
        ["/usr/bin/python3", "-I", "-u", self.script.to_str().expect("UTF-8"), "\u{1b}[2J"]
    }

    /// `lowbox run --prompt ask OPTIONS` of it in a shell's words; the working folder is none of the user's.
    pub fn words(&self, options: &[&str]) -> String {
        crate::words(self.person, &[&["--prompt", "ask", "--chdir", "/"], options].concat(), &self.command())
    }

    /// What came of it so far; nothing while the question is open.
    pub fn came(&self) -> Option<String> {
        fs::read_to_string(self.person.package("python3").join("LocalState").join(&self.came)).ok()
    }

    /// Waits for what came of it: `rw`, `r` or `nothing`, with ` and its folder` where that was seen.
    #[track_caller]
    pub fn comes_to(&self, expected: &str) {
        until(Duration::from_secs(15), || self.came().is_some());
        assert_eq!(self.came().as_deref(), Some(expected));
        let text = fs::read_to_string(&self.file).expect("the user's file");
        assert_eq!(text, if expected.starts_with("rw") { "old, changed" } else { "old" });
    }

    /// The consent store's entries for the file and its folder: what was remembered.
    pub fn remembered(&self) -> Vec<(String, String)> {
        let (file, folder) = (&self.file, self.file.parent().expect("a folder"));
        let paths = [file.to_str().expect("UTF-8"), folder.to_str().expect("UTF-8")];
        let list = self.person.lowbox(&["consent", "list", "--json", paths[0], paths[1]]);
        let list = crate::finish(list, 20).succeeded();
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().expect("a text").to_owned();
        let entries = list.as_array().expect("a list").iter();
        entries.map(|entry| (text(entry, "decision"), text(entry, "path"))).collect()
    }
}
