//! Interleaved runs and what is told of them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// One of the commands that are compared.
pub struct Contender {
    pub name: &'static str,
    pub command: Command,
    /// What it makes: removed before each run, outside of its time.
    makes: Option<PathBuf>,
    /// What is run before each run, outside of its time.
    before: Option<Command>,
}

impl Contender {
    /// The command gets no input; what it prints is thrown away.
    pub fn new(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { name, command, makes: None, before: None }
    }

    /// The same for a command that makes a file or folder.
    pub fn making(self, path: PathBuf) -> Self {
        Self { makes: Some(path), ..self }
    }

    /// The same after another command each time, however that ends.
    pub fn after(self, mut before: Command) -> Self {
        before.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { before: Some(before), ..self }
    }

    /// Milliseconds from before the fork until the end has been waited for.
    fn run(&mut self) -> io::Result<f64> {
        match &self.makes {
            Some(path) if path.is_dir() => fs::remove_dir_all(path)?,
            Some(path) if path.exists() => fs::remove_file(path)?,
            _ => {}
        }
        if let Some(before) = &mut self.before {
            before.status()?;
        }
        let start = Instant::now();
        let status = self.command.status()?;
        let elapsed = start.elapsed();
        match status.success() {
            true => Ok(elapsed.as_secs_f64() * 1000.0),
            false => Err(io::Error::other(format!("{} failed ({status}): {:?}", self.name, self.command))),
        }
    }
}

/// What is told of one contender. Milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    pub name: String,
    pub median: f64,
    /// Median of the absolute deviations from the median.
    pub mad: f64,
    pub min: f64,
    pub runs: usize,
    /// Median over the rounds of this contender's time by the first one's in the same round: what makes the machine
    /// slow for a while makes both slow.
    pub ratio: f64,
}

/// Before each run. The kernel takes a network namespace apart after its last process has ended, for a millisecond or two
/// and on any processor; that is not the next one's time.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs each contender once a round, so that a change of the machine's load meets all alike. The order turns by one from
/// round to round, so that nobody always follows the same neighbour. The first contender is what the ratios refer to.
pub fn interleave(contenders: &mut [Contender], rounds: usize) -> io::Result<Vec<Sample>> {
    interleave_after(2, contenders, rounds)
}

/// The same after so many rounds that don't count.
pub fn interleave_after(
    warm_up: usize,
    contenders: &mut [Contender],
    rounds: usize,
) -> io::Result<Vec<Sample>> {
    let count = contenders.len();
    let mut times = vec![Vec::with_capacity(rounds); count];
    for round in 0..warm_up + rounds {
        for at in 0..count {
            let at = (at + round) % count;
            sleep(PAUSE);
            let time = contenders[at].run()?;
            if round >= warm_up {
                times[at].push(time);
            }
        }
    }
    Ok(contenders.iter().zip(&times).map(|(who, own)| describe(who.name, own, &times[0])).collect())
}

/// How often a command has to run for the plain time to be at least `milliseconds`.
pub fn repeats(mut command: Contender, milliseconds: f64) -> io::Result<usize> {
    command.run()?;
    let once = command.run()?.min(command.run()?);
    Ok(((milliseconds / once).ceil() as usize).max(1))
}

fn describe(name: &str, times: &[f64], reference: &[f64]) -> Sample {
    let center = median(times);
    let deviations: Vec<f64> = times.iter().map(|time| (time - center).abs()).collect();
    let ratios: Vec<f64> = times.iter().zip(reference).map(|(time, reference)| time / reference).collect();
    Sample {
        name: name.to_owned(),
        median: center,
        mad: median(&deviations),
        min: times.iter().copied().fold(f64::INFINITY, f64::min),
        runs: times.len(),
        ratio: median(&ratios),
    }
}

/// The median; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_round_moves_neither_median_nor_ratio() {
        let sample = describe("b", &[2.0, 2.2, 90.0, 1.8, 2.0], &[1.0, 1.0, 45.0, 1.0, 1.0]);
        assert!((sample.median - 2.0).abs() < 1e-9 && (sample.ratio - 2.0).abs() < 1e-9);
        assert!((sample.mad - 0.2).abs() < 1e-9 && (sample.min - 1.8).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert!((median(&[4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }
}
