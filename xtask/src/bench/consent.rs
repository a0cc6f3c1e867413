//! What consent while a program runs costs: the first touch, and everything after it.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use super::memory;
use super::result::Line;
use super::sample::median;
use super::scene::{Scene, grant};
use super::work::{Sides, compare};

/// Microseconds from the decision to the end of the call that waited for it.
const DECISION_TARGET: f64 = 200.0;
const GRANTED_TARGET: f64 = 1.03;
const IMPORTS_TARGET: f64 = 1.15;
const GIT_TARGET: f64 = 1.25;
/// KiB, with a thousand grants.
const MEMORY_TARGET: f64 = 8.0 * 1024.0;

/// Questions that one run may raise in a minute.
const QUESTIONS: usize = 10;

/// Opens a file in each folder that is named, and prints when each call began and ended, in nanoseconds.
const OPENER: &str = "
import os, sys, time
for folder in sys.argv[2:]:
    began = time.monotonic_ns()
    os.close(os.open(sys.argv[1] + folder + '/file', os.O_RDONLY))
    print(began, time.monotonic_ns(), flush=True)";

/// A folder that a consent can be given for: `/tmp` is the container's own.
fn folder_at_home() -> io::Result<tempfile::TempDir> {
    let home = std::env::var_os("HOME").ok_or_else(|| io::Error::other("HOME is not set"))?;
    tempfile::Builder::new().prefix("lowbox-bench-").tempdir_in(home)
}

fn make_folders(place: &Path, count: usize) -> io::Result<Vec<String>> {
    let names: Vec<String> = (0..count).map(|number| format!("/{number}")).collect();
    for name in &names {
        let folder = place.join(&name[1..]);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("file"), "text")?;
    }
    Ok(names)
}

fn opener<'a>(place: &'a str, folders: &'a [String]) -> Vec<&'a str> {
    let mut command = vec!["/usr/bin/python3", "-c", OPENER, place];
    command.extend(folders.iter().map(String::as_str));
    command
}

/// From the decision, from the first touch, and from an answer to the end of the call.
pub fn decision(scene: &Scene) -> io::Result<Vec<Line>> {
    let (mut answered, mut policy) = (Vec::new(), Vec::new());
    for _ in 0..(scene.rounds / 20).clamp(2, 5) {
        answered.extend(answer_to_open(scene)?);
        policy.extend(policy_to_open(scene)?);
    }
    let (touched, decided): (Vec<f64>, Vec<f64>) = policy.into_iter().unzip();
    Ok(vec![
        Line::new("policy's decision to opened, folder grant", median(&decided), "µs")
            .at_most(DECISION_TARGET)
            .note(format!("median of {}", decided.len())),
        Line::new("first touch to opened, --prompt allow", median(&touched), "µs").note("the whole call"),
        Line::new("answer (by socket) to opened", median(&answered), "µs")
            .note(format!("median of {}; the answer is on the disk before", answered.len())),
    ])
}

/// Microseconds of each.
fn answer_to_open(scene: &Scene) -> io::Result<Vec<f64>> {
    let place = folder_at_home()?;
    let folders = make_folders(place.path(), QUESTIONS)?;
    let (ours, theirs) = UnixStream::pair()?;
    fcntl_setfd(&theirs, FdFlags::empty())?;
    let policy = format!("fd:{}", theirs.as_fd().as_raw_fd());
    let place_text = place.path().to_string_lossy().into_owned();
    let options: Vec<&OsStr> = vec!["--prompt".as_ref(), policy.as_ref()];
    let mut run = scene.lowbox(&options, &opener(&place_text, &folders));
    let child = run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    drop(theirs);
    let answers = thread::spawn(move || -> io::Result<Vec<i64>> {
        let mut writer = ours.try_clone()?;
        writeln!(writer, "{}", json!({"type": "hello", "version": 1}))?;
        let mut said = Vec::new();
        for line in BufReader::new(ours).lines() {
            let message: Value = serde_json::from_str(&line?).map_err(io::Error::other)?;
            if message["type"] == "question" {
                let answer = json!({"type": "answer", "id": message["id"], "answer": "folder"});
                said.push(now());
                writeln!(writer, "{answer}")?;
            }
        }
        Ok(said)
    });
    let (times, _) = times(child)?;
    let said = answers.join().map_err(|_| io::Error::other("the answering thread panicked"))??;
    if said.len() != times.len() {
        return Err(io::Error::other(format!("{} answers to {} touches", said.len(), times.len())));
    }
    Ok(said.iter().zip(&times).map(|(said, (_, opened))| (opened - said) as f64 / 1000.0).collect())
}

