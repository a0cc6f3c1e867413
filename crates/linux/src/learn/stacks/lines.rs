//! Source files and lines, where a module has debug information of its own.

use std::fmt;
use std::rc::Rc;

use gimli::{EndianRcSlice, NativeEndian, SectionId};

use super::elf::Elf;
use super::names::demangled;
use super::source::Source;
use super::symbols::MAX_NAME;

type Reader = EndianRcSlice<NativeEndian>;

/// The most bytes of debug information that are read of a module; one with more has no lines.
const MAX_DEBUG: usize = 64 << 20;
/// The most functions that are inlined into one another at one place.
const MAX_INLINED: usize = 64;
/// The longest path of a source file that is kept.
const MAX_PATH: usize = 4096;

/// Debug information.
pub(super) struct Lines {
    context: addr2line::Context<Reader>,
    size: usize,
}

/// A place in a source file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The function, which may be part of the one that is called.
    pub function: Option<Vec<u8>>,
    /// The file.
    pub file: Option<Vec<u8>>,
    /// The line in it.
    pub line: Option<u32>,
}

impl Lines {
    pub(super) fn read(elf: &Elf, source: &dyn Source) -> Option<Lines> {
        let mut size = 0;
        let load = |id: SectionId| -> Result<Reader, gimli::Error> {
            let bytes = elf.section(source, id.name().as_bytes()).unwrap_or_default();
            size += bytes.len();
            // Too much of one part is as good as none of it.
            let bytes = if size <= MAX_DEBUG { bytes } else { Vec::new() };
            Ok(EndianRcSlice::new(Rc::from(bytes), NativeEndian))
        };
        elf.addresses(b".debug_info")?;
        let debug = gimli::Dwarf::load(load).ok()?;
        if size > MAX_DEBUG {
            return None;
        }
        Some(Lines { context: addr2line::Context::from_dwarf(debug).ok()?, size })
    }

    /// The places that an address stands for, those inlined first.
    pub(super) fn at(&self, address: u64) -> Vec<Line> {
        let mut all = Vec::new();
        // `addr2line` looks at what lies between this address and the next one.
        if address == u64::MAX {
            return all;
        }
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else { return all };
        while let (Ok(Some(frame)), true) = (frames.next(), all.len() < MAX_INLINED) {
            let location = frame.location.as_ref();
            let function = frame.function.as_ref().and_then(|function| {
                let name = function.raw_name().ok()?;
                Some(demangled(cut(name.as_bytes(), MAX_NAME)))
            });
            let file = location.and_then(|location| location.file);
            let file = file.map(|file| cut(file.as_bytes(), MAX_PATH).to_vec());
            let line = location.and_then(|location| location.line).filter(|line| *line > 0);
            all.push(Line { function, file, line });
        }
        all
    }

    pub(super) fn size(&self) -> usize {
        // What is made of it on demand takes about as much again.
        2 * self.size
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("size", &self.size).finish_non_exhaustive()
    }
}

fn cut(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[..bytes.len().min(length)]
}
