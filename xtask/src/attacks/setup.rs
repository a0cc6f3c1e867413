//! What all attacks of a run share: the compiled programs, copies of the binaries where every user can reach them.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{wine, x11};

/// The shared folder, as one identity sees it.
pub struct Setup {
    /// Holds `programs/` and `bin/`.
    pub shared: PathBuf,
    /// Whether this identity is root.
    pub root: bool,
}

impl Setup {
    /// The folder of the attacks' programs.
    pub fn programs(&self) -> PathBuf {
        self.shared.join("programs")
    }

    /// The copy of lowbox.
    pub fn lowbox(&self) -> PathBuf {
        self.shared.join("bin/lowbox")
    }

    /// Why an attack that makes lowbox's own calls fail can't be tried, if so.
    pub fn strace(&self) -> Option<&'static str> {
        (!Path::new("/usr/bin/strace").exists()).then_some("strace is not installed (package strace)")
    }

    /// A setuid copy of the payload that belongs to another user; only root can have made it.
    pub fn foreign_setuid(&self) -> PathBuf {
        self.programs().join(if self.root { "setuid-user" } else { "setuid-root" })
    }
}

/// Copies and compiles everything below `sources` into `shared`; with `user`, root makes setuid copies too.
/// Those for Windows only with `windows`.
pub fn build(
    sources: &Path,
    shared: &Path,
    lowbox: Option<&Path>,
    user: Option<u32>,
    windows: bool,
) -> io::Result<()> {
    let programs = shared.join("programs");
    let bin = shared.join("bin");
    for folder in [shared, &programs, &bin] {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    if let Some(lowbox) = lowbox {
        install(lowbox, &bin.join("lowbox"), 0o755)?;
    }
    install(&std::env::current_exe()?, &bin.join("xtask"), 0o755)?;
    let mut compilers = Vec::new();
    for group in fs::read_dir(sources)? {
        let group = group?.path();
        let is_windows = group.ends_with(wine::SOURCES);
        let is_left_out =
            (is_windows && !windows) || (group.ends_with(x11::SOURCES) && x11::lacking().is_some());
        if !group.is_dir() || is_left_out {
            continue;
        }
        for file in fs::read_dir(&group)? {
            let file = file?.path();
            let (Some(stem), Some(name)) = (file.file_stem(), file.file_name()) else { continue };
            match file.extension().and_then(|e| e.to_str()) {
                Some("py" | "sh") => install(&file, &programs.join(name), 0o755)?,
                Some("c") if is_windows => {
                    compilers.push((file.clone(), wine::compile(&file, &programs.join(stem)).spawn()?))
                }
                Some("c") => {
                    compilers.push((file.clone(), compile(sources, &file, &programs.join(stem))?.spawn()?))
                }
                _ => {}
            }
        }
    }
    for (file, mut compiler) in compilers {
        if !compiler.wait()?.success() {
            return Err(io::Error::other(format!("{} does not compile", file.display())));
        }
    }
    wine::folders(shared, user)?;
    if let Some(user) = user {
        for (name, owner) in [("setuid-root", 0), ("setuid-user", user)] {
            let at = programs.join(name);
            fs::copy(programs.join("payload"), &at)?;
            chown(&at, Some(owner), None)?;
            fs::set_permissions(&at, fs::Permissions::from_mode(0o4755))?;
        }
    }
    Ok(())
}

fn install(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    fs::copy(from, to).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", from.display())))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
}

/// A source may name further options on its first line: `/* cc: -shared`.
fn compile(sources: &Path, file: &Path, to: &Path) -> io::Result<Command> {
    let text = fs::read_to_string(file)?;
    let options = text.lines().next().and_then(|line| line.strip_prefix("/* cc: ")).unwrap_or("").to_owned();
    let mut command = Command::new("cc");
    command.args(["-O1", "-pthread", "-Wall", "-Wno-unused-result", "-I"]).arg(sources.join("common"));
    command.args(options.split_whitespace()).arg("-o").arg(to).arg(file);
    Ok(command)
}
