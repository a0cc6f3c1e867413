//! From a plan to a running program.
//!
//! [`launch`] forks pid 1 of the container into seven new namespaces in one clone(2); pid 1 (see `init`) builds the view,
//! gives everything up that the program shall not have, and starts it.

pub(crate) mod control;
mod error;
pub(crate) mod failure;
pub(crate) mod idmap;
pub(crate) mod pin;
pub(crate) mod program;
mod reduced;
mod rules;
pub(crate) mod spec;
pub(crate) mod stdio;
pub(crate) mod stopwatch;
pub(crate) mod view;

use std::io;
use std::os::fd::AsFd;

use rustix::process::Pid;

pub use control::Step;
pub use error::LaunchError;
pub use reduced::{LOST, launch_reduced};
pub use spec::{ContainerUser, PackageData, Spec};
pub use stdio::{DescriptorKind, NamedDescriptor, check_descriptors};

use crate::init::{self, Inheritance};
use crate::limits::{Cgroup, CgroupError, raise_descriptor_limit};
use crate::seccomp;
use crate::supervise::{Container, Watch};
use crate::sys::{self, Forked, Namespaces};
use control::{Order, Report};

/// Starts `spec`'s program in a container of its own. Returns once the program executes.
///
/// The calling process must be single-threaded. The signals that [`Container::supervise`] forwards are blocked from here on,
/// so that none is lost between the program's start and lowbox's staying beside it.
///
/// # Errors
/// [`LaunchError`]; then nothing of the program ran and nothing is left running.
pub fn launch(spec: &Spec) -> Result<Container, LaunchError> {
    sys::notice_children();
    assert!(spec.user.uid != 0 && spec.user.gid != 0, "host root is never mapped");
    if sys::landlock_abi() < MINIMAL_LANDLOCK_ABI {
        return Err(LaunchError::MissingFeature {
            feature: "Landlock with the right to truncate (ABI 3, Linux 6.2)",
            fix: "boot a newer kernel, or add landlock to the kernel parameter lsm=",
        });
    }
    if !sys::filter_supports_listener() {
        return Err(LaunchError::MissingFeature {
            feature: "seccomp user notification (Linux 5.0)",
            fix: "boot a newer kernel with CONFIG_SECCOMP_FILTER",
        });
    }
    let mut stopwatch = stopwatch::Stopwatch::start(spec.timings);
    let mode = seccomp::Mode {
        observe: spec.observe,
        deny_xattr_reads: spec.plan.deny_xattr_reads,
        deny_watches: spec.plan.deny_watches,
        reduced: false,
    };
    let filter = seccomp::filter(mode);
    let descriptor_limit = spec.user.launched_by_root.then(raise_descriptor_limit);
    let mapped = if spec.user.launched_by_root { idmap::clone_personal(spec)? } else { idmap::Mapped::new() };
    let (cgroup, cgroup_error) = delegated_cgroup(spec);
    let (ours, theirs) = control::channel().map_err(LaunchError::system("a socket pair"))?;
    let inheritance = Inheritance {
        spec,
        mapped,
        filter,
        control: theirs,
        memory_by_cgroup: cgroup.is_some(),
        descriptor_limit,
    };
    stopwatch.lap("id-mapped mounts, cgroup, control channel");
    let init_waits = inheritance.waits_for_lowbox();
    let watch = Watch::begin()?;
    let init = match sys::fork_into(Namespaces::ALL) {
        Ok(Forked::Child) => {
            // The other end must close with lowbox alone.
            drop(ours);
            drop(watch);
            init::run(inheritance)
        }
        Ok(Forked::Parent(pid)) => pid,
        Err(error) => return Err(no_namespaces(&error)),
    };
    drop(inheritance);
    stopwatch.lap("clone with seven namespaces");
    let mut container = Container::new(init, ours, cgroup, cgroup_error, watch);
    container.join_cgroup()?;
    if spec.user.launched_by_root {
        write_id_maps(init, &spec.user).map_err(LaunchError::system("the container's id maps"))?;
    }
    if init_waits {
        Order::Go.send(container.control().as_fd()).map_err(|_| LaunchError::InitLost)?;
    }
    let mut report = container.report()?;
    if let Some(Report::Laps(laps)) = report {
        stopwatch.extend(laps);
        report = container.report()?;
    }
    match report {
        Some(Report::Started) => {
            container.set_laps(stopwatch.laps().to_vec());
            Ok(container)
        }
        Some(Report::Failed { step: Step::Execute, path, errno }) => {
            Err(LaunchError::Execute { path, source: io::Error::from_raw_os_error(errno) })
        }
        Some(Report::Failed { step, path, errno }) => {
            Err(LaunchError::Step { step, path, source: io::Error::from_raw_os_error(errno) })
        }
        _ => Err(LaunchError::InitLost),
    }
}

/// TRUNCATE came with ABI 3; without it a file that may be written can't be kept from being emptied.
pub const MINIMAL_LANDLOCK_ABI: u32 = 3;

/// A cgroup for the limits that only it can hold exactly, where the user's is delegated.
fn delegated_cgroup(spec: &Spec) -> (Option<Cgroup>, Option<CgroupError>) {
    if spec.limits.memory.is_none() {
        return (None, None);
    }
    match Cgroup::create(&spec.limits) {
        Ok(group) => (Some(group), None),
        Err(error) => (None, Some(error)),
    }
}

/// Gives pid 1 its user: exactly one uid and one gid.
fn write_id_maps(init: Pid, user: &ContainerUser) -> io::Result<()> {
    idmap::write_map(init, "uid_map", user.uid, user.uid)?;
    idmap::write_map(init, "gid_map", user.gid, user.gid)
}

/// What clone(2)'s errors mean here (user_namespaces(7), clone(2)).
fn no_namespaces(error: &io::Error) -> LaunchError {
    let (why, fix) = match error.raw_os_error() {
        Some(libc::ENOSPC) => (
            "the limit of namespaces is reached (ENOSPC)",
            "raise user.max_user_namespaces and its neighbours (sysctl), or end other containers",
        ),
        Some(libc::EUSERS) => {
            ("user namespaces are nested too deeply (EUSERS)", "start lowbox outside of other containers")
        }
        Some(libc::EACCES) => (
            "a security module denies user namespaces (EACCES)",
            "allow them for lowbox (on Ubuntu: an AppArmor profile with `userns,`), or use --allow-reduced",
        ),
        Some(libc::EPERM) => (
            "user namespaces are forbidden (EPERM)",
            "allow them (sysctl kernel.unprivileged_userns_clone=1, or the outer container's seccomp profile), or use --allow-reduced",
        ),
        _ => {
            return LaunchError::System {
                what: "the container's namespaces",
                source: io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(0)),
            };
        }
    };
    LaunchError::NoNamespaces { why: why.to_owned(), fix }
}
