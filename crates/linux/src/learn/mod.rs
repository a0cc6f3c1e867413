//! Learning what a program needs: a thread of lowbox answers the calls that the filter reports, each with *go on*, and records
//! what the access check would have denied.
//!
//! What it reads of the program (paths, addresses, names) it reads once, and decides nothing by it but what is recorded. A program that
//! means to can change a path between this reading and the kernel's: records say what it was seen to ask for.

mod calls;
mod files;
mod folder;
mod inside;
mod look;
mod names;
mod own;
mod paths;
mod process;
mod record_file;
pub mod session;
mod sockets;
pub mod stacks;
mod user;
mod watch;
mod world;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use lowbox_profiler::Raw;
use lowbox_profiler::attribute::World;
use lowbox_profiler::record::Run;

use crate::launch::Spec;
use crate::supervise::{Container, Listening};
pub use folder::{EXTENSION, Found, RecordFolder};
use inside::Inside;
use own::OwnPlaces;
pub use record_file::RecordFile;
use sockets::Sockets;
pub(crate) use sockets::has_name;
use stacks::Stacks;
use user::User;
use watch::{Place, Watch};
pub use world::{granted, world};

/// What was learned.
#[derive(Debug, Default)]
pub struct Learned {
    /// Different accesses that were recorded.
    pub recorded: u64,
    /// Calls that were looked at.
    pub calls: u64,
    /// Calls of which what they name could not be read.
    pub unread: u64,
    /// Denials that were not counted, because there are too many different ones already for a reader of the file.
    pub left_out: u64,
    /// Accesses that could not be written.
    pub lost: u64,
    /// Call stacks of which nothing could be read.
    pub without_stack: u64,
    /// The last error of writing.
    pub error: Option<io::Error>,
    /// The file is full: what came after is only counted, as left out.
    pub full: bool,
}

/// The thread.
#[derive(Debug)]
pub struct Learner {
    thread: JoinHandle<Learned>,
    stop: OwnedFd,
}

impl Learner {
    /// Begins to answer the calls of `container`'s program, and to write a section to `file`. Those of an isolated program that
    /// pid 1 carries out are handed back to it. With `stacks` each access has the call stack that led to it. The calling process
    /// must be single-threaded.
    ///
    /// # Errors
    /// When the header can't be written, no thread can be started, or the container is not one that is learned about.
    pub fn start(
        container: &mut Container,
        run: &Run,
        world: World,
        spec: &Spec,
        file: RecordFile,
        stacks: bool,
    ) -> io::Result<Learner> {
        let (listener, inside) = match container.listening().ok_or(io::ErrorKind::InvalidInput)? {
            Listening::Alone(listener) => (listener, None),
            Listening::Shared(shared) => {
                let (listener, inside) = Inside::new(shared, spec);
                (listener, Some(Arc::new(inside)))
            }
        };
        let mut sockets = match inside {
            Some(_) => Sockets::inside(spec.resolver_file.as_deref()),
            None => Sockets::new(),
        };
        // Clients of X11 try it before the path.
        if let Some(display) = &spec.display {
            sockets.has_own_name(display.place.socket().as_str().into());
        }
        let (ended, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let wine_server = spec.wine.as_ref().map(|wine| Raw::from(wine.server.as_path()));
        // Which Windows program calls is read in the same process.
        let is_needed = stacks || wine_server.is_some();
        let stacks = is_needed.then(|| Stacks::start(stacks)).transpose()?;
        let own = OwnPlaces::of(spec, inside.clone());
        let place = Place { inside, own, sockets, user: User::of(spec), stacks, wine_server };
        let watch = Watch::new(listener, ended, run, place, file)?;
        let thread = std::thread::Builder::new().name("learn".into()).spawn(move || watch.run(&world))?;
        Ok(Learner { thread, stop })
    }

    /// Ends it, once the container has ended: what still waits is looked at, and the counts are written.
    pub fn finish(self) -> Learned {
        drop(self.stop);
        // A panic ends lowbox as a whole.
        self.thread.join().unwrap_or_default()
    }
}
