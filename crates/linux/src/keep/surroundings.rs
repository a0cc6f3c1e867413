//! What a process inherits from the one that starts it, without anybody having said so: a program that joins a container gets the keeper's.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

/// What decides on what a program of the calling process reaches and may use up, beside its command line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Surroundings {
    /// Device and inode of each namespace, and of the root folder.
    namespaces: Vec<(u64, u64)>,
    /// proc_pid_cgroup(5).
    cgroup: String,
    /// What else the kernel keeps of it, line by line.
    limits: Vec<String>,
}

/// namespaces(7); that of time for children decides for programs.
const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time_for_children", "user", "uts"];
/// Lines of proc_pid_status(5).
const STATUS: [&str; 7] =
    ["Umask:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "Cpus_allowed:", "Mems_allowed:", "CapBnd:"];
/// Fields of proc_pid_stat(5) after the name: nice value, real-time priority, policy.
const STAT: [usize; 3] = [16, 37, 38];

impl Surroundings {
    /// Those of the calling process.
    ///
    /// # Errors
    /// Without /proc.
    pub(super) fn own() -> io::Result<Surroundings> {
        let mut namespaces = Vec::with_capacity(NAMESPACES.len() + 1);
        for name in NAMESPACES {
            // A kernel without a kind of namespaces has one of it.
            match fs::metadata(format!("/proc/self/ns/{name}")) {
                Ok(found) => namespaces.push((found.dev(), found.ino())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => namespaces.push((0, 0)),
                Err(error) => return Err(error),
            }
        }
        let root = fs::metadata("/")?;
        namespaces.push((root.dev(), root.ino()));
        let status = fs::read_to_string("/proc/self/status")?;
        let of_status = status.lines().filter(|line| STATUS.iter().any(|name| line.starts_with(name)));
        let mut limits: Vec<String> = of_status.map(str::to_owned).collect();
        limits.extend(fs::read_to_string("/proc/self/limits")?.lines().map(str::to_owned));
        limits.push(fs::read_to_string("/proc/self/oom_score_adj")?);
        let stat = fs::read_to_string("/proc/self/stat")?;
        let fields: Vec<&str> =
            stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
        limits.extend(STAT.iter().map(|at| fields.get(*at).copied().unwrap_or_default().to_owned()));
        // AppArmor's or SELinux' word for it, where there is one.
        limits.extend(fs::read_to_string("/proc/self/attr/current"));
        Ok(Surroundings { namespaces, cgroup: fs::read_to_string("/proc/self/cgroup")?, limits })
    }

    /// What `theirs` has otherwise, in words that follow on "it".
    pub(super) fn difference(&self, theirs: &Surroundings) -> Option<String> {
        if self.namespaces != theirs.namespaces {
            return Some(
                "was started in other namespaces (another network, or another view of files)".into(),
            );
        }
        if self.cgroup != theirs.cgroup {
            return Some("was started in another control group (another session, unit or container)".into());
        }
        let differ = self.limits.iter().zip(&theirs.limits).find(|(ours, theirs)| ours != theirs);
        let what = differ.map(|(ours, _)| ours.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
        (self.limits != theirs.limits)
            .then(|| format!("was started with other limits ({})", what.unwrap_or_default()))
    }
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
        assert_eq!(own.difference(&again), None);
        let mut other = Surroundings::own().unwrap();
        let line = other.limits.iter_mut().find(|line| line.starts_with("Umask")).unwrap();
        *line = "Umask:\t0777".to_owned();
        assert!(own.difference(&other).unwrap().contains("Umask"));
        other.cgroup.push('x');
        assert!(own.difference(&other).unwrap().contains("control group"));
        other.namespaces[3].1 += 1;
        assert!(own.difference(&other).unwrap().contains("namespaces"));
    }
}
