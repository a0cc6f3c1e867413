//! What an installer changed on drive C:, as the upper layer of its overlay has it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, openat2, statat};

use super::{CaptureError, LeftOut};

/// Folders in one another, and entries, at most.
const MAX_DEPTH: usize = 100;
const MAX_ENTRIES: usize = 200_000;
/// Larger files than the template's are new.
const COMPARED: u64 = 64 << 20;
/// So much is said of what is left out.
const MAX_SAID: usize = 1000;

/// A new or changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// Relative to the layer.
    pub(super) path: PathBuf,
    /// As Windows names it.
    pub(super) windows: String,
    pub(super) size: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) files: Vec<Changed>,
    pub(super) left_out: Vec<LeftOut>,
    entries: usize,
}

impl Changes {
    /// Those of a layer above the template.
    pub(super) fn of(upper: &OwnedFd, template: &Path) -> Result<Changes, CaptureError> {
        let mut changes = Changes::default();
        match folder(upper, Path::new("drive_c")) {
            Ok(drive) => changes.walk(upper, drive, Path::new("drive_c"), "C:", template, 0)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CaptureError::at("drive_c")(error)),
        }
        changes.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(changes)
    }

    pub(super) fn leave_out(&mut self, what: String, why: &'static str) {
        if self.left_out.len() < MAX_SAID {
            self.left_out.push(LeftOut { what, why });
        }
    }

    fn walk(
        &mut self,
        upper: &OwnedFd,
        own: OwnedFd,
        path: &Path,
        windows: &str,
        template: &Path,
        depth: usize,
    ) -> Result<(), CaptureError> {
        for entry in Dir::read_from(&own).map_err(CaptureError::at(path))? {
            let entry = entry.map_err(CaptureError::at(path))?;
            let raw = entry.file_name().to_bytes();
            if raw == b"." || raw == b".." {
                continue;
            }
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(CaptureError::TooMuch(format!("{MAX_ENTRIES} files and folders")));
            }
            let Ok(name) = std::str::from_utf8(raw) else {
                self.leave_out(format!("{windows}\\{}", String::from_utf8_lossy(raw)), "its name is no text");
                continue;
            };
            let (path, windows) = (path.join(name), format!("{windows}\\{name}"));
            let stat = statat(&own, name, AtFlags::SYMLINK_NOFOLLOW).map_err(CaptureError::at(&path))?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory if depth >= MAX_DEPTH => {
                    self.leave_out(windows, "it lies in too many folders");
                }
                FileType::Directory => match folder(upper, &path) {
                    Ok(folder) => self.walk(upper, folder, &path, &windows, template, depth + 1)?,
                    Err(_) => self.leave_out(windows, "the folder can't be read"),
                },
                FileType::RegularFile => {
                    let size = u64::try_from(stat.st_size).unwrap_or_default();
                    if !is_as_it_was(upper, &path, &template.join(&path), size) {
                        self.files.push(Changed { path, windows, size });
                    }
                }
                // Overlayfs' own note that the template's file is gone.
                FileType::CharacterDevice if stat.st_rdev == 0 => {
                    self.leave_out(windows, "the installer deleted it, and packages can't");
                }
                FileType::Symlink => self.leave_out(windows, "it is a link, which packages don't have"),
                _ => self.leave_out(windows, "it is neither a file nor a folder"),
            }
        }
        Ok(())
    }
}

/// Opens what lies in the layer, without following anything.
fn open(upper: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let flags =
        flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    Ok(openat2(upper, path, flags, Mode::empty(), beneath)?)
}

fn folder(upper: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    open(upper, path, OFlags::DIRECTORY)
}

/// Opens a regular file of the layer.
pub(super) fn file(upper: &OwnedFd, path: &Path) -> io::Result<File> {
    let opened = File::from(open(upper, path, OFlags::empty())?);
    match opened.metadata()?.is_file() {
        true => Ok(opened),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// Reads a file of the layer, or the beginning of it.
pub(super) fn read(upper: &OwnedFd, path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file(upper, path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Who opens a file for writing has it copied, though nothing was written.
fn is_as_it_was(upper: &OwnedFd, path: &Path, template: &Path, size: u64) -> bool {
    let known = fs::symlink_metadata(template);
    if !known.is_ok_and(|known| known.is_file() && known.len() == size && size <= COMPARED) {
        return false;
    }
    match (read(upper, path, COMPARED as usize), fs::read(template)) {
        (Ok(now), Ok(before)) => now == before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    fn open(path: &Path) -> OwnedFd {
        rustix::fs::open(path, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn made(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn what_is_new_or_changed_is_found_and_nothing_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let (upper, template) = (place.path().join("upper"), place.path().join("template"));
        made(place.path(), "secret/key.txt", "secret");
        for (file, text) in [("same", "text"), ("changed", "old "), ("longer", "old")] {
            made(&template, &format!("drive_c/{file}.txt"), text);
        }
        for (file, text) in
            [("same", "text"), ("changed", "new "), ("longer", "older"), ("Program Files/X/new", "")]
        {
            let end = if file.contains('/') { "" } else { ".txt" };
            made(&upper, &format!("drive_c/{file}{end}"), text);
        }
        symlink(place.path().join("secret"), upper.join("drive_c/folder")).unwrap();
        symlink(place.path().join("secret/key.txt"), upper.join("drive_c/key.txt")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, upper.join("drive_c/pipe"), Mode::RWXU).unwrap();
        made(&upper, &format!("drive_c/deep/{}x", "d/".repeat(150)), "");
        fs::write(upper.join("drive_c").join(OsStr::from_bytes(b"\xff\n.exe")), "").unwrap();
        let found = Changes::of(&open(&upper), &template).unwrap();
        let names: Vec<&str> = found.files.iter().map(|one| one.windows.as_str()).collect();
        assert_eq!(names, [r"C:\Program Files\X\new", r"C:\changed.txt", r"C:\longer.txt"]);
        let mut left: Vec<&str> = found.left_out.iter().map(|one| one.why).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "it is a link, which packages don't have",
                "it is a link, which packages don't have",
                "it is neither a file nor a folder",
                "it lies in too many folders",
                "its name is no text"
            ]
        );
        assert!(file(&open(&upper), Path::new("drive_c/key.txt")).is_err());
        assert!(file(&open(&upper), Path::new("drive_c/folder/key.txt")).is_err());
        assert!(file(&open(&upper), Path::new("../secret/key.txt")).is_err());
        assert!(file(&open(&upper), Path::new("drive_c/pipe")).is_err(), "and it keeps nobody waiting");
    }

    #[test]
    fn a_drive_that_is_a_link_or_nothing_is_no_drive() {
        let place = tempfile::tempdir().unwrap();
        let upper = place.path().join("upper");
        fs::create_dir(&upper).unwrap();
        assert!(Changes::of(&open(&upper), place.path()).unwrap().files.is_empty());
        symlink("/etc", upper.join("drive_c")).unwrap();
        assert!(Changes::of(&open(&upper), place.path()).is_err());
    }
}
