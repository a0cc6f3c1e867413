//! Landlock, seccomp, and what the kernel is set to do with processes and their dumps.

use landlock::{ABI, Access, AccessFs, Ruleset, RulesetAttr};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use super::Item;
use super::probe::{Outcome, in_child, setting};
use crate::launch::MINIMAL_LANDLOCK_ABI;
use crate::seccomp::Instruction;
use crate::sys;

/// What each version of Landlock's interface added (landlock(7)).
const LEVELS: [(u32, &str); 7] = [
    (1, "files and folders"),
    (2, "moving files between folders"),
    (3, "truncating files"),
    (4, "TCP ports"),
    (5, "ioctl on devices"),
    (6, "signals and abstract sockets"),
    (7, "a log of denials"),
];

/// The highest version that adds something to isolation.
const FULL_ABI: u32 = 6;

/// Enforces an empty ruleset in a child, which then must not be able to list `/`.
pub(super) fn landlock() -> Item {
    const NAME: &str = "Landlock";
    let abi = sys::landlock_abi();
    if abi == 0 {
        return Item::missing(
            NAME,
            "this kernel has none, or it is not enabled",
            "boot Linux 6.2 or newer with CONFIG_SECURITY_LANDLOCK, and add landlock to the kernel parameter lsm=",
        );
    }
    let outcome = in_child(|| {
        rustix::thread::set_no_new_privs(true).map_err(|error| (1, error))?;
        let restricted = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V1))
            .and_then(Ruleset::create)
            .and_then(landlock::RulesetCreated::restrict_self);
        restricted.map_err(|_| (2, Errno::NOTSUP))?;
        match open("/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::ACCESS) => Ok(()),
            Err(error) => Err((3, error)),
            Ok(_) => Err((3, Errno::NOTSUP)),
        }
    });
    if let Outcome::NoChild(error) | Outcome::Failed(_, error) = outcome {
        return Item::missing(
            NAME,
            format!("ABI {abi} is announced, but a ruleset that allows nothing did not bind: {error}"),
            "is lowbox run under an emulator or another sandbox? Start it outside",
        );
    }
    let names = |wanted: &dyn Fn(u32) -> bool| -> String {
        let names: Vec<&str> =
            LEVELS.iter().filter(|(level, _)| wanted(*level)).map(|(_, name)| *name).collect();
        names.join(", ")
    };
    let has = format!("ABI {abi}: {}", names(&|level| level <= abi));
    let lacks = names(&|level| level > abi && level <= FULL_ABI);
    if abi < MINIMAL_LANDLOCK_ABI {
        Item::missing(
            NAME,
            format!("{has}; without {lacks}, which isolation needs"),
            "boot Linux 6.2 or newer",
        )
    } else if abi < FULL_ABI {
        Item::reduced(
            NAME,
            format!("{has}; without {lacks}, which other layers (namespaces, seccomp, mounts) keep alone"),
            "boot Linux 6.12 or newer for a second layer there",
        )
    } else {
        Item::ok(NAME, has)
    }
}

/// A filter that allows everything, with a listener.
pub(super) fn seccomp() -> Item {
    const NAME: &str = "seccomp";
    if !sys::filter_supports_listener() {
        return Item::missing(
            NAME,
            "this kernel has no filters with user notification",
            "boot a kernel with CONFIG_SECCOMP_FILTER, Linux 5.0 or newer",
        );
    }
    /// BPF_RET | BPF_K (linux/bpf_common.h).
    const RETURN: u16 = 0x06;
    let outcome = in_child(|| {
        rustix::thread::set_no_new_privs(true).map_err(|error| (1, error))?;
        let allow = Instruction { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW };
        match sys::install_filter(&[allow], true) {
            Ok(_) => Ok(()),
            Err(error) => Err((2, Errno::from_io_error(&error).unwrap_or(Errno::IO))),
        }
    });
    match outcome {
        Outcome::Works => Item::ok(NAME, "a filter with a listener can be installed"),
        Outcome::NoChild(error) => {
            Item::missing(NAME, format!("no process to try it in: {error}"), "end other processes")
        }
        Outcome::Failed(_, error) => match error.raw_os_error() {
            Some(libc::EBUSY) => Item::missing(
                NAME,
                "whatever started lowbox supervises system calls itself, and the kernel allows one supervisor (EBUSY)",
                "start lowbox outside of it, or use --allow-reduced",
            ),
            Some(libc::EINVAL) => Item::missing(
                NAME,
                "the kernel does not know listeners that only a fatal signal interrupts (EINVAL)",
                "boot Linux 5.19 or newer",
            ),
            _ => Item::missing(
                NAME,
                format!("no filter with a listener can be installed: {error}"),
                "see seccomp(2)",
            ),
        },
    }
}

/// Yama's scope: pid 1 of a container reads the arguments of the program's calls.
pub(super) fn ptrace_scope() -> Item {
    const NAME: &str = "ptrace scope";
    match setting("/proc/sys/kernel/yama/ptrace_scope").as_deref() {
        None => Item::ok(NAME, "Yama is not enabled; containers have processes of their own"),
        Some(scope @ ("0" | "1")) => Item::ok(
            NAME,
            format!("kernel.yama.ptrace_scope is {scope}: lowbox may read the calls of its own programs"),
        ),
        Some(scope) => Item::reduced(
            NAME,
            format!(
                "kernel.yama.ptrace_scope is {scope}: lowbox can't read its programs' calls, so `run -v` tells no denials and \
                 sockets that are granted can't be connected to"
            ),
            "set kernel.yama.ptrace_scope to 1 with sysctl, if that is your choice to make",
        ),
    }
}

/// Where dumps go.
pub(super) fn core_dumps() -> Item {
    const NAME: &str = "core dumps";
    match setting("/proc/sys/kernel/core_pattern") {
        Some(pattern) if pattern.starts_with('|') => Item::ok(
            NAME,
            format!(
                "go to a program of the host ({}); lowbox turns them off inside, so that no program feeds it",
                pattern.trim_start_matches('|').split(' ').next().unwrap_or_default()
            ),
        ),
        _ => Item::ok(NAME, "go to files; lowbox turns them off inside"),
    }
}
