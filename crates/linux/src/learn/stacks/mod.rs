//! Call stacks of threads that wait in a system call: which functions led to it.
//!
//! Nothing is stopped and nothing is written: registers are those that the kernel tells of a waiting thread, the rest is read from
//! memory and files. The program can falsify all of it, as it can anything that a stack is read from.

mod asker;
mod elf;
pub mod image;
mod images;
pub mod lines;
pub mod maps;
pub mod memory;
mod merge;
mod message;
pub mod names;
mod open;
pub mod pe;
mod places;
mod process;
pub mod python;
mod reader;
mod registers;
pub mod source;
mod space;
mod symbols;
mod threads;
pub mod unwind;

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use lowbox_profiler::Raw;
use lowbox_profiler::record::{Frame, Module, Stack};

use crate::supervise::guard::Guard;
use message::{About, Answer, FrameMessage, Question, receive, send};
use places::{Marks, Place, Places};
pub(super) use registers::Registers;

/// How long an answer may take: longer than the reader has for it, because what holds it may be a file system that doesn't answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Modules whose names are shared between stacks.
const MAX_SHARED: usize = 4096;

/// Whose a call is.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) thread: u32,
    /// The file of its Windows program, if it has come as far as to have one.
    pub(super) file: Option<Raw>,
}

/// Asks for stacks.
#[derive(Debug)]
pub(super) struct Stacks {
    /// `None` once it did not answer.
    reader: Option<(UnixStream, Guard)>,
    /// Else it is asked about programs only.
    pub(super) are_wanted: bool,
    asked: u64,
    /// Places that were numbered.
    sites: u64,
    places: Places,
    modules: HashMap<(Vec<u8>, String), Arc<Module>>,
    /// Stacks of which nothing could be read.
    pub(super) unread: u64,
}

impl Stacks {
    /// Starts the reader. The calling process must be single-threaded.
    ///
    /// # Errors
    /// What socketpair(2) and clone(2) report.
    pub(super) fn start(are_wanted: bool) -> io::Result<Stacks> {
        let (socket, pid) = process::start()?;
        let guard = Guard::new(pid);
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Stacks {
            reader: Some((socket, guard)),
            are_wanted,
            asked: 0,
            sites: 0,
            places: Places::default(),
            modules: HashMap::new(),
            unread: 0,
        })
    }

    /// The place at which a thread waits, with its stack: one without frames, and marked as cut, if it can't be read. `waits` says
    /// whether the thread still does, without which what was read may be another's.
    pub(super) fn place(&mut self, thread: u32, exe: &Raw, waits: impl Fn() -> bool) -> Arc<Place> {
        let registers = Registers::of(thread);
        let known = registers.and_then(|registers| self.places.find(thread, exe, registers));
        if let Some(known) = known.filter(|_| waits()) {
            return known;
        }
        let stack = |Registers { sp, pc }| About::Stack { sp, pc };
        let answer = registers.and_then(|registers| self.ask(thread, stack(registers)));
        let answer = answer.filter(|_| waits()).unwrap_or_default();
        let (marks, of_thread) = (Marks::new(answer.marks.clone()), answer.of_thread);
        self.unread += u64::from(answer.frames.is_empty());
        let stack = self.stack(answer);
        self.sites += 1;
        let thread = of_thread.then_some(thread);
        let place = Arc::new(Place { site: self.sites, stack, marks, thread });
        // Of what can't be read it is not known either whether it is the same.
        if let Some(registers) = registers.filter(|_| !place.stack.frames.is_empty()) {
            self.places.add(exe, registers, Arc::clone(&place));
        }
        place
    }

    /// The place of a call of which it is not known whose it is.
    pub(super) fn nowhere(&self) -> Arc<Place> {
        let stack = Stack::new(Vec::new(), true);
        Arc::new(Place { site: 0, stack, marks: Marks::default(), thread: None })
    }

    /// Whose a call of a Windows program's container is: that of the thread that makes it, or if that is Wine's server, of one that asked
    /// for it. `waits` says whether it still does.
    pub(super) fn program(
        &mut self,
        thread: u32,
        is_server: bool,
        waits: impl Fn() -> bool,
    ) -> Option<Program> {
        let answer = self.ask(thread, About::Program { is_server }).filter(|_| waits())?;
        let file = answer.program.file.map(|file| Raw::from(file.as_slice()));
        Some(Program { thread: answer.program.thread?, file })
    }

    fn stack(&mut self, answer: Answer) -> Stack {
        let truncated = answer.truncated || answer.frames.is_empty();
        if self.modules.len() > MAX_SHARED {
            self.modules.clear();
        }
        let modules = answer.modules.into_iter().map(|(path, build_id)| {
            let module = self.modules.entry((path, build_id));
            let new = |(path, build_id): &(Vec<u8>, String)| {
                Arc::new(Module { path: Raw::from(path.as_slice()), build_id: build_id.clone() })
            };
            Arc::clone(module.or_insert_with_key(new))
        });
        let modules: Vec<Arc<Module>> = modules.collect();
        let raw = |bytes: Vec<u8>| Raw::from(bytes.as_slice());
        let frames = answer.frames.into_iter().filter_map(|frame| {
            Some(match frame {
                FrameMessage::Native { module, offset, symbol, file, line } => Frame::Native {
                    module: Arc::clone(modules.get(module as usize)?),
                    offset,
                    symbol: symbol.map(raw),
                    file: file.map(raw),
                    line,
                },
                FrameMessage::Python { file, line, function } => {
                    Frame::Python { file: raw(file), line, function: raw(function) }
                }
            })
        });
        Stack::new(frames.collect(), truncated)
    }

    fn ask(&mut self, thread: u32, about: About) -> Option<Answer> {
        let (socket, _) = self.reader.as_mut()?;
        self.asked += 1;
        let question = Question { number: self.asked, thread, about };
        let mut answer = send(&mut *socket, &question).and_then(|()| receive::<Answer>(&mut *socket));
        // A reader may have died after an answer; then the notice of that was taken for the next one.
        while answer.as_ref().is_ok_and(|answer| answer.number != 0 && answer.number < question.number) {
            answer = receive(&mut *socket);
        }
        if answer.is_err() {
            // An answer that came later would be taken for that to the next question.
            self.reader = None;
        }
        answer.ok()
    }
}
