//! One file of 4 GiB in a package: empty, which deflates to next to nothing, and such that it can't be compressed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;

use super::super::result::Line;
use super::super::sample::{Contender, interleave_after};
use super::super::scene::Scene;
use super::{Tree, memory, ratio, tree};

const SIZE: u64 = 4 << 30;
/// The file, the package and what is unpacked of it.
const ROOM: u64 = 4 * SIZE;

/// Time and memory of packing, verifying and unpacking.
pub fn large(scene: &Scene) -> io::Result<Vec<Line>> {
    let known = rustix::fs::statvfs(scene.work.path())?;
    let free = known.f_bavail.saturating_mul(known.f_frsize);
    if free < ROOM {
        return Err(io::Error::other(format!("{free} bytes are free, and {ROOM} are needed")));
    }
    let mut lines = Vec::new();
    for name in ["zeros", "noise"] {
        let folder = scene.work.path().join(name);
        let bytes = make(&folder, name == "noise")?;
        let tree = Tree { folder: folder.clone(), files: 4, bytes };
        lines.extend(measure(scene, name, &tree)?);
        fs::remove_dir_all(&folder)?;
    }
    Ok(lines)
}

fn measure(scene: &Scene, name: &str, tree: &Tree) -> io::Result<Vec<Line>> {
    let (package, to) = (scene.work.path().join("large.msix"), scene.work.path().join("unpacked"));
    let verify = || {
        let mut command = Command::new(&scene.lowbox);
        command.arg("verify").arg(&package).arg("--unsigned");
        command
    };
    let unpack = || {
        let mut command = Command::new(&scene.lowbox);
        command.arg("unpack").arg(&package).arg("-d").arg(&to);
        command
    };
    let mut lines = vec![memory(&format!("{name}: memory of pack"), tree.pack(scene, &package))?];
    lines.push(memory(&format!("{name}: memory of verify"), verify())?);
    lines.push(memory(&format!("{name}: memory of unpack"), unpack())?);
    let same = Command::new("cmp").arg(tree.folder.join("large.bin")).arg(to.join("large.bin")).status()?;
    if !same.success() {
        return Err(io::Error::other("what was unpacked is not what was packed"));
    }
    fs::remove_dir_all(&to)?;
    let mut plain = Command::new("sha256sum");
    plain.arg(tree.folder.join("large.bin"));
    let mut contenders = [
        Contender::new("sha256sum of the file", plain),
        Contender::new("verify", verify()),
        Contender::new("unpack", unpack()).making(to.clone()),
        Contender::new("pack", tree.pack(scene, &package)).making(package.clone()),
    ];
    let samples = interleave_after(0, &mut contenders, 1)?;
    let time = |sample| {
        let line = Line::time(sample);
        Line { what: format!("{name}: {}", line.what), ..line }
    };
    lines.extend(samples.iter().map(time));
    lines.push(ratio(&format!("{name}: verify / sha256sum of the file"), &samples));
    fs::remove_dir_all(&to)?;
    fs::remove_file(&package)?;
    Ok(lines)
}

/// The folder of a package with such a file.
fn make(folder: &Path, noisy: bool) -> io::Result<u64> {
    tree::begin(folder)?;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join("large.bin"))?);
    if noisy {
        const STEP: u64 = 16 << 20;
        for number in 0..SIZE / STEP {
            file.write_all(&tree::noise(number + 1, STEP as usize))?;
        }
    } else {
        file.get_ref().set_len(SIZE)?;
    }
    file.flush()?;
    Ok(SIZE)
}
