//! Wine's files, which lowbox has made once for all Windows programs: how long that takes, and what is on the disk then.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use super::result::Line;
use super::sample::{Contender, interleave_after};
use super::scene::Scene;
use super::windows_work::{ROUNDS, allocated, plain_wine, succeed, text};
use crate::attacks::wine::{LOADER, SERVER};

/// The first Windows program of all, beside the making of a prefix and the same program.
const FIRST: f64 = 1.0;
/// On the disk for a package, above its own files.
const MEGABYTES: f64 = 5.0;

/// The first Windows program of all: Wine's files are made. A program that ends at once.
pub fn first(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = trivial(scene)?;
    let prefix = scene.work.path().join("new-prefix");
    let plain = |until_it_ends: &str| {
        let script = format!(r#"{LOADER} wineboot.exe -i {until_it_ends} && {LOADER} "$1""#);
        let mut plain = Command::new("/bin/sh");
        plain.args(["-ec", &script, "sh"]).arg(&program);
        plain_wine(&mut plain, &prefix);
        plain
    };
    // The server may run on.
    let gone = || {
        let mut gone = Command::new("/bin/sh");
        gone.args(["-c", &format!(r#"{SERVER} -k; rm -rf "$WINEPREFIX""#)]);
        plain_wine(&mut gone, &prefix);
        gone
    };
    let data = scene.work.path().join("new-data");
    let mut inside = scene.lowbox(&["--keep-warm".as_ref(), "1".as_ref()], &[text(&program)?]);
    inside.env("XDG_DATA_HOME", &data);
    // Overlayfs' own folder leaves no right to anybody.
    let mut clean = Command::new("/bin/sh");
    clean.args(["-c", r#"chmod -R u+rwx "$1"; rm -rf "$1""#, "sh"]).arg(&data);
    let mut contenders = [
        Contender::new("plain", plain(&format!("&& {SERVER} -w"))).after(gone()),
        Contender::new("plain, whose prefix is not on the disk yet", plain("")).after(gone()),
        Contender::new("lowbox", inside).after(clean),
    ];
    let samples = interleave_after(0, &mut contenders, ROUNDS)?;
    gone().status()?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    let note = "a prefix, or lowbox's template, and a program that ends at once";
    lines.push(Line::new("lowbox / plain", samples[2].ratio, "").at_most(FIRST).note(note));
    let note = "the program runs beside the server that made the prefix and has not written it";
    let ratio = samples[2].median / samples[1].median;
    lines.push(Line::new("lowbox / plain, whose prefix is not on the disk yet", ratio, "").note(note));
    Ok(lines)
}

/// What a package has on the disk after ten runs of a program that ends at once.
pub fn disk(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = trivial(scene)?;
    let data = scene.work.path().join("disk-data");
    for _ in 0..10 {
        let mut run = scene.lowbox(&["--no-keep-warm".as_ref()], &[text(&program)?]);
        succeed(run.env("XDG_DATA_HOME", &data))?;
    }
    let packages = data.join("lowbox/packages");
    let mut megabytes = 0.0;
    for entry in fs::read_dir(&packages)? {
        megabytes += allocated(&entry?.path())? as f64 / 1e6;
    }
    let templates = allocated(&data.join("lowbox/wine"))? as f64 / 1e6;
    Ok(vec![
        Line::new("a package", megabytes, "MB").at_most(MEGABYTES).note("as the disk has it, after ten runs"),
        Line::new("the template of all packages", templates, "MB"),
    ])
}

/// A Windows program that ends at once.
fn trivial(scene: &Scene) -> io::Result<PathBuf> {
    let program = scene.work.path().join("trivial.exe");
    if !program.exists() {
        let source = scene.work.path().join("trivial.c");
        fs::write(&source, "int main(void) { return 0; }\n")?;
        succeed(Command::new("x86_64-w64-mingw32-gcc").args(["-O1", "-o"]).args([&program, &source]))?;
    }
    Ok(program)
}
