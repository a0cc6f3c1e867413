//! What a process inherits from the one that starts it, without anybody having said so: a program that joins a container gets the keeper's.
//!
//! Not compared, because the kernel does not tell it of another process: memory policy (set_mempolicy(2)), keyrings, uclamp values.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, open, openat, statat, statx};
use rustix::io::Errno;
use rustix::process::{Pid, getpid};
use rustix::thread::capabilities_secure_bits;

use super::mounts::Mounts;
use crate::host::Shown;
use crate::sys::io_priority;

/// What decides on what a program that a process starts reaches and may use up, beside its command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Device and inode of each namespace.
    namespaces: Vec<(u64, u64)>,
    /// Device, inode and mount of the root folder.
    root: (u32, u32, u64, u64),
    /// proc_pid_cgroup(5).
    cgroup: Vec<u8>,
    /// What else the kernel keeps of it, line by line.
    limits: Vec<String>,
    mounts: Mounts,
}

/// namespaces(7); that of time for children decides for programs.
const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time_for_children", "user", "uts"];
/// Lines of proc_pid_status(5).
const STATUS: [&str; 14] = [
    "Umask:",
    "Uid:",
    "Gid:",
    "Groups:",
    "NoNewPrivs:",
    "Seccomp:",
    "Seccomp_filters:",
    "Cpus_allowed:",
    "Mems_allowed:",
    "Cap",
    "SigIgn:",
    "THP_enabled:",
    "Speculation_Store_Bypass:",
    "SpeculationIndirectBranch:",
];
/// Fields of proc_pid_stat(5) after the name.
const STAT: [(&str, usize); 3] = [("nice value", 16), ("real-time priority", 37), ("scheduling policy", 38)];
/// More than any file of /proc that is read here: with more of them, a process joins nothing.
const MOST: usize = 8 << 20;

impl Surroundings {
    /// Those of the calling process.
    ///
    /// # Errors
    /// Without /proc.
    pub(super) fn own() -> io::Result<Surroundings> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Surroundings::of(open("/proc/self", flags, Mode::empty())?, getpid())
    }

    /// Those of the process that this folder of /proc is of, and of this number.
    ///
    /// # Errors
    /// When it has ended, or may not be looked into; without /proc.
    pub(super) fn of(process: impl AsFd, number: Pid) -> io::Result<Surroundings> {
        let mut namespaces = Vec::with_capacity(NAMESPACES.len());
        for name in NAMESPACES {
            // A kernel without a kind of namespaces has one of it.
            match statat(&process, format!("ns/{name}"), AtFlags::empty()) {
                Ok(found) => namespaces.push((found.st_dev, found.st_ino)),
                Err(Errno::NOENT) => namespaces.push((0, 0)),
                Err(error) => return Err(error.into()),
            }
        }
        // The same folder may be mounted twice, with other options.
        let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
        let root = statx(&process, "root", AtFlags::empty(), wanted)?;
        let root = (root.stx_dev_major, root.stx_dev_minor, root.stx_ino, root.stx_mnt_id);
        // Its name may be any bytes.
        let text = |name: &str| Ok(String::from_utf8_lossy(&read(&process, name)?).into_owned());
        let line = |name: &str| text(name).map(|text| format!("{name} {text}"));
        let status: io::Result<String> = text("status");
        let status = status?;
        let of_status = status.lines().filter(|line| STATUS.iter().any(|name| line.starts_with(name)));
        let mut limits: Vec<String> = of_status.map(str::to_owned).collect();
        limits.extend(text("limits")?.lines().map(str::to_owned));
        limits.extend([line("oom_score_adj")?, line("coredump_filter")?]);
        let stat = text("stat")?;
        let fields: Vec<&str> =
            stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
        let of_stat = STAT.iter().map(|(name, at)| format!("{name} {}", fields.get(*at).unwrap_or(&"?")));
        limits.extend(of_stat);
        limits.push(format!("I/O priority {}", io_priority(number)?));
        // AppArmor's or SELinux' word for it, where there is one.
        limits.extend(line("attr/current"));
        let (cgroup, mounts) = (read(&process, "cgroup")?, Mounts::of(&process)?);
        Ok(Surroundings { namespaces, root, cgroup, limits, mounts })
    }

    /// What `theirs` has otherwise, in words that follow on "it"; of mounts what touches one of these places.
    pub(super) fn difference(&self, theirs: &Surroundings, places: &[PathBuf]) -> Option<String> {
        if self.namespaces != theirs.namespaces || self.root != theirs.root {
            return Some(
                "was started in other namespaces (another network, or another view of files)".into(),
            );
        }
        if self.cgroup != theirs.cgroup {
            return Some("was started in another control group (another session, unit or container)".into());
        }
        other_limit(&self.limits, &theirs.limits).or_else(|| self.other_mount(theirs, places))
    }

    /// Where something is mounted otherwise.
    pub(super) fn other_mount(&self, theirs: &Surroundings, places: &[PathBuf]) -> Option<String> {
        let at = self.mounts.difference(&theirs.mounts, places)?;
        Some(format!(
            "was started while something else was mounted at {} (or with other options)",
            Shown(&at)
        ))
    }
}

