//! Programs that work for a while: what confinement costs them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use super::result::Line;
use super::sample::{Contender, interleave, repeats};
use super::scene::{Scene, grant};

/// At most this part of the plain time.
const TARGET: f64 = 1.03;

/// The plain command is repeated until it takes this long, in milliseconds: the start of the container, which is in the
/// measured time, must not be what is measured.
const LONG_ENOUGH: f64 = 1000.0;

/// `find /usr -type f`. It may meet folders that its user may not read; both sides must find the same.
pub fn find(scene: &Scene) -> io::Result<Vec<Line>> {
    let list = ["/usr/bin/find", "/usr", "-type", "f"];
    let [outside, inside] = [scene.plain(&list), scene.lowbox(&[], &list)].map(files_listed);
    let (outside, inside) = (outside?, inside?);
    // Root's programs run as another uid, to which root's own few folders are closed.
    if outside == 0 || inside.abs_diff(outside) * 1000 > outside {
        return Err(io::Error::other(format!("{outside} files are listed outside and {inside} inside")));
    }
    let line = "find /usr -type f >/dev/null 2>&1 || :";
    let mut lines = compare(scene, &Sides::same("find /usr -type f", line, &[], TARGET))?;
    lines.insert(0, Line::new("files listed inside", inside as f64, "").note(format!("{outside} outside")));
    Ok(lines)
}

fn files_listed(mut find: Command) -> io::Result<usize> {
    let output = find.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok(output.stdout.iter().filter(|&&byte| byte == b'\n').count())
}

/// Six packages of the standard library.
pub fn imports(scene: &Scene) -> io::Result<Vec<Line>> {
    let command =
        "/usr/bin/python3 -c 'import asyncio, email.message, http.client, json, sqlite3, xml.dom.minidom'";
    compare(scene, &Sides::same("six imports in python3", command, &[], TARGET))
}

/// `git status` in a repository of some thousand files, granted for reading and writing.
pub fn git(scene: &Scene) -> io::Result<Vec<Line>> {
    // A repository for each side: the index keeps the uid of the files, which is another one inside when root launches,
    // and each side would renew the other's index.
    let [plain, inside] = ["plain", "inside"].map(|name| scene.work.path().join(name));
    for repository in [&plain, &inside] {
        make_repository(repository)?;
    }
    let grant = grant(&inside, "rw");
    compare(
        scene,
        &Sides {
            what: "git status, 5,000 files",
            line: "git status --porcelain",
            folders: Some((&plain, &inside)),
            options: &["--grant".as_ref(), grant.as_os_str()],
            target: TARGET,
        },
    )
}

/// What is compared.
pub struct Sides<'a> {
    pub what: &'a str,
    /// For a shell.
    pub line: &'a str,
    /// Where each side works; the root if nowhere.
    pub folders: Option<(&'a Path, &'a Path)>,
    /// Of `lowbox run`.
    pub options: &'a [&'a OsStr],
    /// At most this part of the plain time.
    pub target: f64,
}

impl<'a> Sides<'a> {
    /// Both in the root.
    pub fn same(what: &'a str, line: &'a str, options: &'a [&'a OsStr], target: f64) -> Sides<'a> {
        Sides { what, line, folders: None, options, target }
    }
}

/// Runs a shell line as often as it takes, plain and in lowbox.
pub fn compare(scene: &Scene, sides: &Sides<'_>) -> io::Result<Vec<Line>> {
    let Sides { what, line, folders, options, target } = *sides;
    let root = Path::new("/");
    let (plain_folder, inside_folder) = folders.unwrap_or((root, root));
    let plain = |count: usize| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &repeated(line, count)]).current_dir(plain_folder);
        Contender::new("plain", command)
    };
    let count = repeats(plain(1), LONG_ENOUGH)?;
    let mut confined = scene.lowbox(options, &["/bin/sh", "-c", &repeated(line, count)]);
    confined.current_dir(inside_folder);
    let floor = scene.floor()?;
    let under_floor = |layers: &[&str]| {
        let mut command = Command::new(&floor);
        command.args(layers).args(["/bin/sh", "-c", &repeated(line, count)]).current_dir(plain_folder);
        command
    };
    let mut contenders = [
        plain(count),
        Contender::new("a seccomp filter that allows all", under_floor(&[])),
        Contender::new("the same and a Landlock rule that allows all", under_floor(&["landlock"])),
        Contender::new("lowbox", confined),
    ];
    let samples = interleave(&mut contenders, (scene.rounds / 5).max(3))?;
    let mut lines: Vec<Line> = samples.iter().map(Line::time).collect();
    for sample in &samples[1..3] {
        let note = "what the kernel takes for the layer, whatever it says";
        lines.push(Line::new(format!("{} / plain", sample.name), sample.ratio, "").note(note));
    }
    let note =
        format!("median of the rounds' ratios; {what}, {count} times in one container, its start included");
    lines.push(Line::new("lowbox / plain", samples[3].ratio, "").at_most(target).note(note));
    Ok(lines)
}

fn repeated(line: &str, count: usize) -> String {
    // Each time has to succeed: a command that is denied at once is fast.
    format!("set -e; i=0; while [ $i -lt {count} ]; do {line}; i=$((i+1)); done")
}

/// 5,000 small files in 100 folders, committed.
pub fn make_repository(at: &PathBuf) -> io::Result<()> {
    for folder in 0..100 {
        let folder = at.join(format!("part{folder}"));
        fs::create_dir_all(&folder)?;
        for file in 0..50 {
            fs::write(folder.join(format!("file{file}.txt")), format!("{}\n", folder.display()).repeat(20))?;
        }
    }
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "-qm", "Start"],
    ] {
        let output = Command::new("git").args(arguments).current_dir(at).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    // Files as young as the index are read again at each status (racy git).
    thread::sleep(std::time::Duration::from_millis(1100));
    Ok(())
}
