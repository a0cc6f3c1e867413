//! `--allow-reduced`: a launch without namespaces, where the kernel forbids them.
//!
//! Landlock on the real tree, and a stricter list of system calls. What is lost is in [`LOST`], and the user is told. There
//! is no private root, so what Landlock does not know is refused by the filter: sockets, metadata changes, shared memory.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use landlock::{PathBeneath, RulesetCreatedAttr};
use lowbox_policy::{FsRights, NodeKind};
use rustix::fs::CWD;
use rustix::process::{chdir, getpid, getppid};

use super::control::Step;
use super::error::LaunchError;
use super::pin::pin;
use super::pipes::{self, Relay};
use super::program::{self, Program};
use super::rules::{PRIVATE, abi, access, ruleset};
use super::spec::Spec;
use super::view::View;
use crate::limits;
use crate::seccomp;
use crate::supervise::reduced::ReducedContainer;
use crate::supervise::{SavedTerminal, lend_no_keyboard_in_background};
use crate::sys;

/// What a program without namespaces can do that one with them can't, in sentences for the user.
pub const LOST: [&str; 6] = [
    "names, sizes, times and links of files that are not granted can be looked up (their content can't be read)",
    "the program shares the host's process ids: it can see which exist, not look into them",
    "a file that may be read may also be mapped as code",
    "there are no sockets but pairs of the program's own, and modes, owners and times of files can't be changed, in granted folders too",
    "/proc, /tmp and /dev/shm are not there; temporary files go to the package's own folder (TMPDIR)",
    "if lowbox itself is killed by signal 9, processes that the program started may go on, as confined as before",
];

/// The scope for signals came with ABI 6, and without a pid namespace nothing else keeps signals in.
pub const MINIMAL_LANDLOCK_ABI: u32 = 6;

/// Starts `spec`'s program under Landlock and seccomp alone.
///
/// # Errors
/// [`LaunchError`]: as for a full launch; also for root, whose programs would be root without a user namespace.
pub fn launch_reduced(spec: &Spec) -> Result<ReducedContainer, LaunchError> {
    if spec.user.launched_by_root {
        return Err(LaunchError::MissingFeature {
            feature: "a user namespace, without which root's program would be root,",
            fix: "run lowbox as an ordinary user",
        });
    }
    if spec.wine.is_some() {
        return Err(LaunchError::MissingFeature {
            feature: "a mount namespace, in which a Windows program has its prefix,",
            fix: "allow user namespaces",
        });
    }
    if sys::landlock_abi() < MINIMAL_LANDLOCK_ABI {
        return Err(LaunchError::MissingFeature {
            feature: "Landlock with scoped signals (ABI 6, Linux 6.12)",
            fix: "boot a newer kernel, or allow user namespaces",
        });
    }
    if !crate::supervise::reduced::sees_children() {
        return Err(LaunchError::MissingFeature {
            feature: "a readable list of its children in /proc",
            fix: "mount /proc; without it what the program leaves behind could not be ended",
        });
    }
    let spec = &without_private_mounts(spec);
    let view = View { rules: Some(rules(spec)?), connectable: Vec::new() };
    let filter = seccomp::filter(seccomp::Mode {
        deny_xattr_reads: spec.plan.deny_xattr_reads,
        deny_watches: spec.plan.deny_watches,
        reduced: true,
        ..seccomp::Mode::default()
    });
    sys::notice_children();
    lend_no_keyboard_in_background(&spec.extra_descriptors).map_err(LaunchError::system("the terminal"))?;
    let terminal = SavedTerminal::save(&spec.extra_descriptors);
    sys::become_subreaper().map_err(LaunchError::system("becoming the reaper of the program's children"))?;
    let directory = CString::new(spec.working_directory.as_os_str().as_bytes())
        .map_err(|error| LaunchError::System { what: "the working folder", source: error.into() })?;
    let lowbox = getpid();
    // The child has lowbox's table of descriptors until it executes the program.
    let relays =
        pipes::make(spec.user.uid, false, &spec.lent_pipes).map_err(LaunchError::system("a pipe"))?;
    relays.iter().try_for_each(Relay::put_in_place).map_err(LaunchError::system("a pipe"))?;
    // A child of its own sets what must not hold for lowbox, then becomes the program.
    let spawned = program::start_with(spec, &view, filter, false, &mut || {
        limits::apply(&spec.limits, false).map_err(|error| (Step::Limits, errno(&error)))?;
        chdir(directory.as_c_str()).map_err(|error| (Step::WorkingDirectory, error.raw_os_error()))?;
        sys::set_parent_death_signal(rustix::process::Signal::KILL)
            .map_err(|error| (Step::Identity, errno(&error)))?;
        // It may have died before this process asked to be told.
        if getppid() != Some(lowbox) {
            return Err((Step::Fork, libc::ESRCH));
        }
        rustix::thread::set_no_new_privs(true).map_err(|error| (Step::Capabilities, error.raw_os_error()))
    });
    let put_back = relays.iter().try_for_each(Relay::put_back);
    let Program { pid, .. } = spawned.map_err(|failure| {
        let source = std::io::Error::from_raw_os_error(failure.errno);
        match failure.step {
            Step::Execute => LaunchError::Execute { path: failure.path, source },
            step => LaunchError::Step { step, path: failure.path, source },
        }
    })?;
    let container = ReducedContainer::new(pid, terminal, relays);
    // Without its own descriptors lowbox does not go on, nor does the program.
    put_back.map_err(LaunchError::system("a pipe"))?;
    Ok(container)
}

/// The folders that only a private root has are not there: temporary files go where they lie on the host.
fn without_private_mounts(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    spec.environment.retain(|(name, _)| name != "XDG_RUNTIME_DIR" && name != "TMPDIR");
    if spec.display.take().is_some() {
        spec.environment.retain(|(name, _)| name != "DISPLAY" && name != "XAUTHORITY");
    }
    let temp = spec.data.as_ref().map(|data| data.temp_state.clone().into());
    spec.environment.extend(temp.map(|temp| ("TMPDIR".into(), temp)));
    spec
}

fn errno(error: &std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn rules(spec: &Spec) -> Result<OwnedFd, LaunchError> {
    let abi = abi();
    let failed = |error: landlock::RulesetError| LaunchError::System {
        what: "the Landlock rules",
        source: std::io::Error::other(error),
    };
    let mut ruleset = ruleset(abi).map_err(failed)?;
    let mut add = |path: &Path, rights: FsRights, planned| -> Result<(), LaunchError> {
        let pinned = pin(CWD, path)?;
        let pinned = match planned {
            Some(id) => pinned.expect_same(path, id)?,
            None => pinned,
        };
        let access = access(abi, rights, pinned.id.kind == NodeKind::Dir);
        if !access.is_empty() {
            (&mut ruleset).add_rule(PathBeneath::new(pinned.fd.as_fd(), access)).map_err(failed)?;
        }
        Ok(())
    };
    for bind in spec.plan.binds.iter().filter(|bind| bind.id.kind != NodeKind::Socket) {
        add(&bind.path, bind.rights, Some(bind.id))?;
    }
    spec.data.as_ref().map(|data| add(&data.temp_state, PRIVATE, None)).transpose()?;
    Option::<OwnedFd>::from(ruleset).ok_or(LaunchError::InitLost)
}
