//! The broker's process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use landlock::{AccessFs, PathBeneath, RulesetCreatedAttr};
use lowbox_policy::network::NetworkPolicy;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Signal, setsid};

use super::allowed::Allowed;
use super::datagrams::Relay;
use super::judge::Judge;
use super::link::Link;
use super::message::{Answer, Ask, receive, send};
use super::names;
use super::route::Routes;
use super::sockets::Maker;
use crate::launch::control::channel;
use crate::launch::rules::{abi, ruleset};
use crate::launch::spec::ContainerUser;
use crate::seccomp;
use crate::supervise::Guard;
use crate::sys::{self, Forked, Namespaces};

/// The broker, seen by lowbox, and what is for pid 1. Dropping it ends the broker, and with it the container.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) guard: Guard,
    /// For pid 1.
    pub(crate) link: Link,
    /// For pid 1's resolver.
    pub(crate) names: OwnedFd,
}

/// Where the host's resolvers and names are told; links lead into /run. Nothing else is read.
const READ: [&str; 2] = ["/etc", "/run"];

/// Forks the broker. The calling process must be single-threaded.
///
/// # Errors
/// What fork(2) and socketpair(2) report.
pub(crate) fn start(policy: &NetworkPolicy, user: &ContainerUser) -> io::Result<Broker> {
    let (ours, theirs) = channel()?;
    let (our_names, their_names) = channel()?;
    match sys::fork_into(Namespaces::NONE)? {
        Forked::Child => {
            drop((ours, our_names));
            let _ = run(policy, user, &theirs, their_names);
            sys::exit_now(1)
        }
        Forked::Parent(pid) => Ok(Broker {
            guard: Guard::new(pid),
            link: Link::new(ours, policy.loopback_ports().to_vec(), policy.accepts_anything()),
            names: our_names,
        }),
    }
}

/// Until pid 1 is gone.
fn run(
    policy: &NetworkPolicy,
    user: &ContainerUser,
    channel: &OwnedFd,
    names_channel: OwnedFd,
) -> io::Result<()> {
    sys::erase_environment();
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    sys::close_others(&[channel.as_fd(), names_channel.as_fd()])?;
    // `null` was among them.
    std::mem::forget(null);
    // It keeps no file system of the caller's busy.
    rustix::process::chdir("/")?;
    lower(user)?;
    let table = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let allowed = Allowed::new(policy.hosts(), &table);
    let judge = || Ok::<_, io::Error>(Judge { policy, allowed: &allowed, routes: Routes::open()? });
    let mut maker = Maker { judge: judge()? };
    let relay = Relay::new(judge()?)?;
    sys::install_filter(seccomp::NETWORK_BROKER, false)?;
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(128 * 1024).spawn_scoped(scope, || {
            names::serve(names_channel.as_fd(), policy, &allowed);
            // Without names there is no broker.
            sys::exit_now(1)
        })?;
        // Pid 1 is trusted with no more than the program: a message that can't be read ends all.
        while let Some((ask, file)) = receive::<Ask>(channel.as_fd())? {
            let (answer, socket) = match (ask, file) {
                (Ask::Socket(wanted), _) => maker.make(&wanted),
                (Ask::Wire, Some(wire)) => {
                    relay.add_wire(wire)?;
                    std::thread::Builder::new().stack_size(128 * 1024).spawn_scoped(scope, || {
                        let _ = relay.run();
                        sys::exit_now(1)
                    })?;
                    (Answer::Accepted, None)
                }
                (Ask::Exempt(stands_for), Some(socket)) => (told(relay.add_exempt(socket, stands_for)), None),
                (Ask::Datagrams(peer), _) => (told(relay.consider(peer)), None),
                (Ask::Serve(port), _) => (told(relay.serve(port)), None),
                (Ask::Wire | Ask::Exempt(_), None) => return Err(io::ErrorKind::InvalidData.into()),
            };
            send(channel.as_fd(), &answer, socket.as_ref().map(AsFd::as_fd))?;
        }
        sys::exit_now(0)
    })
}

/// What is told of datagrams.
fn told(done: io::Result<()>) -> Answer {
    match done {
        Ok(()) => Answer::Accepted,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Answer::Refused,
        Err(error) => Answer::Failed(error.raw_os_error().unwrap_or(libc::EIO)),
    }
}

/// Becomes the container's user with nothing else, for good.
fn lower(user: &ContainerUser) -> io::Result<()> {
    // Keys of the terminal are not for it.
    setsid()?;
    if user.launched_by_root {
        sys::drop_supplementary_groups()?;
        sys::drop_bounding_set()?;
        sys::set_ids(user.uid, user.gid)?;
    }
    sys::drop_all_capabilities()?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    // Pid 1 asks for it too, and its end closes the channel: so a death before this call is noticed as well.
    sys::set_parent_death_signal(Signal::KILL)?;
    let mut rules = ruleset(abi()).map_err(io::Error::other)?;
    let resolvers = std::fs::canonicalize("/etc/resolv.conf").ok();
    let elsewhere = resolvers.as_deref().and_then(Path::parent).filter(|folder| folder.parent().is_some());
    for path in READ.iter().map(Path::new).chain(elsewhere) {
        let Ok(folder) = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { continue };
        rules = rules.add_rule(PathBeneath::new(folder, AccessFs::ReadFile)).map_err(io::Error::other)?;
    }
    let rules = Option::<OwnedFd>::from(rules).ok_or(io::ErrorKind::Unsupported)?;
    sys::restrict_self(rules.as_fd())
}
