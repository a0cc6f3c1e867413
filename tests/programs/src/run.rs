//! Runs with a time limit: a program that hangs fails its test instead of stopping all.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How a program ended and what it said.
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it, and lowbox, complained of.
    pub stderr: String,
}

impl Ended {
    /// The output as text without the last newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// The exit code; 128+n is what a shell calls the end by signal n of lowbox itself, and is not used here.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Fails the test unless the program succeeded; returns its output.
    #[track_caller]
    pub fn succeeded(&self) -> String {
        assert!(self.status.success(), "{}\n{}\n{}", self.status, self.text(), self.stderr);
        self.text()
    }
}

/// Runs a command without input for at most `seconds`.
#[track_caller]
pub fn finish(command: Command, seconds: u64) -> Ended {
    finish_with_input(command, Vec::new(), seconds)
}

/// Runs a command with this input for at most `seconds`.
#[track_caller]
pub fn finish_with_input(command: Command, input: Vec<u8>, seconds: u64) -> Ended {
    start_with_input(command, input).finish(seconds)
}

/// A command that runs, whose output is read.
pub struct Running {
    command: Command,
    child: Child,
    writer: Option<JoinHandle<()>>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

/// Starts a command without input.
#[track_caller]
pub fn start(command: Command) -> Running {
    start_with_input(command, Vec::new())
}

#[track_caller]
fn start_with_input(mut command: Command, input: Vec<u8>) -> Running {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let writer = child.stdin.take().map(|mut pipe| {
        thread::spawn(move || {
            // A program that stops reading is for the test to judge.
            let _ = pipe.write_all(&input);
        })
    });
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    Running { command, child, writer, stdout, stderr }
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of this process").is_some()
    }

    /// Waits for the end, for at most `seconds`.
    #[track_caller]
    pub fn finish(mut self, seconds: u64) -> Ended {
        let status = wait(&mut self.child, seconds);
        if let Some(writer) = self.writer {
            writer.join().expect("the writer does not panic");
        }
        let stderr = String::from_utf8_lossy(&self.stderr.join().expect("no panic")).into_owned();
        let stdout = self.stdout.join().expect("no panic");
        match status {
            Some(status) => Ended { status, stdout, stderr },
            None => panic!(
                "still running after {seconds} s: {:?}\n{}\n{stderr}",
                self.command,
                String::from_utf8_lossy(&stdout)
            ),
        }
    }
}

/// A command of the person's, in a session without a terminal.
pub fn without_terminal(run: &Command) -> Command {
    let mut away = Command::new("setsid");
    away.arg("--wait").arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => away.env(name, value),
            None => away.env_remove(name),
        };
    }
    away.current_dir(run.get_current_dir().expect("set"));
    away
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut all);
        }
        all
    })
}

/// Waits; kills what does not end in time.
fn wait(child: &mut Child, seconds: u64) -> Option<ExitStatus> {
    let mut status = None;
    let ended = until(Duration::from_secs(seconds), || {
        status = child.try_wait().expect("a child of this process");
        status.is_some()
    });
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
    }
    status
}

/// Waits until something is so; false if it is not within the time.
pub fn until(time: Duration, mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    loop {
        if so() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
