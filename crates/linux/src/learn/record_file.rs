//! The file that a section of records is written to, bounded where a program runs for months.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

use lowbox_profiler::record::{Reader, Run, TraceWriter};

use super::folder::Named;

/// When a file is written anew.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// It has grown by so many bytes: each access is to be in it once.
    grown: u64,
    /// What then takes more than this is full.
    full: u64,
}

const LIMITS: Limits = Limits { grown: 32 << 20, full: 24 << 20 };

/// A file of records, open for appending.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    bytes: u64,
    limits: Limits,
    full: bool,
    /// Its name, where it is bounded.
    named: Option<Named>,
}

impl RecordFile {
    /// One that may grow as it will: somebody waits for the end of the program.
    pub fn unbounded(file: File) -> RecordFile {
        RecordFile { file, bytes: 0, limits: LIMITS, full: false, named: None }
    }

    /// One that does not grow without end, and that nobody else writes to.
    pub(super) fn bounded(file: File, named: Named) -> RecordFile {
        RecordFile { file, bytes: 0, limits: LIMITS, full: false, named: Some(named) }
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
        self.is_bounded() && self.bytes >= self.limits.grown
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
        Ok(length <= self.limits.full)
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

#[cfg(test)]
mod tests {
    use super::super::folder::RecordFolder;
    use super::*;
    use lowbox_profiler::collect::{First, Sink};
    use lowbox_profiler::record::{Denial, Mode, Node, Object, Process, Right, VERSION, Why};
    use lowbox_security::AccessMask;

    fn run() -> Run {
        Run {
            version: VERSION,
            lowbox: String::new(),
            package: "app_1".to_owned(),
            publisher_id: String::new(),
            machine: "".into(),
            mode: Mode::Soak,
            started: 1,
            command: Vec::new(),
            capabilities: Vec::new(),
            grants: Vec::new(),
            less_privileged: false,
            probes: false,
            drives: Vec::new(),
        }
    }

    fn access(sink: &mut TraceWriter<RecordFile>, id: u64, path: &str, count: u64) {
        let object = Object::File { path: path.into(), node: Node::File };
        let mask = AccessMask::NONE;
        let denial = Denial { desired: mask, missing: mask, on_parent: false, why: Why::NoEntry };
        let right = Right::from_name("read").unwrap();
        sink.process(0, &Process::new(1, 0, "/bin/app".into(), [&b"app"[..]])).unwrap();
        let (first, last) = (1, 2);
        sink.access(&First {
            id,
            object: &object,
            right,
            denial,
            count,
            first,
            last,
            process: 0,
            stack: None,
        })
        .unwrap();
    }

    #[test]
    fn a_file_that_grows_is_rewritten_with_every_count_until_it_is_full() {
        let place = tempfile::tempdir().unwrap();
        let folder = RecordFolder::open_or_create(&place.path().join("r")).unwrap();
        let mut file = folder.begin(true).unwrap();
        file.limits = Limits { grown: 4000, full: 3000 };
        let mut sink = file.begin(&run()).unwrap();
        let (mut rewritten, mut sum) = (0, 0);
        while rewritten < 5 {
            access(&mut sink, sum, "/same", 1);
            sum += 1;
            if sink.writer().has_grown() {
                let mut file = sink.into_inner();
                assert!(file.rewrite().unwrap(), "one access takes little room");
                sink = file.begin(&run()).unwrap();
                rewritten += 1;
            }
        }
        let mut id = 0;
        let full = loop {
            access(&mut sink, id, &format!("/another/{id}"), 1);
            id += 1;
            if sink.writer().has_grown() {
                let mut file = sink.into_inner();
                let room = file.rewrite().unwrap();
                let whole = file.file.metadata().unwrap().len();
                sink = file.begin(&run()).unwrap();
                if !room {
                    break whole;
                }
            }
        };
        assert!(full > 3000 && full < 20_000, "{full}");
        drop(sink);
        let found = folder.files().unwrap();
        assert_eq!(found.len(), 1);
        let mut reader = Reader::new();
        reader.read(BufReader::new(folder.read(&found[0].name).unwrap())).unwrap();
        let records = reader.finish();
        assert_eq!(records.accesses.len() as u64, 1 + id);
        assert_eq!(records.accesses[0].count, sum);
        assert_eq!(records.skipped_lines, 0);
    }
}
