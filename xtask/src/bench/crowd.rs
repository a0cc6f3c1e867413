//! 200 containers at once.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::result::Line;
use super::scene::Scene;

const COUNT: usize = 200;

/// Identities, so that containers of one identity run at once as well as those of different ones.
const IDENTITIES: usize = 50;

/// What each program ends with: a code that nothing else gives.
const CODE: i32 = 37;

const PATIENCE: Duration = Duration::from_secs(180);

/// Starts them, waits until all run, lets all end, looks for what is left.
pub fn crowd(scene: &Scene) -> io::Result<Vec<Line>> {
    let marker = format!("crowd-{}", std::process::id());
    // The private folders of the identities last on purpose: they exist before.
    for identity in 0..IDENTITIES {
        let mut first = start(scene, &marker, identity)?;
        first.release()?;
        first.end()?;
    }
    let before = Traces::of(scene, &marker)?;
    let begin = Instant::now();
    let mut running = Vec::with_capacity(COUNT);
    for number in 0..COUNT {
        running.push(start(scene, &marker, number % IDENTITIES)?);
    }
    let deadline = begin + PATIENCE;
    for container in &mut running {
        container.wait_until_ready(deadline)?;
    }
    let all_run = begin.elapsed();
    for container in &mut running {
        container.release()?;
    }
    for container in &mut running {
        container.end()?;
    }
    let all_ended = begin.elapsed();
    let left = before.compared_with(scene, &marker)?;
    let amount = left.len() as f64;
    Ok(vec![
        Line::new(
            format!("{COUNT} started one after the other, all run"),
            all_run.as_secs_f64() * 1000.0,
            "ms",
        ),
        Line::new("all ended, each with its exit code", all_ended.as_secs_f64() * 1000.0, "ms"),
        Line::new("left over: processes, mounts, files, cgroups", amount, "")
            .at_most(0.0)
            .note(left.into_iter().take(5).collect::<Vec<_>>().join(", ")),
    ])
}

struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without effect on one that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(scene: &Scene, marker: &str, identity: usize) -> io::Result<Running> {
    let name = format!("crowd{identity}");
    let script = format!(": {marker}; touch $TMPDIR/file; (sleep 300) & echo ready; read line; exit {CODE}");
    let mut command = scene.lowbox(&["--name".as_ref(), name.as_ref()], &["/bin/sh", "-c", &script]);
    command.env("TMPDIR", scene.work.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let input = child.stdin.take();
    let output = child.stdout.take().map(BufReader::new).ok_or_else(|| io::Error::other("no output"))?;
    Ok(Running { child, input, output })
}

impl Running {
    fn wait_until_ready(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: 0 };
        poll(&mut [PollFd::new(self.output.get_ref(), PollFlags::IN)], Some(&timeout))?;
        if Instant::now() >= deadline {
            return Err(io::Error::other("a container did not start in time"));
        }
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line == "ready\n" { Ok(()) } else { Err(io::Error::other(format!("a container said {line:?}"))) }
    }

    fn release(&mut self) -> io::Result<()> {
        match self.input.take() {
            Some(mut input) => input.write_all(b"go\n"),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let status = self.child.wait()?;
        if status.code() == Some(CODE) {
            Ok(())
        } else {
            Err(io::Error::other(format!("a container ended with {status}")))
        }
    }
}

/// What could be left behind.
struct Traces {
    processes: BTreeSet<String>,
    mounts: usize,
    files: BTreeSet<PathBuf>,
    cgroups: BTreeSet<PathBuf>,
}

impl Traces {
    fn of(scene: &Scene, marker: &str) -> io::Result<Traces> {
        let mut files = BTreeSet::new();
        entries(scene.work.path(), &|_| true, &mut files)?;
        let mut cgroups = BTreeSet::new();
        // Groups come and go while they are read.
        let _ = entries(Path::new("/sys/fs/cgroup"), &|path| path.is_dir(), &mut cgroups);
        cgroups.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("lowbox")));
        Ok(Traces {
            processes: processes(marker),
            mounts: fs::read_to_string("/proc/self/mountinfo")?.lines().count(),
            files,
            cgroups,
        })
    }

    fn compared_with(&self, scene: &Scene, marker: &str) -> io::Result<Vec<String>> {
        // What the kernel tears down after the last process has been reaped.
        thread::sleep(Duration::from_millis(200));
        let after = Traces::of(scene, marker)?;
        let mut left: Vec<String> = after.processes.difference(&self.processes).cloned().collect();
        left.extend(after.files.difference(&self.files).map(|file| file.display().to_string()));
        left.extend(after.cgroups.difference(&self.cgroups).map(|group| group.display().to_string()));
        if after.mounts > self.mounts {
            left.push(format!("{} mounts", after.mounts - self.mounts));
        }
        Ok(left)
    }
}

/// The processes whose command line bears the marker, but for the benchmark itself.
fn processes(marker: &str) -> BTreeSet<String> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (pid != std::process::id() && line.contains(marker)).then(|| format!("process {pid}: {line}"))
    })
    .collect()
}

fn entries(folder: &Path, wanted: &dyn Fn(&Path) -> bool, into: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
            if wanted(&entry.path()) {
                into.insert(entry.path());
            }
        }
    }
    Ok(())
}
