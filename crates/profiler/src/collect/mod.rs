//! The table in which each access is kept once, with its count, while the program runs.

mod table;

use std::collections::HashMap;
use std::sync::Arc;

use table::Table;

use crate::Raw;
use crate::record::{Denial, Object, Process, Right, Stack};

/// Where the table writes to: a record file, or a test.
pub trait Sink {
    /// Why it failed.
    type Error;

    /// A process that accesses name from now on.
    ///
    /// # Errors
    /// When it can't be written; the table keeps it and tries again.
    fn process(&mut self, id: u32, process: &Process) -> Result<(), Self::Error>;

    /// A call stack that accesses name from now on.
    ///
    /// # Errors
    /// As above.
    fn stack(&mut self, id: u32, stack: &Stack) -> Result<(), Self::Error>;

    /// An access, when it is first seen.
    ///
    /// # Errors
    /// As above.
    fn access(&mut self, first: &First<'_>) -> Result<(), Self::Error>;

    /// The count of an access so far, and its last time.
    ///
    /// # Errors
    /// As above.
    fn count(&mut self, id: u64, count: u64, last: u64) -> Result<(), Self::Error>;
}

/// An access that is written for the first time.
#[derive(Clone, Copy, Debug)]
pub struct First<'a> {
    /// Its number.
    pub id: u64,
    /// What was accessed.
    pub object: &'a Object,
    /// What was to be done.
    pub right: Right,
    /// What the access check said.
    pub denial: Denial,
    /// How often so far: 1, but after a failure of the sink.
    pub count: u64,
    /// First time, milliseconds since 1970.
    pub first: u64,
    /// Last time.
    pub last: u64,
    /// The process that did it first.
    pub process: u32,
    /// From where.
    pub stack: Option<u32>,
}

/// One access that the host saw.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What was accessed.
    pub object: &'a Object,
    /// What was to be done.
    pub right: Right,
    /// What the access check said.
    pub denial: Denial,
    /// The file that the process runs.
    pub exe: &'a Raw,
    /// From where, as far as it can be told for little: accesses of one object, right and program that have the same number
    /// here count as made by the same call stack, which is then captured once. A hash of the thread's stack pointer and
    /// program counter, or 0 for one stack only.
    pub site: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// How much the table holds before it is written out and emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Different accesses and sites.
    pub entries: usize,
    /// Bytes of names and stacks.
    pub bytes: usize,
}

/// From so many sites an access is made; what is made from others counts as from the last of them. A program that calls itself, or
/// means to, has any number of them.
const MAX_SITES: u32 = 128;

/// About 100 MB at the most.
impl Default for Limits {
    fn default() -> Limits {
        Limits { entries: 1 << 18, bytes: 64 << 20 }
    }
}

/// The table. Counts are exact: when it is full, it is written out and begun anew, and the reader of the record file adds up
/// what belongs together.
#[derive(Debug, Default)]
pub struct Collector {
    limits: Limits,
    objects: HashMap<Arc<Object>, u32>,
    programs: HashMap<Raw, u32>,
    processes: Table<Process>,
    stacks: Table<Stack>,
    sites: HashMap<Site, usize>,
    /// How many sites an access has, and the last of them.
    ways: HashMap<(u32, Right, u32), (u32, u64)>,
    entries: HashMap<Key, usize>,
    accesses: Vec<Entry>,
    bytes: usize,
    next: u64,
    spilled: u64,
    refused: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Site {
    object: u32,
    right: Right,
    program: u32,
    site: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    object: u32,
    right: Right,
    program: u32,
    stack: Option<u32>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    object: Arc<Object>,
    key: Key,
    denial: Denial,
    process: u32,
    count: u64,
    first: u64,
    last: u64,
    /// The count that the sink knows; 0: not even the access.
    told: u64,
}

impl Collector {
    /// An empty table.
    pub fn new(limits: Limits) -> Collector {
        Collector { limits, ..Collector::default() }
    }

    /// Counts an access. `details` is asked for process and call stack where the access is new. Says whether it was.
    ///
    /// # Errors
    /// When the sink fails. The access is in the table all the same and is written later, unless the table is full: then it is
    /// in [`refused`](Self::refused).
    pub fn add<S: Sink>(
        &mut self,
        event: &Event<'_>,
        details: impl FnOnce() -> (Process, Option<Stack>),
        sink: &mut S,
    ) -> Result<bool, S::Error> {
        if let Some(entry) = self.known(event) {
            entry.count += 1;
            entry.last = entry.last.max(event.at);
            return Ok(false);
        }
        if (self.sites.len() >= self.limits.entries || self.bytes >= self.limits.bytes)
            && let Err(error) = self.spill(sink)
        {
            self.refused += 1;
            return Err(error);
        }
        let new = self.insert(event, details);
        if new {
            self.write_first(self.accesses.len() - 1, sink)?;
        }
        Ok(new)
    }

