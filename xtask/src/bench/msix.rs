//! Packages made, unpacked and verified, beside the tools that others have.

mod install;
mod large;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

pub use install::install;
pub use large::large;

use super::result::Line;
use super::sample::{Contender, Sample, interleave_after};
use super::scene::Scene;

/// KiB of memory, whatever the package has.
const MEMORY: f64 = 64.0 * 1024.0;

/// Making a package of some 200 MB in 3,700 files.
pub fn pack(scene: &Scene) -> io::Result<Vec<Line>> {
    let tree = Tree::of(scene)?;
    let at = |name: &str| scene.work.path().join(name);
    let own = at("own.msix");
    let mut contenders = vec![Contender::new("lowbox", tree.pack(scene, &own)).making(own.clone())];
    let zip = at("tree.zip");
    let mut command = Command::new("zip");
    command.args(["-q", "-r"]).arg(&zip).arg(".").current_dir(&tree.folder);
    contenders.push(Contender::new("zip", command).making(zip.clone()));
    let (openappx, makemsix) = (at("openappx.msix"), at("makemsix.msix"));
    if let Some(program) = &scene.openappx {
        let mut command = Command::new(program);
        command.args(["pack", "--allow-missing", "--root"]).arg(&tree.folder).arg("--out").arg(&openappx);
        contenders.push(Contender::new("openappx", command).making(openappx.clone()));
    }
    if let Some(program) = &scene.makemsix {
        let mut command = Command::new(program);
        command.arg("pack").arg("-d").arg(&tree.folder).arg("-p").arg(&makemsix);
        contenders.push(Contender::new("makemsix", command).making(makemsix.clone()));
    }
    let samples = interleave_after(1, &mut contenders, rounds(scene))?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    lines.push(tree.line());
    match samples.iter().find(|sample| sample.name == "makemsix") {
        Some(sample) => {
            let part = 1.0 / sample.ratio;
            lines.push(Line::new("time of lowbox / makemsix", part, "").at_most(1.0 / 15.0));
            let size = size(&own)? / size(&makemsix)?;
            lines.push(Line::new("size of lowbox / makemsix", size, "").at_most(1.02));
        }
        None => lines.push(absent("makemsix")),
    }
    for (name, file) in [("zip", &zip), ("openappx", &openappx)] {
        if file.exists() {
            let note = format!("{:.1} MB", size(file)? / 1e6);
            lines.push(
                Line::new(format!("size of lowbox / {name}"), size(&own)? / size(file)?, "").note(note),
            );
        }
    }
    lines.push(memory("memory", tree.pack(scene, &at("again.msix")))?);
    Ok(lines)
}

/// Unpacking it, each block checked.
pub fn unpack(scene: &Scene) -> io::Result<Vec<Line>> {
    let tree = Tree::of(scene)?;
    let package = tree.signed(scene)?;
    let at = |name: &str| scene.work.path().join(name);
    let own = |to: &Path| {
        let mut command = Command::new(&scene.lowbox);
        command.arg("unpack").arg(&package).arg("-d").arg(to);
        command
    };
    let to = at("own");
    let mut contenders = vec![Contender::new("lowbox", own(&to)).making(to)];
    let to = at("unzip");
    let mut command = Command::new("unzip");
    command.arg("-q").arg(&package).arg("-d").arg(&to);
    contenders.push(Contender::new("unzip", command).making(to));
    if let Some(program) = &scene.openappx {
        let to = at("openappx");
        let mut command = Command::new(program);
        command.arg("unpack").arg("--package").arg(&package).arg("--out").arg(&to);
        contenders.push(Contender::new("openappx", command).making(to));
    }
    if let Some(program) = &scene.makemsix {
        let to = at("makemsix");
        let mut command = Command::new(program);
        // Any certificate: it checks block hashes then, and the digests, but not the signature's own mathematics.
        command.args(["unpack", "-ac", "-p"]).arg(&package).arg("-d").arg(&to);
        contenders.push(Contender::new("makemsix", command).making(to));
    }
    let samples = interleave_after(1, &mut contenders, rounds(scene))?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    match samples.iter().find(|sample| sample.name == "makemsix") {
        Some(sample) => lines.push(Line::new("lowbox / makemsix", 1.0 / sample.ratio, "").at_most(1.0)),
        None => lines.push(absent("makemsix")),
    }
    lines.push(Line::new("lowbox", samples[0].median, "ms").at_most(2_200.0).note("what makemsix took once"));
    lines.push(memory("memory", own(&at("again")))?);
    Ok(lines)
}

