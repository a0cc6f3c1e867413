//! A container before its program.
//!
//! Its namespaces, an empty root, `/dev` and `/proc` are the same whatever the program may touch. So pid 1 is started
//! first and makes them while lowbox plans, on another processor if there is one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use lowbox_policy::network::NetworkPolicy;
use rustix::net::{Shutdown, shutdown};
use rustix::process::Pid;

use super::control::{self, Order, Report, Step};
use super::descriptors::unless_gone;
use super::error::LaunchError;
use super::handoff::Handoff;
use super::pipes::{self, Relay};
use super::processors::Processors;
use super::pty::{self, Pty};
use super::spec::{ContainerUser, Spec};
use super::stopwatch::Stopwatch;
use super::{idmap, lend, network};
use crate::broker::grantor::{self, Grantor};
use crate::display::{Display, Keeper};
use crate::init::{self, Inheritance};
use crate::limits::{Cgroup, CgroupError, raise_descriptor_limit};
use crate::supervise::{
    Container, Guard, OwnTerminal, Parts, SavedTerminal, TerminalGate, Watch, lend_no_keyboard_in_background,
};
use crate::sys::{self, Forked, Namespaces};

/// What has to be known before the plan is.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Who the program is going to be.
    pub user: ContainerUser,
    /// Bytes of the temporary folders; `None` for the default.
    pub temporary_bytes: Option<u64>,
    /// Descriptors beyond 0–2 that the program is going to inherit.
    pub named_descriptors: Vec<i32>,
    /// Pipes among 0–2 that are lent as they are, and not carried.
    pub lent_pipes: Vec<i32>,
    /// The user may be asked while the program runs.
    pub asks: bool,
    /// Give the program a terminal of its own in place of the caller's, and let its bytes pass this gate.
    pub terminal: Option<TerminalGate>,
    /// Descriptors that are lowbox's alone, and pid 1's neither.
    pub private_descriptors: Vec<i32>,
    /// Time the steps of the launch.
    pub timings: bool,
    /// What of the host's networks is open, if anything is.
    pub network: Option<NetworkPolicy>,
    /// A display of its own.
    pub display: Option<Display>,
}

/// Pid 1 in its namespaces, at work. Dropping it ends it.
#[derive(Debug)]
pub struct Groundwork {
    user: ContainerUser,
    init: Guard,
    broker: Option<Guard>,
    display: Option<Keeper>,
    /// Pid 1's user namespace, to which the network is going to belong.
    namespace: OwnedFd,
    control: OwnedFd,
    terminal: SavedTerminal,
    relays: Vec<Relay>,
    asked: Option<Asked>,
    own: Option<OwnTerminal>,
    stopwatch: Stopwatch,
}

/// What it takes to ask while the program runs.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Pid 1 tells here what is touched.
    pub(crate) touches: OwnedFd,
    pub(crate) grantor: Grantor,
}

impl Groundwork {
    /// Starts pid 1. The calling process must be single-threaded, and what it has as descriptors now is what the program can
    /// inherit.
    ///
    /// # Errors
    /// [`LaunchError`]; nothing is left running then.
    pub fn begin(ground: Ground) -> Result<Groundwork, LaunchError> {
        assert!(ground.user.uid != 0 && ground.user.gid != 0, "host root is never mapped");
        check_kernel()?;
        sys::notice_children();
        let named = &ground.named_descriptors;
        lend_no_keyboard_in_background(named).map_err(LaunchError::system("the terminal"))?;
        let terminal = SavedTerminal::save(named);
        let channel = || control::channel().map_err(LaunchError::system("a socket pair"));
        let relays = pipes::make(ground.user.uid, ground.terminal.is_some(), &ground.lent_pipes)
            .map_err(LaunchError::system("a pipe"))?;
        let broker = ground.network.as_ref().map(|policy| crate::network::start(policy, &ground.user));
        let broker = broker.transpose().map_err(LaunchError::system("the network broker"))?;
        let (broker, network) = broker.map(|broker| (broker.guard, (broker.link, broker.names))).unzip();
        let display = ground
            .display
            .as_ref()
            .and_then(|display| display.nested.as_deref())
            .map(Keeper::start)
            .transpose();
        let display = display.map_err(LaunchError::system("the process of its display"))?;
        let (ours, theirs) = channel()?;
        let (touches, told) =
            if ground.asks { channel().map(|(a, b)| (Some(a), Some(b)))? } else { (None, None) };
        let own = match &ground.terminal {
            Some(gate) => {
                let pty = pty::make(&ground.user, named)
                    .map_err(LaunchError::system("a terminal for the program"))?;
                Some(OwnTerminal { pty, gate: gate.clone() })
            }
            None => None,
        };
        let mut stopwatch = Stopwatch::start(ground.timings);
        let user = ground.user.clone();
        let processors = Processors::of_caller();
        let init = match sys::fork_into(Namespaces::CONTAINER) {
            Ok(Forked::Child) => {
                // The other end must close with lowbox alone.
                drop(ours);
                drop(touches);
                if let Some(display) = display {
                    display.leave_to_lowbox();
                }
                if relays.iter().try_for_each(Relay::put_in_place).is_err() {
                    sys::exit_now(1);
                }
                drop(relays);
                if ground.private_descriptors.iter().any(|number| sys::close_descriptor(*number).is_err()) {
                    sys::exit_now(1);
                }
                let pty = own.and_then(|own| own.pty);
                if pty.as_ref().is_some_and(|pty| pty.put_in_place().is_err()) {
                    sys::exit_now(1);
                }
                let controlling = pty.as_ref().map(Pty::number);
                // The other end must close with lowbox alone.
                drop(pty);
                // What else the calling process has open is not pid 1's: a kept container's ways to its callers, a display's connection.
                let own = [Some(theirs.as_fd()), told.as_ref().map(AsFd::as_fd)].into_iter().flatten();
                let ways = network.iter().flat_map(|(link, names)| [link.channel(), names.as_fd()]);
                let kept: Vec<i32> =
                    own.chain(ways).map(|fd| fd.as_raw_fd()).chain(named.iter().copied()).collect();
                if sys::close_all_but(&kept).is_err() {
                    sys::exit_now(1);
                }
                init::run(Inheritance { ground, control: theirs, told, processors, controlling, network })
            }
            Ok(Forked::Parent(pid)) => Guard::new(pid),
            Err(error) => return Err(LaunchError::no_namespaces(&error)),
        };
        processors.send_away(init.pid());
        drop((theirs, told, network));
        // As long as pid 1 waits it is dumpable, so that nobody needs a privilege to look at it.
        let namespace = network::owner(init.pid()).map_err(LaunchError::system("pid 1's user namespace"))?;
        let asked = match touches {
            None => None,
            Some(touches) => {
                let namespace = grantor::namespace(init.pid(), &namespace)
                    .map_err(LaunchError::system("pid 1's mount namespace"))?;
                let grantor =
                    Grantor::start(&namespace, &user).map_err(LaunchError::system("the grantor"))?;
                Some(Asked { touches, grantor })
            }
        };
        if user.launched_by_root {
            // Only root's lowbox may map an id that is not its own.
            write_id_maps(init.pid(), &user).map_err(LaunchError::system("the container's id maps"))?;
        }
        // If it is gone already, its report tells why.
        let _ = Order::Go.send(ours.as_fd());
        stopwatch.lap("clone with namespaces");
        Ok(Groundwork {
            user,
            init,
            broker,
            display,
            namespace,
            control: ours,
            terminal,
            relays,
            asked,
            own,
            stopwatch,
        })
    }

