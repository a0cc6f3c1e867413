//! A caller: has its program started, in a container that is kept or in one that it has made.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::net::SendFlags;

use super::asking::has_ended;
use super::keeper::{Keeping, begin};
use super::likeness::part;
use super::message::{Answer, Ask};
use super::place::call;
use super::proof::find;
use super::{PATIENCE, Stdio};
use crate::launch::LaunchError;
use crate::launch::memory_file::{write, write_bytes};
use crate::launch::message::send;
use crate::launch::starter::Start;
use crate::prepare::{PrepareError, Request, prepare};
use crate::supervise::{Joined, Watch};
use crate::wine::WineError;

/// How often a container may end just when it is to be joined.
const ATTEMPTS: u32 = 5;
/// How long the lowbox that has the prefix's lock takes until it listens.
const UNTIL_IT_LISTENS: Duration = Duration::from_millis(500);

/// A program that was not started.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It could not be launched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The keeper of the container says why.
    #[error("{why}")]
    Said {
        /// Why.
        why: String,
        /// The exit code.
        code: u8,
    },
    /// Other programs run in the package's container.
    #[error(
        "a Windows program of {package} runs already, in a container that is not what this one asks for: it {what}. Wait for its end, start both \
         with the same options and in the same folder, or give this one a name of its own (--name)"
    )]
    Different {
        /// The family name.
        package: String,
        /// The first difference.
        what: String,
    },
    /// The keeper can't be spoken to.
    #[error("the keeper of the package's container: {0}")]
    Keeper(#[source] io::Error),
}

impl NotStarted {
    /// The exit code of `lowbox run`.
    pub fn exit_code(&self) -> u8 {
        match self {
            NotStarted::Prepare(error) => error.exit_code(),
            NotStarted::Launch(error) => error.exit_code(),
            NotStarted::Said { code, .. } => *code,
            NotStarted::Different { .. } | NotStarted::Keeper(_) => 125,
        }
    }
}

/// Starts a program in its package's container, which is made if it is not there, and returns once it executes. `say` tells the user
/// something. The calling process must be single-threaded.
///
/// # Errors
/// [`NotStarted`].
pub fn start(keeping: &Keeping<'_>, stdio: Stdio, say: &mut dyn FnMut(&str)) -> Result<Joined, NotStarted> {
    let Stdio { ends, relays, terminal, own } = stdio;
    let controlling = own.as_ref().map(|(pty, _)| pty.number());
    let mut calling = Calling { ends, controlling, watch: Watch::begin(terminal)?, say };
    let (folders, family) = (&keeping.caller.folders, &keeping.request.family_name);
    let find = || call(folders, family).map_err(NotStarted::Keeper);
    let mut mine = None;
    for _ in 0..ATTEMPTS {
        let (link, answer) = match find()? {
            Some(link) => {
                let (likeness, start) = match &mine {
                    Some(mine) => mine,
                    None => mine.insert(prepared(keeping, calling.say)?),
                };
                let answer = calling.join(&link, likeness, start, keeping.keep)?;
                (link, answer)
            }
            None => {
                let link = begin(keeping)?;
                let answer = calling.first(&link)?;
                (link, answer)
            }
        };
        match answer {
            Answer::Began => return Ok(Joined { link, watch: calling.watch, relays, own }),
            Answer::Failed { why, code } => return Err(NotStarted::Said { why, code }),
            Answer::Different { what } => {
                return Err(NotStarted::Different { package: family.clone(), what });
            }
            Answer::Ending if has_ended(&link) => {}
            Answer::Busy => {
                let until = Instant::now() + UNTIL_IT_LISTENS;
                while find()?.is_none() && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(5));
                }
                if find()?.is_none() {
                    break;
                }
            }
            _ => return Err(NotStarted::Keeper(io::ErrorKind::TimedOut.into())),
        }
    }
    Err(NotStarted::Prepare(WineError::Busy { package: family.clone() }.into()))
}

/// What the caller would have made.
fn prepared(keeping: &Keeping<'_>, say: &mut dyn FnMut(&str)) -> Result<(Vec<u8>, Start), NotStarted> {
    let request = Request { joins: true, ..keeping.request.clone() };
    let mut prepared = prepare(keeping.caller, &request)?;
    prepared.notices.iter().for_each(|notice| say(&notice.to_string()));
    part(&mut prepared, &request, keeping.decided).map_err(NotStarted::Keeper)
}

/// One that asks.
struct Calling<'a> {
    ends: [OwnedFd; 3],
    controlling: Option<i32>,
    watch: Watch,
    say: &'a mut dyn FnMut(&str),
}

impl Calling<'_> {
    /// Has the keeper that was begun just now start what it prepares.
    fn first(&mut self, link: &OwnedFd) -> Result<Answer, NotStarted> {
        let [a, b, c] = self.ends.each_ref().map(AsFd::as_fd);
        // If it is gone, its answer tells why.
        let _ =
            send(link.as_fd(), &Ask::First { controlling: self.controlling }, &[a, b, c], SendFlags::empty());
        self.answer(link, None)
    }

    /// Has a keeper start a program in its container.
    fn join(
        &mut self,
        link: &OwnedFd,
        likeness: &[u8],
        start: &Start,
        keep: u32,
    ) -> Result<Answer, NotStarted> {
        let likeness = write_bytes(likeness).map_err(NotStarted::Keeper)?;
        let start = Start { controlling: self.controlling, ..start.clone() };
        let start = write(&start).map_err(NotStarted::Keeper)?;
        let [a, b, c] = self.ends.each_ref().map(AsFd::as_fd);
        let all = [likeness.as_fd(), start.as_fd(), a, b, c];
        let secret = match self.watch.answer(link, Some(2 * PATIENCE))? {
            Some(Answer::Look(number)) => find(link, number),
            // It ends.
            _ => return Ok(Answer::Ending),
        };
        match send(link.as_fd(), &Ask::Join { keep, secret }, &all, SendFlags::DONTWAIT) {
            // It has ended since it was called.
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => return Ok(Answer::Ending),
            sent => sent.map_err(NotStarted::Keeper)?,
        }
        self.answer(link, Some(2 * PATIENCE))
    }

    fn answer(&mut self, link: &OwnedFd, within: Option<Duration>) -> Result<Answer, NotStarted> {
        loop {
            match self.watch.answer(link, within)? {
                Some(Answer::Say(what)) => (self.say)(&what),
                Some(answer) => return Ok(answer),
                None if within.is_none() => return Err(LaunchError::InitLost.into()),
                // The end of the connection is known at once, one that says nothing is not.
                None => return Ok(Answer::Ending),
            }
        }
    }
}
