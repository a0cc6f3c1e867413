//! What the numbers were measured on.

use std::process::Command;
use std::{fs, thread};

use serde::Serialize;

/// The machine and the peers.
#[derive(Serialize)]
pub struct Machine {
    pub kernel: String,
    pub processor: String,
    pub processors: usize,
    pub memory_mib: u64,
    /// Load average of the last minute when the benchmarks began.
    pub load: f64,
    /// What each peer says of its version.
    pub peers: Vec<String>,
}

impl Machine {
    pub fn describe() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':'))
                .map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        Machine {
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            processor: field(&read("/proc/cpuinfo"), "model name"),
            processors: thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory.trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024,
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            peers: ["bwrap", "firejail", "python3", "git"].iter().filter_map(|peer| version(peer)).collect(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "Linux {}, {} × {}, {} MiB",
            self.kernel, self.processors, self.processor, self.memory_mib
        )?;
        writeln!(f, "{}", self.peers.join(", "))?;
        let calm =
            if self.load < 0.3 * self.processors as f64 { "calm" } else { "busy: trust the ratios only" };
        writeln!(f, "load {:.2} at the beginning ({calm})", self.load)
    }
}

fn version(peer: &str) -> Option<String> {
    let output = Command::new(peer).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}
