//! The keeper: makes a container, has programs started in it as callers ask, and ends it when none has run for a while.
//!
//! It is forked from the first caller and belongs to no terminal, session or folder of the caller's. It is pid 1's parent: however it ends, the
//! container ends. Until the container runs it ends with its caller.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::net::SendFlags;
use rustix::process::{Signal, chdir, setsid};

use super::likeness::{part, places};
use super::message::Answer;
use super::place::Place;
use super::serving::{Origin, Serving};
use super::surroundings::Surroundings;
use crate::launch::control::channel;
use crate::launch::message::send;
use crate::launch::{Groundwork, LaunchError};
use crate::prepare::{Caller, Decided, PrepareError, Request, ground, prepare};
use crate::supervise::Consented;
use crate::sys::{self, Forked, Namespaces};
use crate::wine::WineError;

/// What is kept.
pub struct Keeping<'a> {
    /// Whose.
    pub caller: &'a Caller,
    /// What is run.
    pub request: &'a Request,
    /// What the user allowed just now.
    pub decided: &'a Decided,
    /// For how many seconds it stays.
    pub keep: u32,
    /// Holds an installed package's files for the keeper: what the caller holds ends with the caller.
    pub hold: &'a dyn Fn() -> Result<Box<dyn std::any::Any>, String>,
}

/// Forks the keeper; the way to it. The calling process must be single-threaded.
///
/// # Errors
/// The system's.
pub fn begin(keeping: &Keeping<'_>) -> Result<OwnedFd, LaunchError> {
    let (ours, theirs) = channel().map_err(LaunchError::system("a socket pair"))?;
    match sys::fork_into(Namespaces::NONE).map_err(LaunchError::system("the container's keeper"))? {
        Forked::Child => {
            // Nothing that was the caller's is dropped here: descriptors are closed by number.
            std::mem::forget(ours);
            live(theirs, keeping);
            sys::exit_now(0)
        }
        Forked::Parent(_) => Ok(ours),
    }
}

fn live(link: OwnedFd, keeping: &Keeping<'_>) {
    let to_caller = match link.try_clone() {
        Ok(link) => link,
        Err(_) => return,
    };
    let tell = |answer: Answer| {
        let _ = send(to_caller.as_fd(), &answer, &[], SendFlags::empty());
    };
    // Of the first caller's it has everything now, and changes some of it from here on.
    let own = Surroundings::own();
    let made = match own.and_then(|own| detach(&[link.as_raw_fd(), to_caller.as_raw_fd()]).map(|()| own)) {
        Ok(own) => make(keeping, own, &tell),
        Err(error) => Err(failed("the container's keeper")(error)),
    };
    match made {
        Ok(made) => {
            drop(to_caller);
            made.serve(link);
        }
        Err(answer) => tell(answer),
    }
}

fn failed(what: &'static str) -> impl FnOnce(std::io::Error) -> Answer {
    move |source| of_launch(&LaunchError::System { what, source })
}

fn of_launch(error: &LaunchError) -> Answer {
    Answer::Failed { why: error.to_string(), code: error.exit_code() }
}

/// Lets go of everything that is the caller's but its user, its environment, and for now its folder.
fn detach(kept: &[i32]) -> std::io::Result<()> {
    sys::set_parent_death_signal(Signal::KILL)?;
    setsid()?;
    sys::close_all_but(kept)?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

fn make(keeping: &Keeping<'_>, surroundings: Surroundings, tell: &dyn Fn(Answer)) -> Result<Serving, Answer> {
    let Keeping { caller, request, decided, keep, hold } = keeping;
    let of_prepare = |error: PrepareError| match error {
        PrepareError::Wine(WineError::Busy { .. }) => Answer::Busy,
        error => Answer::Failed { why: error.to_string(), code: error.exit_code() },
    };
    let held = hold().map_err(|why| Answer::Failed { why, code: 125 })?;
    let groundwork =
        Groundwork::begin(ground(caller, request).map_err(of_prepare)?).map_err(|error| of_launch(&error));
    let mut prepared = prepare(caller, request).map_err(of_prepare)?;
    for notice in &prepared.notices {
        tell(Answer::Say(notice.to_string()));
    }
    // Who calls from here on waits until the container runs.
    let place = Place::bind(&caller.folders, &request.family_name)
        .map_err(failed("the folder of kept containers, in lowbox's own"))?;
    let (likeness, first) = part(&mut prepared, request, decided).map_err(failed("the plan"))?;
    prepared.spec.environment = first.environment.clone();
    let container = groundwork?.launch(&prepared.spec).map_err(|error| of_launch(&error))?;
    let places = places(&prepared.spec, &caller.folders);
    let is_settled = Surroundings::own().is_ok_and(|now| surroundings.other_mount(&now, &places).is_none());
    let origin = Origin { likeness, surroundings, places, is_unsettled: !is_settled };
    let program = &prepared.spec.program;
    let (folder, files) = (&caller.folders.data, &prepared.consented);
    let consented = Consented::register(folder, &request.family_name, program, files, &decided.allowed)
        .unwrap_or_else(|error| {
            let say = format!("a revoked consent ends this program not before it ends itself: {error}");
            tell(Answer::Say(say));
            None
        });
    sys::outlive_parent().and_then(|()| Ok(chdir("/")?)).map_err(failed("the container's keeper"))?;
    let (keep, held) = (Duration::from_secs((*keep).into()), (prepared.prefix_locks, held));
    Ok(Serving::new(container.into_kept(), place, origin, first, consented, keep, held))
}