    /// The site of an access, for [`Event::site`]: what `tell` says, which is not asked where there are too many already.
    pub fn site(&self, object: &Object, right: Right, exe: &Raw, tell: impl FnOnce() -> u64) -> u64 {
        let object = self.objects.get(object).copied();
        let known = object.zip(self.programs.get(exe).copied());
        match known.and_then(|(object, program)| self.ways.get(&(object, right, program))) {
            Some((count, last)) if *count >= MAX_SITES => *last,
            _ => tell(),
        }
    }

    /// Writes the counts that have changed.
    ///
    /// # Errors
    /// When the sink fails; the rest is written the next time.
    pub fn checkpoint<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        for at in 0..self.accesses.len() {
            if self.accesses[at].told == 0 {
                self.write_first(at, sink)?;
            }
            let entry = &mut self.accesses[at];
            if entry.told < entry.count {
                sink.count(entry.id, entry.count, entry.last)?;
                entry.told = entry.count;
            }
        }
        Ok(())
    }

    /// How many different accesses were told to the sink, those of tables that were full included.
    pub fn recorded(&self) -> u64 {
        self.next
    }

    /// How often the table was full.
    pub fn spilled(&self) -> u64 {
        self.spilled
    }

    /// How many accesses were lost because the table was full and the sink failed.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn known(&mut self, event: &Event<'_>) -> Option<&mut Entry> {
        let object = *self.objects.get(event.object)?;
        let program = *self.programs.get(event.exe)?;
        let site = Site { object, right: event.right, program, site: event.site };
        let at = *self.sites.get(&site)?;
        self.accesses.get_mut(at)
    }

    /// Puts it in the table. Whether it is a new access, and not only a new way to a known one.
    fn insert(&mut self, event: &Event<'_>, details: impl FnOnce() -> (Process, Option<Stack>)) -> bool {
        let (mut process, stack) = details();
        process.exe = event.exe.clone();
        let (shared, object) = match self.objects.get_key_value(event.object) {
            Some((shared, object)) => (Arc::clone(shared), *object),
            None => {
                self.bytes += event.object.size() + size_of::<Object>();
                let (shared, next) = (Arc::new(event.object.clone()), self.objects.len() as u32);
                self.objects.insert(Arc::clone(&shared), next);
                (shared, next)
            }
        };
        let program = match self.programs.get(event.exe) {
            Some(&program) => program,
            None => {
                self.bytes += event.exe.len() + size_of::<Raw>();
                let next = self.programs.len() as u32;
                *self.programs.entry(event.exe.clone()).or_insert(next)
            }
        };
        let stack = stack.map(|stack| {
            let size = stack.size() + size_of::<Stack>();
            let (number, new) = self.stacks.number(stack);
            self.bytes += if new { size } else { 0 };
            number
        });
        let site = Site { object, right: event.right, program, site: event.site };
        let key = Key { object, right: event.right, program, stack };
        let (count, last) = self.ways.entry((object, event.right, program)).or_default();
        (*count, *last) = (*count + 1, event.site);
        if let Some(&at) = self.entries.get(&key) {
            self.sites.insert(site, at);
            let entry = &mut self.accesses[at];
            entry.count += 1;
            entry.last = entry.last.max(event.at);
            return false;
        }
        let size = process.size() + size_of::<Process>();
        let (process, new) = self.processes.number(process);
        self.bytes += if new { size } else { 0 };
        let (id, denial, at) = (self.next, event.denial, event.at);
        self.next += 1;
        self.sites.insert(site, self.accesses.len());
        self.entries.insert(key, self.accesses.len());
        self.accesses.push(Entry {
            id,
            object: shared,
            key,
            denial,
            process,
            count: 1,
            first: at,
            last: at,
            told: 0,
        });
        true
    }

    fn write_first<S: Sink>(&mut self, at: usize, sink: &mut S) -> Result<(), S::Error> {
        self.processes.write(|id, process| sink.process(id, process))?;
        self.stacks.write(|id, stack| sink.stack(id, stack))?;
        let entry = &mut self.accesses[at];
        sink.access(&First {
            id: entry.id,
            object: &entry.object,
            right: entry.key.right,
            denial: entry.denial,
            count: entry.count,
            first: entry.first,
            last: entry.last,
            process: entry.process,
            stack: entry.key.stack,
        })?;
        entry.told = entry.count;
        Ok(())
    }

    /// Writes everything out and begins the table anew: what is seen again is written again, under another number.
    ///
    /// # Errors
    /// When the sink fails; then the table is as it was.
    pub fn spill<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.checkpoint(sink)?;
        self.objects.clear();
        self.programs.clear();
        self.processes.forget();
        self.stacks.forget();
        self.sites.clear();
        self.ways.clear();
        self.entries.clear();
        self.accesses.clear();
        self.bytes = 0;
        self.spilled += 1;
        Ok(())
    }
}
