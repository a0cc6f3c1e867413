//! Installing a package of many files, and starting its program.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use super::tree;
use crate::bench::result::Line;
use crate::bench::sample::{Contender, interleave_after};
use crate::bench::scene::Scene;

const FILES: usize = 5_000;
const NAME: &str = "Lowbox.Bench";

/// A package of 5,000 small files: installed, beside unpacking it; its program started, beside one that is not installed.
pub fn install(scene: &Scene) -> io::Result<Vec<Line>> {
    let at = |name: &str| scene.work.path().join(name);
    let (folder, package, home) = (at("many"), at("many.msix"), at("many-home"));
    if !package.exists() {
        tree::begin(&folder)?;
        for number in 0..FILES {
            let to = folder.join(format!("files/{}", number / 100));
            fs::create_dir_all(&to)?;
            fs::write(to.join(format!("{number}.txt")), format!("{number}\n").repeat(100))?;
        }
        let mut pack = lowbox(scene, &home);
        pack.arg("pack").arg(&folder).arg("-o").arg(&package);
        super::succeed(pack)?;
    }
    let install = || {
        let mut install = lowbox(scene, &home);
        install.arg("install").arg(&package).arg("--allow-unsigned");
        install
    };
    let (own, zip) = (at("many-own"), at("many-zip"));
    let mut unpack = lowbox(scene, &home);
    unpack.arg("unpack").arg(&package).arg("-d").arg(&own);
    let mut unzip = Command::new("unzip");
    unzip.arg("-q").arg(&package).arg("-d").arg(&zip);
    let mut contenders = vec![
        Contender::new("lowbox install", install()).making(home.clone()),
        Contender::new("lowbox unpack", unpack).making(own),
        Contender::new("unzip", unzip).making(zip),
    ];
    let samples = interleave_after(1, &mut contenders, scene.rounds.div_ceil(20).max(3))?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    lines[0] =
        Line::time(&samples[0]).note(format!("{FILES} files; all of it is on the disk when it returns"));
    super::succeed(install())?;
    let mut plain = lowbox(scene, &home);
    plain.args(["run", "--", "/bin/true"]);
    let mut installed = lowbox(scene, &home);
    installed.args(["run", &format!("{NAME}!App")]);
    let mut contenders = vec![Contender::new("run -- true", plain), Contender::new("run NAME", installed)];
    let samples = interleave_after(2, &mut contenders, scene.rounds)?;
    lines.extend(samples.iter().map(Line::time));
    lines.push(Line::new("run NAME / run -- true", samples[1].ratio, ""));
    Ok(lines)
}

fn lowbox(scene: &Scene, home: &Path) -> Command {
    let mut command = Command::new(&scene.lowbox);
    command.env("HOME", home);
    for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    command
}
