//! Namespaces, as far as mounts in them: a clone(2) that succeeds says little, because security modules take the
//! capabilities away afterwards.

use std::os::fd::AsFd;

use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use rustix::thread::UnshareFlags;

use super::Item;
use super::probe::{IDENTITY, Outcome, Step, in_namespaces, setting};
use crate::host::user::HostUser;
use crate::sys::Namespaces;

const APPARMOR: &str = "kernel.apparmor_restrict_unprivileged_userns";

/// A mount in a new user namespace.
pub(super) fn user_namespaces(host: &HostUser) -> Item {
    const NAME: &str = "user namespaces";
    let restricted =
        setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").is_some_and(|value| value == "1");
    let apparmor_fix = format!(
        "give lowbox an AppArmor profile with `userns,`, or set {APPARMOR}=0 with sysctl; `lowbox run --allow-reduced` does \
         without"
    );
    match in_namespaces(Namespaces::USER_AND_MOUNT, host, || mounted("tmpfs", 1)) {
        Outcome::Works if restricted => {
            Item::ok(NAME, format!("a mount in a new one works, although {APPARMOR} is set"))
        }
        Outcome::Works => Item::ok(NAME, "a mount in a new one works"),
        Outcome::NoChild(error) => match error.raw_os_error() {
            Some(libc::ENOSPC) => Item::missing(
                NAME,
                "the limit of user namespaces is reached or zero (ENOSPC)",
                "raise user.max_user_namespaces with sysctl, or end other containers",
            ),
            Some(libc::EUSERS) => Item::missing(
                NAME,
                "user namespaces are nested too deeply (EUSERS)",
                "start lowbox outside of other containers",
            ),
            Some(libc::EACCES) => Item::missing(NAME, "a security module denies them (EACCES)", apparmor_fix),
            Some(libc::EPERM) => Item::missing(
                NAME,
                "they are forbidden by policy (EPERM)",
                "set kernel.unprivileged_userns_clone=1 with sysctl where that exists; inside another container, let its \
                 seccomp profile allow clone with CLONE_NEWUSER",
            ),
            _ => Item::missing(NAME, format!("none can be made: {error}"), "see user_namespaces(7)"),
        },
        Outcome::Failed(IDENTITY, error) => Item::missing(
            NAME,
            format!("the ids can't be mapped in a new one: {error}"),
            if restricted {
                apparmor_fix
            } else {
                "see user_namespaces(7) on uid_map; is lowbox itself confined?".to_owned()
            },
        ),
        Outcome::Failed(_, error) if restricted => Item::missing(
            NAME,
            format!("one can be made, but AppArmor takes its capabilities away ({APPARMOR} is set): {error}"),
            apparmor_fix,
        ),
        Outcome::Failed(_, error) => Item::missing(
            NAME,
            format!("one can be made, but nothing mounted in it: {error}"),
            "a security module or an outer container denies mounts; look into its log",
        ),
    }
}

/// The other six, each on its own so that the one that fails has a name.
pub(super) fn each(host: &HostUser) -> Item {
    const NAME: &str = "namespaces";
    const ALL: [(&str, UnshareFlags); 6] = [
        ("mount", UnshareFlags::NEWNS),
        ("pid", UnshareFlags::NEWPID),
        ("ipc", UnshareFlags::NEWIPC),
        ("uts", UnshareFlags::NEWUTS),
        ("net", UnshareFlags::NEWNET),
        ("cgroup", UnshareFlags::NEWCGROUP),
    ];
    let failed: Vec<String> = ALL
        .into_iter()
        .filter_map(|(name, flag)| match in_namespaces(Namespaces::USER, host, || unshare(flag)) {
            Outcome::Works => None,
            Outcome::NoChild(error) | Outcome::Failed(_, error) => Some(format!("{name} ({error})")),
        })
        .collect();
    if !failed.is_empty() {
        return Item::missing(
            NAME,
            format!("can't be made: {}", failed.join(", ")),
            "compare user.max_*_namespaces with sysctl, the kernel's CONFIG_*_NS, and what an outer container allows",
        );
    }
    match in_namespaces(Namespaces::ALL, host, || Ok(())) {
        Outcome::Works => Item::ok(NAME, "user, mount, pid, ipc, uts, net and cgroup, all at once"),
        Outcome::NoChild(error) | Outcome::Failed(_, error) => Item::missing(
            NAME,
            format!("each can be made, but not all seven at once: {error}"),
            "raise user.max_*_namespaces with sysctl",
        ),
    }
}

