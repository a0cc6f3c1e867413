//! An attack while it runs: its processes, what they have printed, and what the host sees of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::scene::Scene;
use super::setup::Setup;

/// How long a program may take before it is killed.
const LIMIT: Duration = Duration::from_secs(30);

/// On which side the program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As the user would run it without lowbox.
    Unconfined,
    /// By `lowbox run`.
    Inside,
    /// By `lowbox learn`: files and networks are the user's own, the rest has to be as by `lowbox run`.
    Learning,
}

impl Side {
    /// Whether lowbox starts the program.
    pub fn is_confined(self) -> bool {
        self != Side::Unconfined
    }
}

/// A running attack.
pub struct Live<'a> {
    pub setup: &'a Setup,
    pub side: Side,
    pub scene: Scene,
    /// The process that the harness started: lowbox, or the program or its wrapper.
    pub child: Option<Child>,
    victim: Option<Child>,
}

impl<'a> Live<'a> {
    /// Sets the scene; starts nothing yet.
    pub fn new(setup: &'a Setup, side: Side, at_home: bool) -> io::Result<Self> {
        Ok(Self { setup, side, scene: Scene::new(setup, at_home)?, child: None, victim: None })
    }

    /// Starts victim.py and takes over the placeholders it names.
    pub fn start_victim(&mut self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-B").arg(self.setup.programs().join("victim.py"));
        command.args(arguments.iter().map(|a| self.scene.expand(a)));
        command.env("VICTIM_SECRET", self.scene.get("secret"));
        command.envs(super::wine::environment(self.setup));
        self.victim = Some(self.spawn(command, "victim")?);
        if !until(5000, || is_ready(&self.printed("victim"))) {
            return Err(io::Error::other(format!(
                "the victim did not start: {}",
                self.printed("victim.err")
            )));
        }
        self.take_values("victim", "victim_");
        Ok(())
    }

    /// Starts the attack itself.
    pub fn start(&mut self, command: Command) -> io::Result<()> {
        self.child = Some(self.spawn(command, "attack")?);
        Ok(())
    }

    fn spawn(&self, mut command: Command, name: &str) -> io::Result<Child> {
        use std::os::unix::process::CommandExt;
        // Files, not pipes: a process that outlives the attack must not hold the harness up.
        let append = |name: &str| File::options().create(true).append(true).open(self.output(name));
        command.stdin(Stdio::null()).stdout(append(name)?).stderr(append(&format!("{name}.err"))?);
        command.process_group(0).spawn()
    }

    fn output(&self, name: &str) -> PathBuf {
        self.scene.path().join("out").join(name)
    }

    /// What `attack`, `attack.err` or `victim` has printed so far.
    pub fn printed(&self, name: &str) -> String {
        fs::read(self.output(name))
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default()
    }

    /// Waits until the program has printed READY, at most 5 s; its `name=value` become placeholders.
    pub fn ready(&mut self) -> bool {
        let ready = until(5000, || {
            is_ready(&self.printed("attack"))
                || self.child.as_mut().is_none_or(|c| c.try_wait().is_ok_and(|s| s.is_some()))
        }) && is_ready(&self.printed("attack"));
        self.take_values("attack", "");
        ready
    }

    fn take_values(&mut self, name: &str, prefix: &str) {
        let text = self.printed(name);
        for word in
            text.lines().filter_map(|line| line.strip_prefix("READY ")).flat_map(str::split_whitespace)
        {
            if let Some((key, value)) = word.split_once('=') {
                self.scene.set(&format!("{prefix}{key}"), value);
            }
        }
    }

    /// Whether the victim is dead.
    pub fn victim_is_dead(&mut self) -> bool {
        self.victim.as_mut().is_some_and(|victim| victim.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// Waits for the program's end; none if it had to be killed.
    pub fn wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let mut status = None;
        until(LIMIT.as_millis() as u64, || {
            status = child.try_wait().ok().flatten();
            status.is_some()
        });
        Ok(status)
    }

    /// The processes below the started one, each with its parent and name, oldest first.
    pub fn descendants(&self) -> Vec<Process> {
        let Some(child) = &self.child else { return Vec::new() };
        let all = processes();
        let mut found: Vec<Process> = Vec::new();
        let mut wanted = vec![child.id()];
        while let Some(parent) = wanted.pop() {
            for process in all.values().filter(|p| p.parent == parent) {
                wanted.push(process.pid);
                found.push(process.clone());
            }
        }
        found.sort_by_key(|p| p.pid);
        found
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        let victims = self.victim.take().map(|child| (child, Signal::TERM));
        for (mut child, first) in
            self.child.take().map(|child| (child, Signal::KILL)).into_iter().chain(victims)
        {
            if let Some(group) = Pid::from_raw(child.id() as i32) {
                let _ = kill_process_group(group, first);
                until(300, || child.try_wait().is_ok_and(|status| status.is_some()));
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait();
        }
    }
}

/// Whether there is a whole READY line: a program without buffers writes it word by word.
fn is_ready(printed: &str) -> bool {
    printed.split_inclusive('\n').any(|line| line.starts_with("READY") && line.ends_with('\n'))
}

/// A process of the machine.
#[derive(Clone)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    pub name: String,
}

fn processes() -> BTreeMap<u32, Process> {
    let read = |entry: fs::DirEntry| -> Option<Process> {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let parent = tail.split_whitespace().nth(1)?.parse().ok()?;
        Some(Process { pid, parent, name: head.split_once('(')?.1.to_owned() })
    };
    let entries = fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(read).map(|p| (p.pid, p)).collect()
}

/// Waits until the condition holds, at most so many milliseconds; whether it did.
pub fn until(milliseconds: u64, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_millis(milliseconds);
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
