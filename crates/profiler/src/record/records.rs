//! What record files hold, put together.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::{Denial, Object, Process, Right, Run, Stack, TraceWriter};
use crate::Raw;
use crate::collect::{First, Sink};

/// The most different accesses that are put together; more are counted and left out.
pub const MAX_ACCESSES: usize = 4_000_000;

/// The most bytes of names and stacks that are kept.
pub(super) const MAX_BYTES: usize = 1 << 30;

/// The accesses of some runs: each object, right, call stack, program and package once.
#[derive(Debug, Default)]
pub struct Records {
    /// The runs.
    pub runs: Vec<Run>,
    /// The processes that made an access first.
    pub processes: Vec<Process>,
    /// The call stacks.
    pub stacks: Vec<Stack>,
    /// The accesses, in the order of their first sight in the files.
    pub accesses: Vec<Access>,
    /// Lines that could not be read, those that were torn off included.
    pub skipped_lines: u64,
    /// Accesses that were left out because there were too many.
    pub left_out: u64,
}

/// One access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What was accessed.
    pub object: Arc<Object>,
    /// What was to be done.
    pub right: Right,
    /// What the access check said.
    pub denial: Denial,
    /// How often.
    pub count: u64,
    /// The first time, in milliseconds since 1970.
    pub first: u64,
    /// The last time.
    pub last: u64,
    /// In which run first: index of [`Records::runs`].
    pub run: usize,
    /// By whom first: index of [`Records::processes`].
    pub process: usize,
    /// From where: index of [`Records::stacks`].
    pub stack: Option<usize>,
}

impl Records {
    /// Keeps only the accesses that `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&Run, &Process, &Access) -> bool) {
        let (runs, processes) = (&self.runs, &self.processes);
        self.accesses.retain(|access| keep(&runs[access.run], &processes[access.process], access));
    }

    /// The runs of one package, with their accesses. Processes and stacks stay as they are.
    pub fn of_package(&self, package: &str) -> Records {
        let mut places = vec![None; self.runs.len()];
        let mut runs = Vec::new();
        for (at, run) in self.runs.iter().enumerate().filter(|(_, run)| run.package == package) {
            places[at] = Some(runs.len());
            runs.push(run.clone());
        }
        let mut accesses = Vec::new();
        for access in &self.accesses {
            if let Some(run) = places[access.run] {
                accesses.push(Access { run, ..access.clone() });
            }
        }
        Records {
            runs,
            processes: self.processes.clone(),
            stacks: self.stacks.clone(),
            accesses,
            skipped_lines: self.skipped_lines,
            left_out: self.left_out,
        }
    }

    /// Writes them as one record file, a section for each run. A count is in the section of the run that saw the access first.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let mut by_run: Vec<Vec<&Access>> = vec![Vec::new(); self.runs.len()];
        for access in &self.accesses {
            by_run[access.run].push(access);
        }
        for (run, accesses) in self.runs.iter().zip(by_run) {
            let mut trace = TraceWriter::new(&mut out, run)?;
            let (mut processes, mut stacks) = (HashSet::new(), HashSet::new());
            for (id, access) in accesses.into_iter().enumerate() {
                let number = |at: usize| u32::try_from(at).map_err(io::Error::other);
                let process = number(access.process)?;
                if processes.insert(process) {
                    trace.process(process, &self.processes[access.process])?;
                }
                let stack = access.stack.map(number).transpose()?;
                if let (Some(id), Some(at)) = (stack, access.stack)
                    && stacks.insert(id)
                {
                    trace.stack(id, &self.stacks[at])?;
                }
                let (object, right, denial) = (&*access.object, access.right, access.denial);
                let Access { count, first, last, .. } = *access;
                trace.access(&First {
                    id: id as u64,
                    object,
                    right,
                    denial,
                    count,
                    first,
                    last,
                    process,
                    stack,
                })?;
            }
        }
        Ok(())
    }

    /// How often anything was accessed, all together.
    pub fn events(&self) -> u64 {
        self.accesses.iter().fold(0, |sum, access| sum.saturating_add(access.count))
    }
}

/// Finds what was there before.
#[derive(Debug, Default)]
pub(super) struct Index {
    processes: HashMap<Process, usize>,
    stacks: HashMap<Stack, usize>,
    objects: HashMap<Arc<Object>, u32>,
    packages: HashMap<String, u32>,
    programs: HashMap<Raw, u32>,
    accesses: HashMap<(u32, u32, u32, Right, Option<usize>), usize>,
    bytes: usize,
}

impl Index {
    pub fn process(&mut self, records: &mut Records, process: Process) -> Option<usize> {
        if let Some(&at) = self.processes.get(&process) {
            return Some(at);
        }
        self.take(2 * process.size() + 2 * size_of::<Process>())?;
        records.processes.push(process.clone());
        self.processes.insert(process, records.processes.len() - 1);
        Some(records.processes.len() - 1)
    }

    pub fn stack(&mut self, records: &mut Records, stack: Stack) -> Option<usize> {
        if let Some(&at) = self.stacks.get(&stack) {
            return Some(at);
        }
        self.take(2 * stack.size() + 2 * size_of::<Stack>())?;
        records.stacks.push(stack.clone());
        self.stacks.insert(stack, records.stacks.len() - 1);
        Some(records.stacks.len() - 1)
    }

    /// Adds an access; says where it is in [`Records::accesses`], or `None` when there is no room for it.
    pub fn access(&mut self, records: &mut Records, access: Access) -> Option<usize> {
        let next = self.packages.len() as u32;
        let package = match self.packages.get(&records.runs[access.run].package) {
            Some(package) => *package,
            None => *self.packages.entry(records.runs[access.run].package.clone()).or_insert(next),
        };
        let exe = &records.processes[access.process].exe;
        let next = self.programs.len() as u32;
        let program = match self.programs.get(exe) {
            Some(program) => *program,
            None => *self.programs.entry(exe.clone()).or_insert(next),
        };
        let object = match self.objects.get(&access.object) {
            Some(object) => *object,
            None => {
                self.take(access.object.size() + 2 * size_of::<Object>())?;
                let next = self.objects.len() as u32;
                self.objects.insert(Arc::clone(&access.object), next);
                next
            }
        };
        let key = (package, program, object, access.right, access.stack);
        if let Some(&at) = self.accesses.get(&key) {
            let known = &mut records.accesses[at];
            known.count = known.count.saturating_add(access.count);
            known.first = known.first.min(access.first);
            known.last = known.last.max(access.last);
            return Some(at);
        }
        if records.accesses.len() >= MAX_ACCESSES {
            return None;
        }
        records.accesses.push(access);
        self.accesses.insert(key, records.accesses.len() - 1);
        Some(records.accesses.len() - 1)
    }

    fn take(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.checked_add(bytes).filter(|bytes| *bytes <= MAX_BYTES)?;
        Some(())
    }
}