/// Verifying it without unpacking.
pub fn verify(scene: &Scene) -> io::Result<Vec<Line>> {
    let tree = Tree::of(scene)?;
    let package = tree.signed(scene)?;
    let certificate = scene.work.path().join("cert.pem");
    let own = || {
        let mut command = Command::new(&scene.lowbox);
        command.arg("verify").arg(&package).arg("--trust").arg(&certificate);
        command
    };
    let mut plain = Command::new("sha256sum");
    plain.arg(&package);
    let mut contenders = vec![Contender::new("sha256sum", plain), Contender::new("lowbox", own())];
    let mut command = Command::new("osslsigncode");
    command.arg("verify").arg("-in").arg(&package).arg("-CAfile").arg(&certificate);
    contenders.push(Contender::new("osslsigncode", command));
    let mut command = Command::new("unzip");
    command.arg("-tq").arg(&package);
    contenders.push(Contender::new("unzip -t", command));
    if let Some(program) = &scene.openappx {
        let mut command = Command::new(program);
        command.args(["inspect", "--json", "--package"]).arg(&package);
        contenders.push(Contender::new("openappx", command));
    }
    let samples = interleave_after(2, &mut contenders, scene.rounds.div_ceil(5).max(3))?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    let note = "osslsigncode and openappx look at no block, unzip at checksums alone";
    lines.push(Line::new("lowbox / sha256sum", samples[1].ratio, "").at_most(1.2).note(note));
    lines.push(memory("memory", own())?);
    Ok(lines)
}

fn rounds(scene: &Scene) -> usize {
    scene.rounds.div_ceil(20).max(3)
}

fn absent(name: &str) -> Line {
    Line::new(format!("{name} is not there"), 0.0, "").note(format!("name it with --{name}"))
}

fn size(path: &Path) -> io::Result<f64> {
    Ok(fs::metadata(path)?.len() as f64)
}

/// The most memory that a command has resident.
fn memory(what: &str, command: Command) -> io::Result<Line> {
    let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL); \
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(command.get_program()).args(command.get_args());
    let output = python.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    let value = String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)?;
    Ok(Line::new(what, value, "KiB").at_most(MEMORY))
}

/// The folder that is packed.
struct Tree {
    folder: PathBuf,
    files: usize,
    bytes: u64,
}

impl Tree {
    fn of(scene: &Scene) -> io::Result<Tree> {
        let folder = scene.work.path().join("tree");
        let (files, bytes) = tree::make(&folder)?;
        Ok(Tree { folder, files, bytes })
    }

    fn line(&self) -> Line {
        Line::new("the files", self.bytes as f64 / 1e6, "MB").note(format!("{} of them", self.files))
    }

    fn pack(&self, scene: &Scene, to: &Path) -> Command {
        let mut command = Command::new(&scene.lowbox);
        command.arg("pack").arg(&self.folder).arg("-o").arg(to);
        command
    }

    /// Its package, signed by `cert.pem`.
    fn signed(&self, scene: &Scene) -> io::Result<PathBuf> {
        let at = |name: &str| scene.work.path().join(name);
        let package = at("signed.msix");
        if package.exists() {
            return Ok(package);
        }
        succeed(self.pack(scene, &package))?;
        let (certificate, key) = (at("cert.pem"), at("key.pem"));
        let mut command = Command::new(&scene.lowbox);
        command.args(["cert", "new", tree::PUBLISHER, "--cert"]).arg(&certificate).arg("--key").arg(&key);
        succeed(command)?;
        let mut command = Command::new(&scene.lowbox);
        command.arg("sign").arg(&package).arg("--cert").arg(&certificate).arg("--key").arg(&key);
        succeed(command)?;
        Ok(package)
    }
}

fn succeed(mut command: Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))))
}

/// What is told of two that were measured together: the second by the first.
fn ratio(what: &str, samples: &[Sample]) -> Line {
    Line::new(what, samples[1].ratio, "")
}
