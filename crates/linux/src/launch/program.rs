//! The last steps before the program: everything that lowbox had and the program shall not have is given up.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, ioctl_tiocsctty, setsid};

use super::control::{Step, channel};
use super::failure::Failure;
use super::spec::Spec;
use super::view::View;
use crate::seccomp::Instruction;
use crate::sys::{self, Image};
use crate::wine::start;

/// The program's process, and the listener of the calls that it must not do itself.
pub(crate) struct Program {
    pub(crate) pid: Pid,
    pub(crate) listener: Option<OwnedFd>,
    /// The way to what starts programs, in a container that is kept. `pid` is its process then.
    pub(crate) starter: Option<OwnedFd>,
    /// It is a Windows program: Wine's server ends after it, and has the registry to write.
    pub(crate) by_wine: bool,
    /// And everything else is ended then.
    pub(crate) alone: bool,
}

/// Starts the program under `view`'s rules and `filter`, with descriptor `controlling` as its controlling terminal. The caller
/// is pid 1 of the container.
pub(crate) fn start(
    spec: &Spec,
    view: &View,
    filter: &[Instruction],
    controlling: Option<i32>,
) -> Result<Program, Failure> {
    start_with(spec, view, filter, true, &mut || {
        let Some(number) = controlling else { return Ok(()) };
        sys::with_descriptor(number, |fd| Ok(ioctl_tiocsctty(fd)?))
            .map_err(|error| (Step::Fork, error.raw_os_error().unwrap_or(libc::EIO)))
    })
}

/// The same with more steps of the child's own, and without a listener where nothing is supervised. `first` must not
/// allocate, lock or panic.
pub(crate) fn start_with(
    spec: &Spec,
    view: &View,
    filter: &[Instruction],
    supervised: bool,
    first: &mut dyn FnMut() -> Result<(), (Step, i32)>,
) -> Result<Program, Failure> {
    let (starter, its_end) = match spec.kept {
        true => channel().map(|(ours, theirs)| (Some(ours), Some(theirs))),
        false => Ok((None, None)),
    }
    .map_err(Failure::at(Step::Fork, ""))?;
    let images = match &spec.wine {
        None => Image::new(&spec.program, &spec.arguments, &spec.environment).map(Images::Native),
        Some(wine) => start::Images::new(spec, wine, its_end).map(Images::Windows),
    };
    let images = images.map_err(Failure::at(Step::Execute, &spec.program))?;
    // Of a program that is started by a process which borrows no memory.
    let mut forked = None;
    let mut listener = None;
    // The child shares this memory until it executes the program, so it says here what failed.
    let mut failed: Option<(Step, i32)> = None;
    let mut child = || {
        let result = (|| {
            let errno = |step| move |error: std::io::Error| (step, error.raw_os_error().unwrap_or(libc::EIO));
            sys::reset_signals();
            if let Images::Native(_) = images {
                // A session of its own: the caller's terminal is not the program's controlling terminal.
                setsid().map_err(|error| (Step::Fork, error.raw_os_error()))?;
                first()?;
            }
            sys::close_on_exec_from(3).map_err(errno(Step::Execute))?;
            for number in &spec.extra_descriptors {
                keep_on_exec(*number).map_err(errno(Step::Execute))?;
            }
            sys::drop_all_capabilities().map_err(errno(Step::Capabilities))?;
            if let Some(rules) = &view.rules {
                sys::restrict_self(rules.as_fd()).map_err(errno(Step::Landlock))?;
            }
            listener = sys::install_filter(filter, supervised).map_err(errno(Step::Seccomp))?;
            match &images {
                Images::Native(image) => {
                    Err((Step::Execute, image.execute().raw_os_error().unwrap_or(libc::EIO)))
                }
                // Pid 1 waits for this process, and has to answer the server's calls meanwhile: so it is another one that goes on.
                Images::Windows(images) => match sys::fork_again().map_err(errno(Step::Fork))? {
                    Some(pid) => {
                        forked = Some(pid);
                        Ok(())
                    }
                    None => images.run(&mut *first),
                },
            }
        })();
        let result: Result<(), (Step, i32)> = result;
        failed = result.err();
        EXECUTE_FAILED
    };
    let pid = sys::spawn_borrowing(&mut child).map_err(Failure::at(Step::Fork, PathBuf::new()))?;
    match failed {
        None => Ok(Program {
            pid: forked.unwrap_or(pid),
            listener,
            starter,
            by_wine: forked.is_some(),
            alone: spec.wine.as_ref().is_some_and(|wine| wine.alone),
        }),
        Some((step, errno)) => {
            let path = if step == Step::Execute { spec.program.clone() } else { PathBuf::new() };
            Err(Failure { step, path, errno })
        }
    }
}

/// What is executed.
enum Images {
    Native(Image),
    Windows(start::Images),
}

/// Only seen by pid 1, which reports the real reason.
const EXECUTE_FAILED: i32 = 126;

fn keep_on_exec(number: i32) -> std::io::Result<()> {
    sys::with_descriptor(number, |fd| Ok(fcntl_setfd(fd, FdFlags::empty())?))
}