    /// Starts `spec`'s program. Returns once the program executes.
    ///
    /// The signals that [`Container::supervise`] forwards are blocked from here on, so that none is lost between the program's
    /// start and lowbox's staying beside it.
    ///
    /// # Errors
    /// [`LaunchError`]; then nothing of the program ran and nothing is left running.
    pub fn launch(self, spec: &Spec) -> Result<Container, LaunchError> {
        let Groundwork {
            user,
            init,
            broker,
            display,
            namespace,
            control,
            terminal,
            relays,
            asked,
            own,
            mut stopwatch,
        } = self;
        assert_eq!(user, spec.user, "the ground was made for this user");
        stopwatch.lap("the plan (pid 1 works beside it)");
        let (cgroup, cgroup_error) = delegated_cgroup(spec);
        // Bound again after its cgroup, because it has to end before the cgroup can go.
        let init = init;
        if let Some(group) = &cgroup {
            group.add(init.pid()).map_err(|error| LaunchError::System {
                what: "the container's cgroup",
                source: io::Error::other(error),
            })?;
        }
        raise_descriptor_limit();
        let handoff = Handoff { spec, memory_by_cgroup: cgroup.is_some() };
        // If pid 1 is gone already, its report tells why.
        let arrived = unless_gone(handoff.send(control.as_fd())).map_err(LaunchError::system("the plan"))?;
        stopwatch.lap("handed over");
        if arrived && user.launched_by_root {
            match &spec.learns {
                Some(learns) => lend::lend_tree(learns, spec, control.as_fd())?,
                None => lend::lend_personal(spec, control.as_fd())?,
            }
            stopwatch.lap("personal mounts (beside pid 1)");
        }
        // The program can't start before its network is lent.
        let watch = Watch::begin(terminal)?;
        let networked = broker.is_some();
        let parts = Parts { init, broker, display, control, cgroup, cgroup_error, watch, relays, asked, own };
        let mut container = Container::new(parts);
        let lent = match arrived {
            // A program that is learned about has the host's network.
            true if spec.learns.is_some() => Ok(()),
            true => network::lend(namespace.as_fd(), container.control().as_fd(), networked),
            false => Ok(()),
        };
        stopwatch.lap("network namespace, loopback (beside pid 1)");
        let lent = lent.map_err(|error| LaunchError::no_namespaces(&error));
        if lent.is_err() {
            // Pid 1 need not wait any longer. If it failed itself, its report tells why, and this is what came of it.
            let _ = shutdown(container.control(), Shutdown::Write);
        }
        let mut report = container.report()?;
        if let Some(Report::Laps(laps)) = report {
            stopwatch.extend(laps);
            report = container.report()?;
        }
        match report {
            Some(Report::Failed { errno: libc::EPIPE, .. }) | None if lent.is_err() => lent?,
            _ => {}
        }
        match report {
            Some(Report::Started) => {
                container.set_laps(stopwatch.laps().to_vec());
                if spec.display.is_some() {
                    container.take_display().map_err(LaunchError::system("the program's display"))?;
                }
                if spec.learns.is_some() || spec.verifies.is_some() {
                    container.take_listener().map_err(LaunchError::system("the filter's listener"))?;
                }
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
}

/// TRUNCATE came with ABI 3; without it a file that may be written can't be kept from being emptied.
pub const MINIMAL_LANDLOCK_ABI: u32 = 3;

fn check_kernel() -> Result<(), LaunchError> {
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
    Ok(())
}

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
