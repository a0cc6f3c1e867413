//! Reading record files. Soak records lie where the program can write, so a file may hold anything.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::line::{AccessLine, CountLine, Line};
use super::records::{Access, Index, Records};
use super::{Module, Object, VERSION};

/// The longest line that is read, in bytes: 1 MiB. What is longer is skipped.
pub const MAX_LINE: usize = 1 << 20;

/// Why a record file can't be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The system's error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It begins like no record file.
    #[error("it is no record file of lowbox: no line says which run it records")]
    NoRun,
    /// It is from a newer lowbox.
    #[error(
        "it was written by a newer lowbox ({lowbox}): its format is version {version}, this lowbox reads up to {VERSION}"
    )]
    Newer {
        /// The format's version.
        version: u32,
        /// The version of lowbox, as the file says.
        lowbox: crate::Raw,
    },
}

/// Puts the contents of record files together.
#[derive(Debug, Default)]
pub struct Reader {
    records: Records,
    index: Index,
}

/// What the lines of one section go by.
#[derive(Default)]
struct Section {
    run: usize,
    processes: HashMap<u32, usize>,
    modules: HashMap<u32, Arc<Module>>,
    stacks: HashMap<u32, usize>,
    /// Where an access is, and what it counts so far; `None` for one that was left out.
    accesses: HashMap<u64, (Option<usize>, u64)>,
}

impl Reader {
    /// Nothing yet.
    pub fn new() -> Reader {
        Reader::default()
    }

    /// Adds what a file holds. Lines that can't be read are skipped and counted: a crash tears a line off, and a newer lowbox
    /// may write lines that this one does not know.
    ///
    /// # Errors
    /// [`TraceError`]; what was read before stays.
    pub fn read(&mut self, mut file: impl BufRead) -> Result<(), TraceError> {
        let mut section: Option<Section> = None;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if file.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let long = bytes.len() > MAX_LINE;
            if long && bytes.last() != Some(&b'\n') {
                file.skip_until(b'\n')?;
            }
            let line = bytes.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let read = if long { None } else { serde_json::from_slice::<Line>(line).ok() };
            let taken = match (read, &mut section) {
                (Some(Line::Run(run)), section) => {
                    if run.version > VERSION {
                        let lowbox = run.lowbox.as_bytes().into();
                        return Err(TraceError::Newer { version: run.version, lowbox });
                    }
                    self.records.runs.push(run);
                    *section = Some(Section { run: self.records.runs.len() - 1, ..Section::default() });
                    Some(())
                }
                (Some(line), Some(section)) => self.line(section, line),
                _ => None,
            };
            self.records.skipped_lines += u64::from(taken.is_none());
        }
        if section.is_none() { Err(TraceError::NoRun) } else { Ok(()) }
    }

    /// Everything.
    pub fn finish(self) -> Records {
        self.records
    }

    /// Takes a line in, unless it refers to something that is not there.
    fn line(&mut self, section: &mut Section, line: Line) -> Option<()> {
        match line {
            Line::Run(_) => return None,
            Line::Process(numbered) => {
                let at = self.index.process(&mut self.records, numbered.entry)?;
                section.processes.insert(numbered.id, at);
            }
            Line::Module(numbered) => {
                section.modules.insert(numbered.id, Arc::new(numbered.entry));
            }
            Line::Stack(line) => {
                let id = line.id;
                let stack = line.stack(|id| section.modules.get(&id).cloned())?;
                section.stacks.insert(id, self.index.stack(&mut self.records, stack)?);
            }
            Line::Access(line) => self.access(section, line)?,
            Line::Count(line) => self.count(section, line)?,
        }
        Some(())
    }

    fn access(&mut self, section: &mut Section, line: AccessLine<Object>) -> Option<()> {
        if section.accesses.contains_key(&line.id) {
            return None;
        }
        let access = Access {
            object: Arc::new(line.object),
            right: line.right,
            denial: line.denial,
            count: line.count,
            first: line.first,
            last: line.last.max(line.first),
            run: section.run,
            process: *section.processes.get(&line.process)?,
            // A stack that was left out for want of room costs the stack, not the access.
            stack: line.stack.and_then(|id| section.stacks.get(&id).copied()),
        };
        let at = self.index.access(&mut self.records, access);
        if at.is_none() {
            self.records.left_out += 1;
        }
        section.accesses.insert(line.id, (at, line.count));
        Some(())
    }

    fn count(&mut self, section: &mut Section, line: CountLine) -> Option<()> {
        let (at, so_far) = section.accesses.get_mut(&line.id)?;
        let more = line.count.checked_sub(*so_far)?;
        *so_far = line.count;
        if let Some(at) = *at {
            let access = &mut self.records.accesses[at];
            access.count = access.count.saturating_add(more);
            access.last = access.last.max(line.last);
        }
        Some(())
    }
}
