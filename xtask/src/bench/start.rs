//! The start of /bin/true, beside the peers, and where lowbox's time goes.

use std::io;
use std::process::{Command, Stdio};

use super::result::Line;
use super::sample::{Contender, Sample, interleave, median};
use super::scene::Scene;

const TRUE: &[&str] = &["/bin/true"];

/// At most this part of bwrap's time.
const TARGET: f64 = 0.65;

/// Start and end of /bin/true under everything that is installed.
pub fn start(scene: &Scene) -> io::Result<Vec<Line>> {
    let seen = scene.lowbox(&[], &["/bin/cat", "/proc/self/mountinfo"]).output()?;
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    let mut contenders = vec![
        Contender::new("bwrap", scene.bwrap(TRUE)),
        Contender::new("bwrap, same view", scene.bwrap_with_the_same_view(&seen, TRUE)?),
        Contender::new("lowbox", scene.lowbox(&[], TRUE)),
        Contender::new("lowbox --lpac", scene.lowbox(&["--lpac".as_ref()], TRUE)),
        Contender::new("plain", scene.plain(TRUE)),
    ];
    let mut missing = Vec::new();
    let lxc_exec = match &scene.lxc_exec {
        Some(executor) => scene.lxc_exec(executor, TRUE[0]),
        None => Err(io::Error::other("not installed")),
    };
    for (name, command) in [("firejail", Ok(scene.firejail(TRUE))), ("lxc-exec", lxc_exec)] {
        match command.and_then(works) {
            Ok(command) => contenders.push(Contender::new(name, command)),
            Err(reason) => missing.push(format!("{name} not measured: {reason} (cargo xtask peers)")),
        }
    }
    let samples = interleave(&mut contenders, scene.rounds)?;
    let mut lines: Vec<Line> = samples.iter().map(|sample| with_ratio(sample, &samples[0].name)).collect();
    let ratio =
        |name: &str| samples.iter().find(|sample| sample.name == name).expect("a contender above").ratio;
    lines.push(
        Line::new("lowbox / bwrap, same view", ratio("lowbox") / ratio("bwrap, same view"), "")
            .at_most(TARGET)
            .note(format!("{} mounts seen inside; medians of the rounds' ratios", seen.lines().count())),
    );
    lines.push(
        Line::new("lowbox / bwrap", ratio("lowbox"), "")
            .at_most(TARGET)
            .note("bwrap shows /usr alone, lowbox all"),
    );
    if let (false, Some(last)) = (missing.is_empty(), lines.last_mut()) {
        last.note = format!("{}; {}", last.note, missing.join("; "));
    }
    Ok(lines)
}

fn with_ratio(sample: &Sample, reference: &str) -> Line {
    let line = Line::time(sample);
    let note = format!("{}; {:.2} of {reference}", line.note, sample.ratio);
    line.note(note)
}

/// A peer that is missing, or refuses here, is left out and named.
fn works(mut command: Command) -> io::Result<Command> {
    command.stdin(Stdio::null());
    let output = command.output()?;
    if output.status.success() {
        return Ok(command);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{}, {}", output.status, text.lines().next().unwrap_or("no message"))))
}

/// The steps of a launch as `lowbox run --timings` tells them, medians of single launches.
pub fn stages(scene: &Scene) -> io::Result<Vec<Line>> {
    let mut steps: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..scene.rounds {
        let output = scene
            .lowbox(&["--timings".as_ref()], TRUE)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        for (step, microseconds) in String::from_utf8_lossy(&output.stderr).lines().filter_map(step) {
            match steps.iter_mut().find(|(known, _)| *known == step) {
                Some((_, times)) => times.push(microseconds),
                None => steps.push((step, vec![microseconds])),
            }
        }
    }
    if steps.is_empty() {
        return Err(io::Error::other("lowbox run --timings printed no `… µs  step` lines"));
    }
    Ok(steps.iter().map(|(step, times)| Line::new(step.clone(), median(times), "µs")).collect())
}

/// A line `lowbox: 123 µs  step`.
fn step(line: &str) -> Option<(String, f64)> {
    let (time, step) = line.split_once(" µs ")?;
    let time = time.rsplit([' ', ':']).next()?.parse().ok()?;
    Some((step.trim().to_owned(), time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_number_of_microseconds_and_a_name() {
        assert_eq!(step("lowbox:     120 µs  clone with namespaces").unwrap().0, "clone with namespaces");
        assert!((step("  7 µs  loopback").unwrap().1 - 7.0).abs() < 1e-9);
        assert!(step("lowbox: not granted: x").is_none());
    }
}
