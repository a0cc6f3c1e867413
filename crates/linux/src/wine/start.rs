//! Starting Wine inside: its server first, then the program, with less.
//!
//! Wine's server opens files, reads and writes the memory of the programs that it serves, and traces them (ptrace), as the kernel of
//! Windows does. So it has to be in the container, in the program's Landlock domain; and it has ptrace(2), which programs need not have.
//! The filter of both is the server's. The program's process puts another one on top, which takes ptrace away from it and from
//! whatever it starts, and which can't be taken off.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::process::{WaitOptions, setsid, waitpid};

use super::WineSpec;
use crate::launch::control::Step;
use crate::launch::spec::Spec;
use crate::launch::starter;
use crate::seccomp;
use crate::sys::{self, Image};

/// Exit code of the program's process when Wine could not be started, as of lowbox itself.
const NOT_STARTED: i32 = 125;

/// More steps of the program's own process.
type First<'a> = dyn FnMut() -> Result<(), (Step, i32)> + 'a;

/// What is executed, prepared before memory is shared.
pub(crate) struct Images {
    server: Image,
    then: Then,
}

/// What there is once the server listens.
enum Then {
    Program(Image),
    /// In a container that is kept, what starts programs by this loader, as it is told over this socket.
    Starter(PathBuf, OwnedFd),
}

impl Images {
    pub(crate) fn new(spec: &Spec, wine: &WineSpec, starter: Option<OwnedFd>) -> std::io::Result<Images> {
        // It ends, and writes the registry, as soon as the last program does; in a container that is kept, when it is told to.
        let persists = if starter.is_some() { "-p" } else { "-p0" };
        let words = [wine.server.clone().into_os_string(), persists.into()];
        let then = match starter {
            Some(socket) => Then::Starter(spec.program.clone(), socket),
            None => Then::Program(Image::new(&spec.program, &spec.arguments, &spec.environment)?),
        };
        Ok(Images { server: Image::new(&wine.server, &words, &spec.environment)?, then })
    }

    /// The life of the program's process until it is the program. It has memory and descriptors of its own, and the rules and the filter
    /// that hold for all of the container; pid 1 answers its calls already.
    pub(crate) fn run(&self, first: &mut First<'_>) -> ! {
        let failed = match self.become_program(first) {
            Ok(never) => match never {},
            Err(failed) => failed,
        };
        fail(failed)
    }

    fn become_program(&self, first: &mut First<'_>) -> Result<std::convert::Infallible, &'static str> {
        let server = sys::fork_again().map_err(|_| "lowbox: Wine's server could not be forked\n")?;
        let Some(server) = server else {
            self.server.execute();
            sys::exit_now(NOT_STARTED)
        };
        // What was started goes on in the background once it listens, and says so by its end.
        let listens = waitpid(Some(server), WaitOptions::empty());
        if !matches!(listens, Ok(Some((_, status))) if status.exit_status() == Some(0)) {
            return Err("lowbox: Wine's server does not start in the container (wineserver)\n");
        }
        let program = match &self.then {
            Then::Program(image) => image,
            Then::Starter(loader, socket) => return Err(starter::serve(socket, loader)),
        };
        setsid().map_err(|_| "lowbox: the program's session could not be made\n")?;
        first().map_err(|_| "lowbox: the program's terminal could not be set\n")?;
        sys::install_filter(seccomp::WITHOUT_PTRACE, false)
            .map_err(|_| "lowbox: the filter of Wine's programs could not be installed\n")?;
        program.execute();
        Err("lowbox: Wine's loader can't be executed in the container\n")
    }
}

/// There is no one else to tell: pid 1 has said that the container runs.
fn fail(what: &str) -> ! {
    let write = |stderr: BorrowedFd<'_>| Ok(rustix::io::write(stderr, what.as_bytes()).map(drop)?);
    let _ = sys::with_descriptor(2, write);
    sys::exit_now(NOT_STARTED)
}
