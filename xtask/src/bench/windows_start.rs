//! The start of a trivial Windows program, cold and warm, beside plain Wine.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::result::Line;
use super::sample::{Contender, interleave_after};
use super::scene::Scene;
use crate::attacks::wine::{LOADER, SERVER, compile, lacking};

/// Of plain Wine's time: until the program has ended, with a server that has to be started, and with one that is there.
const COLD: f64 = 1.10;
const WARM: f64 = 2.0;
/// Nothing is kept longer than this, even if a run of the benchmarks is killed.
const KEEP: &str = "600";

/// Start and end of a program that does nothing.
pub fn start(scene: &Scene) -> io::Result<Vec<Line>> {
    if let Some(lacking) = lacking() {
        return Err(io::Error::other(lacking));
    }
    let at = |name: &str| scene.work.path().join(name);
    let (source, program) = (at("nothing.c"), at("nothing.exe"));
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    succeed(&mut compile(&source, &program))?;
    let program = program.to_str().ok_or(io::ErrorKind::InvalidData)?;
    let (cold, warm) = (at("cold"), at("warm"));
    for prefix in [&cold, &warm] {
        succeed(plain(prefix, LOADER).args(["wineboot.exe", "-i"]))?;
        succeed(plain(prefix, SERVER).arg("-w"))?;
    }
    let lowbox = |name: &str, keep: &[&str]| {
        let options = [&["--name", name], keep].concat();
        let mut lowbox = scene.lowbox(&options.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &[program]);
        lowbox.current_dir(scene.work.path());
        lowbox
    };
    // Makes Wine's files, once.
    succeed(&mut lowbox("cold", &["--no-keep-warm"]))?;
    let plain_program = |prefix: &Path| {
        let mut command = plain(prefix, LOADER);
        command.arg(program);
        command
    };
    let mut end_server = plain(&cold, SERVER);
    end_server.arg("-k");
    let mut contenders = vec![
        Contender::new("plain, cold", plain_program(&cold)).after(end_server),
        // What keeps no container makes room first.
        Contender::new("lowbox, cold", lowbox("cold", &["--keep-warm", KEEP]))
            .after(lowbox("cold", &["--no-keep-warm"])),
    ];
    // A start takes 300 or 450 ms, of plain Wine as well, by how its services meet: few rounds tell nothing.
    let samples = interleave_after(1, &mut contenders, scene.rounds)?;
    succeed(&mut lowbox("cold", &["--no-keep-warm"]))?;
    plain(&cold, SERVER).arg("-k").status()?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    lines.push(Line::new("lowbox / plain, cold", samples[1].ratio, "").at_most(COLD));
    succeed(plain(&warm, SERVER).arg("-p600"))?;
    let mut contenders = vec![
        Contender::new("plain, warm", plain_program(&warm)),
        Contender::new("lowbox, warm", lowbox("warm", &["--keep-warm", KEEP])),
    ];
    let samples = interleave_after(2, &mut contenders, scene.rounds);
    succeed(&mut lowbox("warm", &["--no-keep-warm"]))?;
    plain(&warm, SERVER).arg("-k").status()?;
    let samples = samples?;
    lines.extend(samples.iter().map(Line::time));
    lines.push(Line::new("lowbox / plain, warm", samples[1].ratio, "").at_most(WARM));
    Ok(lines)
}

fn plain(prefix: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("WINEPREFIX", prefix).env("WINEDEBUG", "-all").current_dir("/");
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{status}: {command:?}"))),
    }
}
