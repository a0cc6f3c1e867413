//! Windows programs that work for a while, beside a plain Wine: what confinement costs them, in time and on the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::result::Line;
use super::sample::{Contender, interleave_after};
use super::scene::{Scene, grant};
use crate::attacks::wine::{LOADER, SERVER};

/// The folder of Windows programs that nobody here wrote, in the shared one.
pub const PROGRAMS: &str = "windows";

/// At most this part of the plain time.
const STEADY: f64 = 1.05;
/// The folders that the two sides write to.
const OUT: [&str; 2] = ["plain-out", "inside-out"];
/// Long ones, and few.
pub(super) const ROUNDS: usize = 5;

/// Copies what `.ci/run` fetched to where every user can run it.
pub fn install(workspace: &Path, shared: &Path) -> io::Result<()> {
    let fetched = std::env::var_os("LOWBOX_WINDOWS_PROGRAMS")
        .map_or_else(|| workspace.join("target/windows-programs"), PathBuf::from);
    let programs = shared.join(PROGRAMS);
    fs::create_dir(&programs)?;
    for (from, name) in [
        ("node_modules/7zip-bin/win/x64/7za.exe", "7za.exe"),
        ("wheels/files/cmake/data", "cmake"),
        ("wheels/files/ninja-1.13.2.data/scripts/ninja.exe", "ninja.exe"),
    ] {
        let (from, to) = (fetched.join(from), programs.join(name));
        if from.exists() {
            succeed(Command::new("cp").args(["-a", "--no-preserve=ownership"]).args([&from, &to]))?;
            succeed(Command::new("chmod").args(["-R", "a+rX"]).arg(&to))?;
        }
    }
    Ok(())
}

/// 7-Zip packs 200 MB.
pub fn seven_zip(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = fetched(scene, "7za.exe")?;
    let tree = scene.work.path().join("tree");
    make_tree(&tree, 200)?;
    let sides = Sides {
        what: "7za a -mx1, 200 MB",
        program: &program,
        words: &|out, tree| {
            vec!["a".into(), "-mx1".into(), "-bd".into(), windows(out, "tree.7z"), windows(tree, "*")]
        },
        reads: &[&tree],
    };
    compare(scene, &sides, &tree)
}

/// CMake configures a tree of 300 folders ten times.
pub fn cmake(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = fetched(scene, "cmake/bin/cmake.exe")?;
    // CMake asks Ninja for its version each time.
    let ninja = fetched(scene, "ninja.exe")?;
    for folder in OUT.map(|name| scene.work.path().join(name)) {
        make_project(&folder.join("project"))?;
        fs::copy(&ninja, folder.join("ninja.exe"))?;
    }
    let home = scene_programs(scene).join("cmake");
    let sides = Sides {
        what: "cmake configures 300 folders, 10 times",
        program: &program,
        words: &|out, _| {
            let here = windows(out, "").replace('\\', "/");
            vec![format!("-DOUT={here}"), "-P".into(), windows(out, r"project\ten.cmake")]
        },
        reads: &[&home],
    };
    compare(scene, &sides, &home)
}

/// What is compared.
struct Sides<'a> {
    what: &'a str,
    program: &'a Path,
    /// Given the folder that it writes to and the one that it reads.
    words: &'a dyn Fn(&Drive, &Drive) -> Vec<String>,
    /// What it may read.
    reads: &'a [&'a Path],
}

/// A folder as a side's Windows programs see it.
struct Drive(String);

fn windows(drive: &Drive, name: &str) -> String {
    format!("{}\\{name}", drive.0)
}

