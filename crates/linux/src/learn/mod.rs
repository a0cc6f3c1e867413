//! Learning what a program needs: a thread of lowbox answers the calls that the filter reports, each with *go on*, and records
//! what the access check would have denied.
//!
//! What it reads of the program (paths, addresses, names) it reads once, and decides nothing by it but what is recorded. A program that
//! means to can change a path between this reading and the kernel's: records say what it was seen to ask for.

mod calls;
mod files;
mod names;
mod own;
mod process;
mod sockets;
pub mod stacks;
mod user;
mod watch;
mod world;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use lowbox_profiler::attribute::World;
use lowbox_profiler::record::Run;

use crate::launch::Spec;
use crate::supervise::Container;
use own::OwnPlaces;
use stacks::Stacks;
use user::User;
use watch::Watch;
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
}

/// The thread.
#[derive(Debug)]
pub struct Learner {
    thread: JoinHandle<Learned>,
    stop: OwnedFd,
}

impl Learner {
    /// Begins to answer the calls of `container`'s program, and to write a section to `file`, which is open for appending. With
    /// `stacks` each access has the call stack that led to it. The calling process must be single-threaded.
    ///
    /// # Errors
    /// When the header can't be written, no thread can be started, or the container is not one that is learned about.
    pub fn start(
        container: &mut Container,
        run: &Run,
        world: World,
        spec: &Spec,
        file: File,
        stacks: bool,
    ) -> io::Result<Learner> {
        let listener = container.listener().ok_or(io::ErrorKind::InvalidInput)?;
        let (ended, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let stacks = stacks.then(Stacks::start).transpose()?;
        let watch = Watch::new(listener, ended, run, OwnPlaces::of(spec), User::of(spec), file, stacks)?;
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
