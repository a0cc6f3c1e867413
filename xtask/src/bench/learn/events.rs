//! Events by the thousand and by the million: what each costs, what lowbox's memory comes to, and that none is lost.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::result::Line;
use super::super::scene::Scene;
use super::{captures_stacks, learn};

/// Files that are opened again and again.
const FILES: usize = 1000;

/// MiB that lowbox's memory may come to: docs/profiler.md bounds what the table holds, the paths that are known come on top.
const MEMORY_TARGET: f64 = 256.0;

/// One thing a thousand times, and a thousand things once.
const KINDS: [(&str, &str); 2] = [("files", "opens of 1,000 files"), ("peers", "peers, each once")];

/// From a thousand events to a million.
pub fn events(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = program(scene)?.display().to_string();
    let folder = scene.work.path().join("files");
    fs::create_dir_all(&folder)?;
    for number in 0..FILES {
        File::create(folder.join(number.to_string()))?;
    }
    let folder = folder.display().to_string();
    let mut lines = Vec::new();
    for (kind, what) in KINDS {
        for power in 3..=6 {
            let count = 10_usize.pow(power);
            let text = count.to_string();
            let command = [program.as_str(), kind, &text, &folder];
            let trace = scene.work.path().join("events.trace");
            let (plain, _) = run(scene.plain(&command))?;
            let _ = fs::remove_file(&trace);
            let (learned, memory) = run(learn(scene, &trace, &[], &command))?;
            let recorded = counted(&trace, kind)?;
            fs::remove_file(&trace)?;
            if recorded != count as u64 {
                return Err(io::Error::other(format!("{what}: of {count} events {recorded} are recorded")));
            }
            let each = (learned - plain).as_secs_f64() * 1e6 / count as f64;
            let stacks = if captures_stacks(scene) { ", stacks captured" } else { "" };
            lines.push(
                Line::new(format!("10^{power} {what}, longer each"), each, "µs")
                    .note(format!("all recorded{stacks}; the start of lowbox is in it")),
            );
            lines.push(
                Line::new(format!("10^{power} {what}, lowbox's memory"), memory, "MiB")
                    .at_most(MEMORY_TARGET),
            );
        }
    }
    Ok(lines)
}

/// How long it took, and the most memory that the started process had (VmHWM), in MiB.
fn run(mut command: Command) -> io::Result<(Duration, f64)> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut most = 0.0_f64;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        most = most.max(kib.unwrap_or(0.0) / 1024.0);
        if let Some(ended) = child.try_wait()? {
            return match ended.success() {
                true => Ok((start.elapsed(), most)),
                false => Err(io::Error::other(format!("{command:?} failed: {ended}"))),
            };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The sum of the counts of those accesses that the program was started for, read line by line and not by lowbox.
fn counted(trace: &Path, kind: &str) -> io::Result<u64> {
    let mut counts = std::collections::HashMap::new();
    for line in BufReader::new(File::open(trace)?).lines() {
        let line = line?;
        let value: serde_json::Value = match serde_json::from_str(&line) {
            Ok(value) => value,
            Err(_) if line.is_empty() => continue,
            Err(error) => return Err(error.into()),
        };
        let access = &value["access"];
        let wanted = match kind {
            "files" => access["object"]["path"].as_str().is_some_and(|path| path.contains("/files/")),
            _ => access["object"]["kind"] == "network",
        };
        if wanted {
            counts.insert(access["id"].as_u64(), access["count"].as_u64().unwrap_or(0));
        }
        if let Some(known) = counts.get_mut(&value["count"]["id"].as_u64()) {
            *known = value["count"]["count"].as_u64().unwrap_or(0);
        }
    }
    Ok(counts.values().sum())
}

fn program(scene: &Scene) -> io::Result<PathBuf> {
    let program = scene.work.path().join("events");
    let mut cc = Command::new("cc");
    // From standard input: the ordinary user may not be able to read the checkout.
    cc.args(["-O2", "-x", "c", "-", "-o"]).arg(&program).stdin(Stdio::piped());
    let mut cc = cc.spawn()?;
    cc.stdin.take().expect("piped").write_all(include_bytes!("events.c"))?;
    match cc.wait()?.success() {
        true => Ok(program),
        false => Err(io::Error::other("events.c does not compile")),
    }
}
