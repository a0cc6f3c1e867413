//! Resident memory of what stays of lowbox while a program runs.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::result::Line;

/// KiB, of all processes of lowbox together, where nothing is brokered.
pub const TARGET: f64 = 3.0 * 1024.0;

/// The program that sleeps; a name that lowbox's own processes don't have.
pub const SLEEPER: &[&str] = &["/bin/sleep", "300"];

/// Starts `command`, a `lowbox run` of [`SLEEPER`] or of what becomes it, and measures the processes that are not the sleeper.
pub fn measure(mut command: Command, target: f64) -> io::Result<Vec<Line>> {
    let mut child = Ended(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let processes = until_it_sleeps(&mut child.0)?;
    // Whatever start-up leaves to do is done by now.
    thread::sleep(Duration::from_millis(300));
    let (mut pss, mut rss, mut pss_known) = (0.0, 0.0, true);
    for pid in &processes {
        match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
            Ok(text) => {
                pss += kilobytes(&text, "Pss:");
                rss += kilobytes(&text, "Rss:");
            }
            // Pid 1 of the container is not dumpable: only root may look at it.
            Err(_) => {
                pss_known = false;
                rss += kilobytes(&fs::read_to_string(format!("/proc/{pid}/status"))?, "VmRSS:");
            }
        }
    }
    let rss_line = Line::new("resident (Rss)", rss, "KiB")
        .note(format!("{} processes; pages that they share are counted for each", processes.len()));
    Ok(if pss_known {
        vec![Line::new("resident, shared pages by part (Pss)", pss, "KiB").at_most(target), rss_line]
    } else {
        let note = "Pss of the container's pid 1 is for root to read; Rss is more than it";
        vec![rss_line.at_most(target).note(note)]
    })
}

/// Ends what was started, whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes of lowbox once the sleeper sleeps.
fn until_it_sleeps(child: &mut Child) -> io::Result<Vec<u32>> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("lowbox ended at once ({status})")));
        }
        let (sleepers, own): (Vec<u32>, Vec<u32>) =
            descendants(child.id()).into_iter().partition(|pid| command_name(*pid) == "sleep");
        if !sleepers.is_empty() {
            return Ok(own);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(io::Error::other("the program did not start within 20 s"))
}

fn command_name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// The process and everything beneath it.
fn descendants(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut at = 0;
    while at < all.len() {
        let children = parents.iter().filter(|(_, parent)| *parent == all[at]).map(|(pid, _)| *pid);
        all.extend(children.collect::<Vec<_>>());
        at += 1;
    }
    all
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn kilobytes(text: &str, field: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(field));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}
