//! The file that a section of records is written to, bounded where a program runs for months.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

use lowbox_profiler::record::{Reader, Run, TraceWriter};

use super::folder::Named;

/// A file that has grown by so many bytes is written anew with each access once.
const REWRITTEN_FROM: u64 = 32 << 20;
/// What takes more than this when each access is in it once is full.
const FULL: u64 = 24 << 20;

/// A file of records, open for appending.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    bytes: u64,
    full: bool,
    /// Its name, where it is bounded.
    named: Option<Named>,
}

impl RecordFile {
    /// One that may grow as it will: somebody waits for the end of the program.
    pub fn unbounded(file: File) -> RecordFile {
        RecordFile { file, bytes: 0, full: false, named: None }
    }

    /// One that does not grow without end, and that nobody else writes to.
    pub(super) fn bounded(file: File, named: Named) -> RecordFile {
        RecordFile { file, bytes: 0, full: false, named: Some(named) }
    }

    /// The same, into which no access is written: the folder has no room.
    pub fn full(self) -> RecordFile {
        RecordFile { full: true, ..self }
    }

    /// Whether accesses are to be left out.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether it is written for months.
    pub(super) fn is_bounded(&self) -> bool {
        self.named.is_some()
    }

    /// Whether it has grown so much that it should be rewritten.
    pub(super) fn has_grown(&self) -> bool {
        self.is_bounded() && self.bytes >= REWRITTEN_FROM
    }

    /// Writes what is in it anew, each access once with its whole count, and goes on behind it. Says whether there is room for more.
    /// A crash leaves the one or the other. If it fails the file is as it was, and there is no room.
    ///
    /// # Errors
    /// The system's; a file that is no record file any more.
    pub(super) fn rewrite(&mut self) -> io::Result<bool> {
        self.bytes = 0;
        let Some(named) = &self.named else { return Ok(true) };
        let mut old = self.file.try_clone()?;
        old.rewind()?;
        let mut reader = Reader::new();
        reader.read(BufReader::new(old)).map_err(io::Error::other)?;
        let records = reader.finish();
        let file = named.replace(|file| {
            let mut out = BufWriter::new(file);
            records.write(&mut out)?;
            out.flush()
        })?;
        let length = file.metadata()?.len();
        self.file = file;
        Ok(length <= FULL)
    }

    /// Begins a section.
    pub(super) fn begin(self, run: &Run) -> io::Result<TraceWriter<RecordFile>> {
        TraceWriter::new(self, run)
    }
}

impl Write for RecordFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