fn compare(scene: &Scene, sides: &Sides<'_>, tree: &Path) -> io::Result<Vec<Line>> {
    let prefix = scene.work.path().join("prefix");
    if !prefix.exists() {
        let mut boot = Command::new("/bin/sh");
        boot.args(["-ec", &format!("{LOADER} wineboot.exe -i && {SERVER} -w")]);
        succeed(plain_wine(&mut boot, &prefix))?;
    }
    let [plain_out, inside_out] = OUT.map(|name| scene.work.path().join(name));
    for folder in [&plain_out, &inside_out] {
        fs::create_dir_all(folder)?;
    }
    let by_z =
        |folder: &Path| -> io::Result<Drive> { Ok(Drive(format!("Z:{}", text(folder)?.replace('/', "\\")))) };
    let mut plain = Command::new(LOADER);
    plain.arg(sides.program).args((sides.words)(&by_z(&plain_out)?, &by_z(tree)?)).current_dir(&plain_out);
    plain_wine(&mut plain, &prefix);
    let mut grants = vec!["--grant".into(), grant(&inside_out, "rwx")];
    for path in sides.reads {
        grants.extend(["--grant".into(), grant(path, "rx")]);
    }
    let options: Vec<&std::ffi::OsStr> = grants.iter().map(std::ffi::OsString::as_os_str).collect();
    // The working folder is D:, and what is read is reached by its name on Linux, as plain Wine reaches it by Z:.
    let words = (sides.words)(&Drive("D:".into()), &Drive(format!(r"\\?\unix{}", text(tree)?)));
    let mut command = vec![text(sides.program)?.to_owned()];
    command.extend(words);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut inside = scene.lowbox(&options, &command);
    inside.current_dir(&inside_out);
    let made = |folder: &Path| folder.join("tree.7z");
    let mut contenders = [
        Contender::new("plain", plain).making(made(&plain_out)),
        Contender::new("lowbox", inside).making(made(&inside_out)),
    ];
    let samples = interleave_after(1, &mut contenders, ROUNDS)?;
    let [plain_size, inside_size] = [&plain_out, &inside_out].map(|folder| allocated(folder));
    let (plain_size, inside_size) = (plain_size?, inside_size?);
    if plain_size == 0 || inside_size.abs_diff(plain_size) * 20 > plain_size {
        return Err(io::Error::other(format!(
            "{plain_size} bytes were made outside and {inside_size} inside"
        )));
    }
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    let note = format!("median of the rounds' ratios; {}, start included", sides.what);
    lines.push(Line::new("lowbox / plain", samples[1].ratio, "").at_most(STEADY).note(note));
    Ok(lines)
}

pub(super) fn plain_wine<'a>(command: &'a mut Command, prefix: &Path) -> &'a mut Command {
    command.env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d").env_remove("DISPLAY")
}

fn scene_programs(scene: &Scene) -> PathBuf {
    scene.lowbox.parent().map_or_else(PathBuf::new, |shared| shared.join(PROGRAMS))
}

fn fetched(scene: &Scene, name: &str) -> io::Result<PathBuf> {
    let program = scene_programs(scene).join(name);
    match program.exists() {
        true => Ok(program),
        false => Err(io::Error::other(format!(
            "{name} is not there; .ci/run fetches it to target/windows-programs"
        ))),
    }
}

/// So many files of a megabyte, half of it words and half noise.
fn make_tree(at: &Path, files: u32) -> io::Result<()> {
    let mut state = 1_u64;
    let mut noise = || {
        // Xorshift: the same tree each time.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for file in 0..files {
        let folder = at.join(format!("part{}", file / 20));
        fs::create_dir_all(&folder)?;
        let mut bytes = Vec::with_capacity(1 << 20);
        while bytes.len() < 1 << 20 {
            match noise() % 2 {
                0 => bytes.extend(noise().to_le_bytes()),
                _ => bytes.extend(format!("word{} ", noise() % 500).as_bytes()),
            }
        }
        fs::write(folder.join(format!("file{file}")), bytes)?;
    }
    Ok(())
}

fn make_project(at: &Path) -> io::Result<()> {
    fs::create_dir_all(at)?;
    let mut top = "cmake_minimum_required(VERSION 3.20)\nproject(Sample LANGUAGES NONE)\n".to_owned();
    for part in 0..300 {
        let folder = at.join(format!("part{part}"));
        fs::create_dir_all(&folder)?;
        top += &format!("add_subdirectory(part{part})\n");
        fs::write(
            folder.join("CMakeLists.txt"),
            format!(
                "configure_file(in.txt out.txt)\nadd_custom_target(part{part} ALL COMMAND ${{CMAKE_COMMAND}} -E true)\n"
            ),
        )?;
        fs::write(folder.join("in.txt"), format!("part {part} of @PROJECT_NAME@\n"))?;
    }
    fs::write(at.join("CMakeLists.txt"), top)?;
    let ten = r#"file(REMOVE_RECURSE ${OUT}/build)
foreach(round RANGE 1 10)
  execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -DCMAKE_MAKE_PROGRAM=${OUT}/ninja.exe -S ${CMAKE_CURRENT_LIST_DIR} -B ${OUT}/build OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
"#;
    fs::write(at.join("ten.cmake"), ten)
}

/// What the disk has for it.
pub(super) fn allocated(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let found = path.symlink_metadata()?;
    let mut sum = found.blocks() * 512;
    if found.is_dir() {
        let entries = match fs::read_dir(path) {
            // Overlayfs' own folder, for which it leaves no right to anybody.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(sum),
            entries => entries?,
        };
        for entry in entries {
            sum += allocated(&entry?.path())?;
        }
    }
    Ok(sum)
}

pub(super) fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other("the folder's name is no UTF-8"))
}

pub(super) fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}
