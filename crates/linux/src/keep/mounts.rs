//! What is mounted. A container has copies of the mounts of its start, and what is mounted, unmounted, covered or made read-only afterwards it does not
//! hear of: a program that joined would see what its caller does not.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::surroundings::read;
use crate::host::unescape;

/// The mounts that a process sees (proc_pid_mountinfo(5)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mounts(Vec<u8>);

/// A mount: its number, its parent's, its device, what of it is mounted, where, the options of the mount itself, its kind. A device is that of one file
/// system as long as a container has it. Options of the whole file system are the container's too.
type Mount<'a> = [&'a [u8]; 7];

impl Mounts {
    /// Those of the process that this folder of /proc is of.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn of(process: impl AsFd) -> io::Result<Mounts> {
        read(process, "mountinfo").map(Mounts)
    }

    /// A mount at, above or beneath one of these places that is not the same in both.
    pub(super) fn difference(&self, theirs: &Mounts, places: &[PathBuf]) -> Option<PathBuf> {
        if self == theirs {
            return None;
        }
        let (Some(ours), Some(theirs)) = (self.all(), theirs.all()) else { return Some("/".into()) };
        // Elsewhere mounts come and go: media, file systems that are mounted when they are looked at.
        let told = |mount: &Mount<'_>| {
            let at = PathBuf::from(OsString::from_vec(unescape(mount[4])));
            places.iter().any(|place| place.starts_with(&at) || at.starts_with(place)).then_some(at)
        };
        ours.symmetric_difference(&theirs).find_map(told)
    }

    fn all(&self) -> Option<HashSet<Mount<'_>>> {
        let lines = self.0.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(mount).collect()
    }
}

fn mount(line: &[u8]) -> Option<Mount<'_>> {
    let mut fields = line.split(|&byte| byte == b' ');
    let mut next = || fields.next();
    let [number, parent, device, root, at, options] = [next()?, next()?, next()?, next()?, next()?, next()?];
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    Some([number, parent, device, root, at, options, kind])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:25 / /home/one/a\\040vault rw - tmpfs none rw
31 27 0:26 / /media/stick rw - vfat /dev/sdb1 rw
";

    fn told(text: &str, place: &str) -> Option<PathBuf> {
        Mounts(ALL.into()).difference(&Mounts(text.into()), &[place.into()])
    }

    #[test]
    fn what_is_at_above_or_beneath_a_place_is_told_and_nothing_else() {
        let [without_vault, without_stick] = ["/home", "/media"].map(|gone| {
            let lines = ALL.lines().filter(|line| !line.contains(gone));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        });
        let read_only = ALL.replace("/ rw,relatime", "/ ro,relatime");
        let covered = format!("{ALL}40 30 0:40 / /home/one/a\\040vault rw - tmpfs none rw\n");
        let vault = Some(PathBuf::from("/home/one/a vault"));
        for place in ["/home/one", "/home/one/a vault", "/home/one/a vault/in"] {
            assert_eq!(told(ALL, place), None);
            assert_eq!(told(&without_vault, place), vault);
            assert_eq!(told(&covered, place), vault);
            assert_eq!(told(&without_stick, place), None);
            assert_eq!(told(&read_only, place), Some("/".into()));
        }
        assert_eq!(told(&without_vault, "/home/one/a"), None);
        assert_eq!(
            told(&ALL.replace(" shared:1", "").replace("ext4 /dev/vda rw", "ext4 /dev/vda rw,x"), "/"),
            None
        );
        assert_eq!(told("what is this\n", "/usr"), Some("/".into()));
    }
}