/// What lies in a file of this folder of /proc.
///
/// # Errors
/// The system's; InvalidData for too much.
pub(super) fn read(process: impl AsFd, name: &str) -> io::Result<Vec<u8>> {
    let file = openat(process, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::with_capacity(4096);
    // What is short comes at once; its end is a read of its own.
    while rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))? > 0 {
        if bytes.len() > MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        bytes.reserve(4096);
    }
    Ok(bytes)
}

/// What else the calling process would hand on to a program, and the kernel tells of no other process, or only to who may trace it. Its word suffices: none
/// of it opens anything, and whoever says what is not so could as well have set it.
///
/// # Errors
/// Without /proc.
pub(super) fn habits() -> io::Result<Vec<String>> {
    let of = |name: &str| Ok(format!("{name} {}", fs::read_to_string(format!("/proc/self/{name}"))?.trim()));
    let secure_bits = format!("securebits {:?}", capabilities_secure_bits()?);
    [of("personality"), of("timerslack_ns"), Ok(secure_bits)].into_iter().collect()
}

/// The first difference between such lists, in words that follow on "it".
pub(super) fn other_limit(ours: &[String], theirs: &[String]) -> Option<String> {
    let differ = ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs);
    let what = differ.map(|(ours, _)| ours.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
    (ours != theirs).then(|| format!("was started with other limits ({})", what.unwrap_or_default()))
}

/// Whether what the calling process has of seccomp filters is known: none, or those of the first process of its process namespace, of which
/// all others in it come (a container manager's). What was put on since then, the kernel tells nobody but the number of; two processes with
/// the same number need not have the same.
#[must_use]
pub fn has_known_filters() -> bool {
    let of = |process: &str| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("Seccomp:")?.to_owned(), field("Seccomp_filters:")?.to_owned()))
    };
    are_known(of("self"), || of("1"))
}

/// Mode and number, as the kernel tells them.
type Filters = Option<(String, String)>;

fn are_known(own: Filters, first: impl FnOnce() -> Filters) -> bool {
    own.is_some_and(|own| own.0 == "0" || first() == Some(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_known_where_there_are_none_or_those_of_the_first_process() {
        let filters = |mode: &str, number: &str| Some((mode.to_owned(), number.to_owned()));
        assert!(are_known(filters("0", "0"), || None));
        assert!(are_known(filters("2", "1"), || filters("2", "1")));
        for first in [None, filters("0", "0"), filters("2", "1")] {
            assert!(!are_known(filters("2", "2"), || first));
        }
        assert!(!are_known(None, || None));
    }

    #[test]
    fn a_process_has_its_own_surroundings_and_a_changed_limit_is_told() {
        let own = Surroundings::own().unwrap();
        let again = Surroundings::own().unwrap();
        assert_eq!(own, again);
        let told = |other: &Surroundings| own.difference(other, &["/".into()]);
        assert_eq!(told(&again), None);
        let mut other = Surroundings::own().unwrap();
        let names = ["Umask", "CapPrm", "SigIgn", "I/O priority", "coredump_filter", "nice value"];
        for name in names {
            let at = other.limits.iter().position(|line| line.starts_with(name)).unwrap();
            let before = std::mem::replace(&mut other.limits[at], format!("{name}: another"));
            assert!(told(&other).unwrap().contains("limits"), "{name}");
            other.limits[at] = before;
        }
        assert_eq!(told(&other), None);
        other.root.3 += 1;
        assert!(told(&other).unwrap().contains("view of files"));
        other.cgroup.push(b'x');
        other.root = own.root;
        assert!(told(&other).unwrap().contains("control group"));
        other.namespaces[3].1 += 1;
        assert!(told(&other).unwrap().contains("namespaces"));
        assert_eq!(other_limit(&habits().unwrap(), &habits().unwrap()), None);
    }
}
