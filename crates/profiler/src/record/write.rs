//! Writing a section of a record file.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::line::{AccessLine, CountLine, LineRef, Numbered, StackLine};
use super::{Module, Process, Run, Stack};
use crate::collect::{First, Sink};

/// Writes one section, line by line, each with one call of the writer. Give it a file that is open for appending; nobody else
/// may write to that file meanwhile, because the numbers that lines go by belong to the section.
#[derive(Debug)]
pub struct TraceWriter<W> {
    writer: W,
    modules: HashMap<Arc<Module>, u32>,
    /// The last line may not have been written to its end.
    torn: bool,
}

impl<W: Write> TraceWriter<W> {
    /// Begins the section. An empty line comes first: it ends what a writer before left without end.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn new(writer: W, run: &Run) -> io::Result<TraceWriter<W>> {
        let mut trace = TraceWriter { writer, modules: HashMap::new(), torn: true };
        trace.line(&LineRef::Run(run))?;
        Ok(trace)
    }

    /// The writer, to ask and not to write.
    pub fn writer(&self) -> &W {
        &self.writer
    }

    /// The writer back.
    pub fn into_inner(self) -> W {
        self.writer
    }

    fn line(&mut self, line: &LineRef<'_>) -> io::Result<()> {
        let mut bytes = if self.torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
        self.torn = true;
        self.writer.write_all(&bytes)?;
        self.torn = false;
        Ok(())
    }
}

impl<W: Write> Sink for TraceWriter<W> {
    type Error = io::Error;

    fn process(&mut self, id: u32, process: &Process) -> io::Result<()> {
        self.line(&LineRef::Process(Numbered { id, entry: process }))
    }

    fn stack(&mut self, id: u32, stack: &Stack) -> io::Result<()> {
        let mut new = Vec::new();
        let modules = &self.modules;
        let line = StackLine::new(id, stack, |module| {
            modules.get(module).copied().unwrap_or_else(|| {
                let at = new.iter().position(|one| one == module).unwrap_or_else(|| {
                    new.push(Arc::clone(module));
                    new.len() - 1
                });
                (modules.len() + at) as u32
            })
        });
        for module in new {
            let id = self.modules.len() as u32;
            self.line(&LineRef::Module(Numbered { id, entry: &*module }))?;
            self.modules.insert(module, id);
        }
        self.line(&LineRef::Stack(line))
    }

    fn access(&mut self, first: &First<'_>) -> io::Result<()> {
        self.line(&LineRef::Access(AccessLine {
            id: first.id,
            object: first.object,
            right: first.right,
            denial: first.denial,
            count: first.count,
            first: first.first,
            last: first.last,
            process: first.process,
            stack: first.stack,
        }))
    }

    fn count(&mut self, id: u64, count: u64, last: u64) -> io::Result<()> {
        self.line(&LineRef::Count(CountLine { id, count, last }))
    }
}
