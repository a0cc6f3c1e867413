//! The time to plan and launch with many grants and with many objects.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use super::result::Line;
use super::sample::{Contender, Sample, interleave};
use super::scene::{Scene, grant};

const COUNTS: [(usize, &str); 4] = [(1, "1"), (100, "100"), (1_000, "1,000"), (10_000, "10,000")];

/// The cost of an object among 10,000 by that among 1,000: 1 is linear; the rest is for the measurement's error.
const TARGET: f64 = 1.25;

/// Files that are granted one by one on the command line.
pub fn grants(scene: &Scene) -> io::Result<Vec<Line>> {
    let files = make_files(scene)?;
    measure(scene, "grants", |count| {
        Ok(files[..count].iter().flat_map(|file| ["--grant".into(), grant(file, "r")]).collect())
    })
}

/// Objects of a catalogue file that name the program's token.
pub fn objects(scene: &Scene) -> io::Result<Vec<Line>> {
    let files = make_files(scene)?;
    measure(scene, "objects", |count| {
        let catalogue = scene.work.path().join(format!("{count}.objects"));
        let mut text = String::new();
        for file in &files[..count] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "file {} D:(A;;FR;;;AC)", file.display());
        }
        fs::write(&catalogue, text)?;
        Ok(vec!["--objects".into(), catalogue.into()])
    })
}

fn measure(
    scene: &Scene,
    what: &str,
    options: impl Fn(usize) -> io::Result<Vec<OsString>>,
) -> io::Result<Vec<Line>> {
    let mut contenders = Vec::new();
    for (count, name) in COUNTS {
        let options = options(count)?;
        let options: Vec<&OsStr> = options.iter().map(OsString::as_os_str).collect();
        contenders.push(Contender::new(name, scene.lowbox(&options, &["/bin/true"])));
    }
    let samples = interleave(&mut contenders, (scene.rounds / 10).max(3))?;
    let each = |at: usize| per_object(&samples[0], &samples[at], COUNTS[at].0);
    let mut lines = vec![Line { what: format!("1 of {what}"), ..Line::time(&samples[0]) }];
    for at in 1..COUNTS.len() {
        let line = Line::time(&samples[at]);
        let note = format!("{:.4} ms for each; {}", each(at), line.note);
        lines.push(Line { what: format!("{} {what}", COUNTS[at].1), ..line }.note(note));
    }
    let ratio = each(3) / each(2);
    lines.push(
        Line::new("cost of each, 10,000 / 1,000", ratio, "").at_most(TARGET).note("1 is linear growth"),
    );
    Ok(lines)
}

/// Milliseconds that each further object costs.
fn per_object(one: &Sample, many: &Sample, count: usize) -> f64 {
    (many.median - one.median) / (count - 1) as f64
}

/// The files, a hundred to a folder.
fn make_files(scene: &Scene) -> io::Result<Vec<PathBuf>> {
    let (most, _) = COUNTS[COUNTS.len() - 1];
    let mut files = Vec::with_capacity(most);
    for number in 0..most {
        let folder = scene.work.path().join("many").join((number / 100).to_string());
        if number % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        let file = folder.join(number.to_string());
        fs::write(&file, "x")?;
        files.push(file);
    }
    Ok(files)
}
