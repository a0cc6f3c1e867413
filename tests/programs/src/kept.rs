//! Kept containers of Windows programs, from outside.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, getsid, kill_process};

use crate::{Ended, Person, everyone_with_wine, own_windows_program, pids_with, text, until};

/// What a person has running. Whatever is left is ended with the test.
pub struct Kept<'a>(&'a Person);

impl Kept<'_> {
    /// The folder that holds all of the person's.
    pub fn folder(&self) -> PathBuf {
        self.0.home().parent().expect("a folder for all").to_owned()
    }

    /// A program of the package `one`, which keeps its container for that many seconds.
    pub fn run(&self, seconds: u32, options: &[&str], words: &[&str]) -> Command {
        self.run_after(&[], seconds, options, words)
    }

    /// The same, started by a command that executes what follows it.
    pub fn run_after(&self, before: &[&str], seconds: u32, options: &[&str], words: &[&str]) -> Command {
        let seconds = seconds.to_string();
        let options = [&["--name", "one", "--keep-warm", &seconds], options].concat();
        self.0.inside_after(before, options, [&["./meet.exe"], words].concat())
    }

    /// lowbox's processes: callers, keepers, and those in containers.
    pub fn lowboxes(&self) -> Vec<Pid> {
        pids_with(text(&self.folder().join("lowbox")))
    }

    /// It leads a session of its own.
    pub fn keepers(&self) -> Vec<Pid> {
        let leads = |pid: &Pid| getsid(Some(*pid)) == Ok(*pid);
        self.lowboxes().into_iter().filter(leads).collect()
    }

    /// The one keeper.
    pub fn keeper(&self) -> Pid {
        let mut keepers = Vec::new();
        // One whose container has ended goes a moment later.
        until(Duration::from_secs(5), || {
            keepers = self.keepers();
            keepers.len() == 1
        });
        assert_eq!(keepers.len(), 1, "{keepers:?}");
        keepers[0]
    }

    /// What starts programs in the container: lowbox's, and not its first process there.
    pub fn starter(&self) -> Pid {
        let number_inside = |pid: &Pid| {
            let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap_or_default();
            let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?.to_owned();
            numbers.split_whitespace().nth(1)?.parse::<u32>().ok()
        };
        let is_it = |pid: &Pid| number_inside(pid).is_some_and(|number| number != 1);
        self.lowboxes().into_iter().find(is_it).expect("a starter")
    }

    /// The files that lowbox's processes and those of the container have open.
    pub fn open_files(&self) -> Vec<PathBuf> {
        let inside = fs::read_dir("/proc").expect("proc").flatten().filter(|entry| self.sees_prefix(entry));
        let lowbox = self.folder().join("lowbox");
        // A shell that starts one has its words too.
        let is_one = |folder: &PathBuf| fs::read_link(folder.join("exe")).is_ok_and(|file| file == lowbox);
        let lowboxes = self.lowboxes().into_iter().map(|pid| format!("/proc/{}", pid.as_raw_pid()).into());
        let lowboxes = lowboxes.filter(is_one);
        let folders = inside.map(|entry| entry.path()).chain(lowboxes);
        let files =
            folders.flat_map(|folder| fs::read_dir(folder.join("fd")).into_iter().flatten().flatten());
        files.filter_map(|file| fs::read_link(file.path()).ok()).collect()
    }

    fn sees_prefix(&self, process: &fs::DirEntry) -> bool {
        let prefix = format!("{}/", text(&self.0.home().join(".local/share/lowbox/packages")));
        let mounts = fs::read_to_string(process.path().join("mountinfo")).unwrap_or_default();
        mounts.lines().any(|line| line.contains(&prefix) && line.contains(" overlay "))
    }

    /// Processes to which the package's prefix is mounted.
    pub fn inside(&self) -> usize {
        fs::read_dir("/proc").expect("proc").flatten().filter(|entry| self.sees_prefix(entry)).count()
    }

    /// Fails unless nothing of it is left.
    #[track_caller]
    pub fn is_gone_within(&self, seconds: u64) {
        let gone = || self.lowboxes().is_empty() && self.inside() == 0;
        assert!(until(Duration::from_secs(seconds), gone), "{:?} {}", self.lowboxes(), self.inside());
    }

    /// Whether there is this file on drive C:.
    pub fn has_made(&self, file: &str) -> bool {
        let so_far = self.0.package_so_far("one");
        so_far.is_some_and(|one| one.join("WineChanges/upper/drive_c").join(file).exists())
    }

    /// The registry of the current user as the disk has it.
    pub fn registry(&self) -> String {
        let file = self.0.package("one").join("WineChanges/upper/user.reg");
        fs::read_to_string(file).unwrap_or_default()
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for keeper in self.keepers() {
            let _ = kill_process(keeper, Signal::KILL);
        }
        until(Duration::from_secs(5), || self.inside() == 0);
    }
}

/// Runs a test as everyone, each with the program `meet` and what they keep.
pub fn with_meet(test: impl Fn(&Person, &Kept<'_>)) {
    everyone_with_wine(|person| {
        own_windows_program(person, "meet");
        test(person, &Kept(person));
    });
}

/// What it wrote, with lines of Linux's.
pub fn said(ended: &Ended) -> String {
    ended.text().replace('\r', "")
}

/// A command that changes itself by lines of Python before it executes what follows: `call` makes a call of Linux's, `done` ends it for one that fails.
pub fn changed(by: &str) -> [String; 3] {
    let script = format!(
        "import ctypes, os, signal, struct, sys
call = ctypes.CDLL(None, use_errno=True).syscall
def done(result):
    if result < 0: sys.exit(os.strerror(ctypes.get_errno()))
    return result
{by}
signal.signal(signal.SIGPIPE, signal.SIG_DFL); signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])"
    );
    ["/usr/bin/python3".to_owned(), "-c".to_owned(), script]
}

/// Sends a signal to a process that runs.
pub fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).expect("a number"), signal).expect("it runs");
}
