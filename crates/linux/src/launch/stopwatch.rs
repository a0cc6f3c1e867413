//! How long the steps of a launch take, for `--timings` and the benchmarks. Off, it costs a comparison for each step.

use rustix::time::{ClockId, clock_gettime};

/// The system's monotonic clock, in nanoseconds; the same in lowbox and in pid 1.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Laps of one process.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    last: Option<u64>,
    laps: Vec<(String, u64)>,
}

impl Stopwatch {
    /// Starts, if `on`.
    pub(crate) fn start(on: bool) -> Stopwatch {
        Stopwatch { last: on.then(now), laps: Vec::new() }
    }

    /// Ends a lap.
    pub(crate) fn lap(&mut self, name: &str) {
        if let Some(last) = &mut self.last {
            let now = now();
            self.laps.push((name.to_owned(), now.saturating_sub(*last)));
            *last = now;
        }
    }

    /// The laps so far: names and nanoseconds.
    pub(crate) fn laps(&self) -> &[(String, u64)] {
        &self.laps
    }

    /// Takes over laps of another process.
    pub(crate) fn extend(&mut self, laps: impl IntoIterator<Item = (String, u64)>) {
        self.laps.extend(laps);
    }
}