/// Microseconds of each: from the first touch, and from the moment that the policy decided.
fn policy_to_open(scene: &Scene) -> io::Result<Vec<(f64, f64)>> {
    let place = folder_at_home()?;
    let folders = make_folders(place.path(), 100)?;
    let place_text = place.path().to_string_lossy().into_owned();
    let options: Vec<&OsStr> = vec!["--timings".as_ref(), "--prompt".as_ref(), "allow".as_ref()];
    let mut run = scene.lowbox(&options, &opener(&place_text, &folders));
    let child = run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (times, said) = times(child)?;
    let decided: Vec<i64> =
        said.lines().filter_map(|line| line.split_once("decided at ")?.1.trim().parse().ok()).collect();
    if decided.len() != times.len() {
        return Err(io::Error::other(format!("{} decisions to {} touches", decided.len(), times.len())));
    }
    let both = |((began, opened), decided): (&(i64, i64), &i64)| {
        ((opened - began) as f64 / 1000.0, (opened - decided) as f64 / 1000.0)
    };
    Ok(times.iter().zip(&decided).map(both).collect())
}

/// What the opener printed, and what lowbox said.
fn times(child: std::process::Child) -> io::Result<(Vec<(i64, i64)>, String)> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the program could not open its files ({})", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let pair = |line: &str| {
        let (began, opened) = line.split_once(' ')?;
        Some((began.parse().ok()?, opened.parse().ok()?))
    };
    let times = text.lines().map(pair).collect::<Option<_>>();
    let times = times.ok_or_else(|| io::Error::other("times can't be read"))?;
    Ok((times, String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// CLOCK_MONOTONIC, as Python's monotonic_ns.
fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Programs that may ask, where nothing is left to ask.
pub fn prompting(scene: &Scene) -> io::Result<Vec<Line>> {
    let deny: [&OsStr; 2] = ["--prompt".as_ref(), "deny".as_ref()];
    let imports =
        "/usr/bin/python3 -c 'import asyncio, email.message, http.client, json, sqlite3, xml.dom.minidom'";
    let mut lines =
        compare(scene, &Sides::same("six imports, prompting on", imports, &deny, IMPORTS_TARGET))?;
    let place = folder_at_home()?;
    let [plain, inside] = ["plain", "inside"].map(|name| place.path().join(name));
    for repository in [&plain, &inside] {
        super::work::make_repository(repository)?;
    }
    let granted = grant(&inside, "rw");
    let options = [&deny[..], &["--grant".as_ref(), granted.as_os_str()]].concat();
    let git = Sides {
        what: "git status, prompting on",
        line: "git status --porcelain",
        folders: Some((&plain, &inside)),
        options: &options,
        target: GIT_TARGET,
    };
    lines.extend(compare(scene, &git)?);
    Ok(lines)
}

/// Reading and writing in a folder that was granted in mid-run.
pub fn granted_tree(scene: &Scene) -> io::Result<Vec<Line>> {
    let place = folder_at_home()?;
    let [plain, inside]: [PathBuf; 2] = ["plain", "inside"].map(|name| place.path().join(name));
    for folder in [&plain, &inside] {
        fs::create_dir(folder)?;
        fs::write(folder.join("large"), vec![7_u8; 64 << 20])?;
    }
    // One process that works: what a start costs is another benchmark.
    let line = "/usr/bin/python3 -c '
import os
for _ in range(10):
    with open(\"large\", \"rb\", buffering=0) as file:
        while file.read(65536): pass
    with open(\"copy\", \"wb\", buffering=0) as file:
        for _ in range(256): file.write(bytes(65536))
    for number in range(200):
        os.stat(\"large\"); os.rename(\"copy\", \"copy2\"); os.rename(\"copy2\", \"copy\")'";
    let granted = grant(&inside, "rw");
    // Like a consent's, a grant is one mount of the folder at its path, under the frontier's rule.
    let options: [&OsStr; 4] =
        ["--prompt".as_ref(), "deny".as_ref(), "--grant".as_ref(), granted.as_os_str()];
    let sides = Sides {
        what: "reading, writing and renaming in a granted folder",
        line,
        folders: Some((&plain, &inside)),
        options: &options,
        target: GRANTED_TARGET,
    };
    compare(scene, &sides)
}

/// Everything of lowbox, with a thousand grants.
pub fn broker_memory(scene: &Scene) -> io::Result<Vec<Line>> {
    let place = folder_at_home()?;
    let folders = make_folders(place.path(), 1000)?;
    let script =
        "cd \"$1\"; shift; for folder; do read -r line < \".$folder/file\" || :; done; exec /bin/sleep 300";
    let place_text = place.path().to_string_lossy().into_owned();
    let mut command = vec!["/bin/bash", "-c", script, "bash", place_text.as_str()];
    command.extend(folders.iter().map(String::as_str));
    let options: Vec<&OsStr> = vec!["--prompt".as_ref(), "allow".as_ref()];
    let mut run: Command = scene.lowbox(&options, &command);
    run.stderr(Stdio::null());
    memory::measure(run, MEMORY_TARGET)
}
