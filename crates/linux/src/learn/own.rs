//! What a container has of its own: access to it needs nothing, whatever the host has in the same place.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inside::Inside;
use crate::display::inside::FOLDER;
use crate::launch::Spec;
use crate::wine;

/// Places that are the container's own with all that lies in them.
const WHOLE: [&str; 11] = [
    "/proc",
    "/dev/pts",
    "/dev/ptmx",
    "/dev/tty",
    "/dev/fd",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/etc/passwd",
    "/etc/group",
    // With a network it has one that names its own resolver, and without one none.
    "/etc/resolv.conf",
];

/// Folders that the container has one of its own of, which is empty at the start.
const EMPTY: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// So many bytes of names that the program made are known; what it makes after them counts as the host's.
const MAX_MADE: usize = 32 << 20;

/// What a name takes beside its bytes, about.
const NAME: usize = 48;

/// The container's own places, and what the program made in them: a file that was in `/tmp` before is the host's, and one that the
/// program made there would be in its own `/tmp`.
#[derive(Debug)]
pub struct OwnPlaces {
    whole: Vec<PathBuf>,
    empty: Vec<PathBuf>,
    made: HashSet<Box<[u8]>>,
    made_bytes: usize,
    /// Where the program has its own places already.
    inside: Option<Arc<Inside>>,
    /// Links of a Windows program's drives, and where they lead.
    drives: Vec<(PathBuf, PathBuf)>,
}

impl OwnPlaces {
    /// Those of a launch.
    pub(super) fn of(spec: &Spec, inside: Option<Arc<Inside>>) -> OwnPlaces {
        let mut whole: Vec<PathBuf> = WHOLE.map(PathBuf::from).to_vec();
        let data = spec.data.iter();
        whole.extend(data.flat_map(|data| [data.local_state.clone(), data.temp_state.clone()]));
        let drives = spec.wine.as_ref().map(wine::links_of_drives).unwrap_or_default();
        if let Some(wine) = &spec.wine {
            whole.push(wine.prefix.clone());
            whole.extend(wine::DOES_WITHOUT.map(PathBuf::from));
        }
        let mut empty: Vec<PathBuf> = EMPTY.map(PathBuf::from).to_vec();
        empty.push(format!("/run/user/{}", spec.user.uid).into());
        if inside.is_some() && !empty.iter().any(|place| place == Path::new(&spec.temp_inside)) {
            whole.push(PathBuf::from(&spec.temp_inside));
        }
        if let Some(display) = &spec.display {
            empty.push(FOLDER.into());
            whole.extend([display.place.socket().into(), display.place.authority(spec.user.uid)]);
        }
        OwnPlaces { whole, empty, made: HashSet::new(), made_bytes: 0, inside, drives }
    }

    /// The path behind a Windows program's drive: Wine opens all by the drives' links, which the host does not have.
    pub(super) fn behind_drive(&self, path: &Path) -> Option<PathBuf> {
        let (link, folder) = self.drives.iter().find(|(link, _)| lies_in(path, link))?;
        Some(folder.join(path.strip_prefix(link).ok()?))
    }

    /// Whether what is at `path`, or is to be made there, is the container's own.
    pub(super) fn hold(&self, path: &Path) -> bool {
        self.whole.iter().any(|place| lies_in(path, place))
            || self.empty.iter().any(|place| path == place)
            || (!self.made.is_empty()
                && path.ancestors().any(|above| self.made.contains(above.as_os_str().as_bytes())))
            || self.inside.as_ref().is_some_and(|inside| self.lies_in_empty(path) && inside.is_own(path))
    }

    fn lies_in_empty(&self, path: &Path) -> bool {
        self.empty.iter().any(|place| path.starts_with(place))
    }

    /// Whether a program that is isolated makes something of its own there, whatever the host has in the same place.
    pub(super) fn would_make(&self, path: &Path) -> bool {
        let inside = self.inside.as_ref().filter(|_| self.hold_new(path));
        inside.is_some_and(|inside| !inside.shows(path))
    }

    /// Whether an isolated program sees it: then looking at it does not fail.
    pub(super) fn shows(&self, path: &Path) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.shows(path))
    }

    /// Whether something new at `path` would be the container's own.
    pub(super) fn hold_new(&self, path: &Path) -> bool {
        path.parent().is_some_and(|folder| self.hold(folder))
    }

    /// The program makes something there.
    pub(super) fn made(&mut self, path: &Path) {
        if self.made_bytes < MAX_MADE && self.hold_new(path) && !self.hold(path) {
            self.made_bytes += path.as_os_str().len() + NAME;
            self.made.insert(path.as_os_str().as_bytes().into());
        }
    }

    /// It removes it, or moves it away: what is there later may be the host's.
    pub(super) fn removed(&mut self, path: &Path) {
        if self.made.remove(path.as_os_str().as_bytes()) {
            self.made_bytes -= path.as_os_str().len() + NAME;
        }
    }
}

/// `Path::starts_with` for two paths without `.`, `..` and doubled slashes, which most calls ask for a dozen places.
fn lies_in(path: &Path, place: &Path) -> bool {
    let rest = path.as_os_str().as_bytes().strip_prefix(place.as_os_str().as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> OwnPlaces {
        let empty = EMPTY.map(PathBuf::from).to_vec();
        OwnPlaces {
            whole: vec!["/proc".into()],
            empty,
            made: HashSet::new(),
            made_bytes: 0,
            inside: None,
            drives: Vec::new(),
        }
    }

    #[test]
    fn what_the_program_makes_in_tmp_is_its_own_and_what_was_there_is_the_hosts() {
        let mut places = places();
        assert!(places.hold(Path::new("/tmp")) && places.hold(Path::new("/proc/1/status")));
        assert!(!places.hold(Path::new("/tmp/theirs")) && places.hold_new(Path::new("/tmp/mine")));
        places.made(Path::new("/tmp/mine"));
        assert!(places.hold(Path::new("/tmp/mine/a/b")) && !places.hold(Path::new("/tmp/mine2")));
        places.made(Path::new("/tmp/theirs/a"));
        assert!(!places.hold(Path::new("/tmp/theirs/a")), "its folder is the host's");
        places.removed(Path::new("/tmp/mine"));
        assert!(!places.hold(Path::new("/tmp/mine")));
    }
}