/// unshare(2) in a child that shares no descriptor table, so what makes it unsafe elsewhere (CLONE_FILES) is not in play.
#[allow(
    deprecated,
    reason = "the replacement is an unsafe function, for the sake of a flag that is not used here"
)]
fn unshare(flag: UnshareFlags) -> Result<(), Step> {
    rustix::thread::unshare(flag).map_err(|error| (1, error))
}

/// proc, mounted in a new pid namespace.
pub(super) fn proc_mount(host: &HostUser) -> Item {
    const NAME: &str = "private /proc";
    match in_namespaces(Namespaces::ALL, host, || mounted("proc", 1)) {
        Outcome::Works => Item::ok(
            NAME,
            "proc can be mounted in a new pid namespace: programs see their own processes only",
        ),
        Outcome::NoChild(error) | Outcome::Failed(IDENTITY, error) => Item::missing(
            NAME,
            format!("can't be tried without namespaces: {error}"),
            "see the namespaces above",
        ),
        Outcome::Failed(_, error) => Item::missing(
            NAME,
            format!("proc can't be mounted in a new pid namespace: {error}"),
            "where parts of the outer /proc are covered (see below) the kernel refuses a new one: run the outer container \
             with an unmasked /proc (docker: --security-opt systempaths=unconfined), or use --allow-reduced",
        ),
    }
}

/// What covers parts of the /proc that lowbox sees: the kernel then refuses a fresh one, which would uncover them.
pub(super) fn outer_proc() -> Item {
    const NAME: &str = "outer /proc";
    let Some(text) = setting("/proc/self/mountinfo") else {
        return Item::missing(
            NAME,
            "/proc is not mounted here",
            "mount it: lowbox reads it, and makes containers a fresh one",
        );
    };
    let covered = covered(&text);
    if covered.is_empty() {
        return Item::ok(NAME, "no part of it is covered");
    }
    Item::reduced(
        NAME,
        format!("an outer container covers {}", covered.join(", ")),
        "if proc can't be mounted (see above), this is why; ask for an unmasked /proc",
    )
}

/// Mount points beneath /proc, but for those that cover an empty place (binfmt_misc), in mountinfo's text (proc(5)).
fn covered(mountinfo: &str) -> Vec<String> {
    mountinfo
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|place| place.starts_with("/proc/") && *place != "/proc/sys/fs/binfmt_misc")
        .map(str::to_owned)
        .collect()
}

/// Makes a mount of that type, which goes with the child.
fn mounted(kind: &str, step: u8) -> Result<(), Step> {
    let mount = || {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(context.as_fd())?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    mount().map(drop).map_err(|error| (step, error))
}

#[cfg(test)]
mod tests {
    use super::covered;

    #[test]
    fn what_an_outer_container_covers_is_told_from_what_is_empty_anyway() {
        let text = "22 1 0:20 / /proc rw - proc proc rw\n\
            23 22 0:21 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n\
            24 22 0:22 / /proc/kcore rw - tmpfs tmpfs rw\n\
            25 22 0:20 /sys /proc/sys ro - proc proc rw\n\
            26 1 0:23 / /process rw - tmpfs tmpfs rw\n";
        assert_eq!(covered(text), ["/proc/kcore", "/proc/sys"]);
    }
}
