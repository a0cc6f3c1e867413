//! What can go wrong at a launch, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::control::Step;
use crate::host::Shown;

/// A launch that did not happen. Nothing of the program ran.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The kernel or its configuration forbids the namespaces.
    #[error("this machine does not let lowbox make the container's namespaces: {why}\n  {fix}")]
    NoNamespaces {
        /// What was refused.
        why: String,
        /// What the user can do.
        fix: &'static str,
    },
    /// A feature that isolation needs is missing.
    #[error("{feature} is missing on this kernel, and isolation needs it: {fix}")]
    MissingFeature {
        /// Which.
        feature: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// A filesystem has no id-mapped mounts.
    #[error(
        "{}: root can lend this to an unprivileged program only by an id-mapped mount, and its filesystem has none \
         ({source}); run lowbox as the files' owner instead",
        Shown(path)
    )]
    NoIdMap {
        /// The grant.
        path: PathBuf,
        /// mount_setattr(2)'s error.
        source: io::Error,
    },
    /// A user namespace for an id map could not be made.
    #[error("a user namespace for id-mapped mounts could not be made: {0}")]
    IdMapNamespace(#[source] io::Error),
    /// An object of the plan could not be opened.
    #[error("{}: {source}", Shown(path))]
    Object {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An object was replaced between plan and launch.
    #[error("{} was replaced by something else while lowbox was starting; it is not granted. Start again", Shown(.0))]
    Changed(PathBuf),
    /// A signal ended the launch.
    #[error("ended by signal {signal} before the program started")]
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// A step in the child failed.
    #[error("{}", describe(*step, path, source))]
    Step {
        /// Which.
        step: Step,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program could not be executed.
    #[error("{}: {source}{}", Shown(path), execute_hint(source))]
    Execute {
        /// The program.
        path: PathBuf,
        /// execve(2)'s error.
        source: io::Error,
    },
    /// An inherited descriptor is of a kind that reaches past the container.
    #[error(
        "descriptor {number} is of the kind `{kind}`, which a program in an AppContainer must not inherit unasked; \
         redirect it{}", lend_hint(*number, kind)
    )]
    Descriptor {
        /// 0 to 2, or one that was named.
        number: i32,
        /// What it is.
        kind: &'static str,
    },
    /// A socket is lent that is neither connected nor listening.
    #[error(
        "descriptor {number} is a socket that is neither connected nor listening: the program could bind it to an \
         address of the host; connect it, or let it listen, before it is lent"
    )]
    LooseSocket {
        /// Which.
        number: i32,
    },
    /// Pid 1 of the container ended before it could say why.
    #[error("pid 1 of the container ended before the program started")]
    InitLost,
    /// Another error of the system.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl LaunchError {
    pub(crate) fn object(path: &Path, source: io::Error) -> LaunchError {
        LaunchError::Object { path: path.to_owned(), source }
    }

    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> LaunchError {
        move |source| LaunchError::System { what, source }
    }

    /// What clone(2)'s and unshare(2)'s errors mean here (user_namespaces(7), clone(2)).
    pub(crate) fn no_namespaces(error: &io::Error) -> LaunchError {
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

    /// Whether the kernel or its configuration forbids what namespaces are made of, which `--allow-reduced` is for.
    pub fn is_about_namespaces(&self) -> bool {
        match self {
            LaunchError::NoNamespaces { .. } => true,
            // A new user namespace without rights: mounting fails in it (Ubuntu's AppArmor restriction, an outer
            // container's masked /proc).
            LaunchError::Step {
                step: Step::Root | Step::Proc | Step::Identity | Step::Network,
                source,
                ..
            } => {
                matches!(source.raw_os_error(), Some(libc::EPERM | libc::EACCES))
            }
            _ => false,
        }
    }

    /// The exit code of `lowbox run`: 127 for a program that is not there, 126 for one that can't be run, 128+n for signal n,
    /// else 125.
    pub fn exit_code(&self) -> u8 {
        match self {
            LaunchError::Execute { source, .. } if source.raw_os_error() == Some(libc::ENOENT) => 127,
            LaunchError::Execute { .. } => 126,
            LaunchError::Interrupted { signal } => u8::try_from(128 + signal).unwrap_or(125),
            _ => 125,
        }
    }
}

/// Only some kinds can be lent at all.
fn lend_hint(number: i32, kind: &str) -> String {
    match kind {
        "file" | "pipe" | "terminal" | "null" | "socket" => format!(", or lend it with --fd {number}:{kind}"),
        _ => String::new(),
    }
}

fn execute_hint(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::ENOENT) => {
            " (the program or the interpreter in its first line is not visible inside; grant it with --grant PATH:rx)"
        }
        Some(libc::EACCES) => " (it may be read but not executed; grant it with --grant PATH:rx)",
        Some(libc::E2BIG) => " (the arguments are too long for this system)",
        _ => "",
    }
}

fn describe(step: Step, path: &Path, source: &io::Error) -> String {
    let path = Shown(path);
    let errno = source.raw_os_error();
    match step {
        Step::Identity => format!("the container's user could not be taken on: {source}"),
        Step::Root => format!("the private root could not be made ({path}): {source}"),
        Step::Bind => format!("{path} could not be made visible: {source}"),
        Step::Changed => {
            format!("{path} was replaced by something else while lowbox was starting; start again")
        }
        Step::Proc if errno == Some(libc::EPERM) => format!(
            "/proc could not be mounted: {source}. An outer container hides parts of its own /proc, so the kernel refuses \
             a new one; run the outer container with an unmasked /proc, or use --allow-reduced"
        ),
        Step::Proc => format!("/proc could not be made ({path}): {source}"),
        Step::Dev => format!("/dev could not be made ({path}): {source}"),
        Step::NamespaceLimits => {
            format!("the user namespace's limits could not be lowered ({path}): {source}")
        }
        Step::Limits => format!("the limits could not be set: {source}"),
        Step::Landlock => format!("the Landlock rules could not be set ({path}): {source}"),
        Step::Seccomp if errno == Some(libc::EBUSY) => format!(
            "the seccomp filter could not be installed: {source}. Whatever started lowbox supervises system calls \
             itself, and the kernel allows one supervisor; start lowbox outside of it"
        ),
        Step::Seccomp => format!("the seccomp filter could not be installed: {source}"),
        Step::Capabilities => format!("capabilities could not be dropped: {source}"),
        Step::WorkingDirectory => format!("the working folder {path} can't be entered inside: {source}"),
        Step::Fork => format!("the program's process could not be started: {source}"),
        Step::Execute => format!("{path}: {source}"),
        Step::Prefix => format!(
            "the prefix of the Windows program could not be mounted ({path}): {source}. A program may have damaged it: remove the folder WineChanges \
             beside it, and what the package changed on C: and in its registry goes with it"
        ),
        Step::Network => format!("the container's own network could not be entered: {source}"),
        Step::Display => format!("the program's display could not be made: {source}"),
    }
}
