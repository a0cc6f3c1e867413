//! Where the bytes of a module are read from: its file, or what the program has of it in memory.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::maps::Mapping;
use super::memory::Memory;

/// The most bytes that are read of one module, all together.
pub(super) const MAX_BYTES: usize = 192 << 20;

/// The most bytes of one part of it.
const MAX_PART: usize = 96 << 20;

/// A file's bytes, by their place in it.
pub trait Source {
    /// So many from there; `None` if they can't be had as a whole, or are too many.
    fn at(&self, offset: u64, length: usize) -> Option<Vec<u8>>;
}

/// A file. It is read, never mapped: who cut it off meanwhile would end a reader that had mapped it.
pub(super) struct FileBytes {
    file: File,
    length: u64,
    left: Cell<usize>,
}

impl FileBytes {
    pub(super) fn new(file: File, length: u64) -> FileBytes {
        FileBytes { file, length, left: Cell::new(MAX_BYTES) }
    }
}

impl Source for FileBytes {
    fn at(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        if length > MAX_PART || offset.checked_add(length as u64)? > self.length {
            return None;
        }
        self.left.set(self.left.get().checked_sub(length)?);
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }
}

/// What is mapped of a file that can't be opened (any more).
pub(super) struct MappedBytes<'a> {
    memory: RefCell<&'a mut dyn Memory>,
    mappings: Vec<&'a Mapping>,
}

impl<'a> MappedBytes<'a> {
    pub(super) fn new(memory: &'a mut dyn Memory, mappings: Vec<&'a Mapping>) -> MappedBytes<'a> {
        MappedBytes { memory: RefCell::new(memory), mappings }
    }
}

/// The memory of a program has a bound of its own, and so much is unwind information of no library.
const MAX_MAPPED_PART: usize = 4 << 20;

impl Source for MappedBytes<'_> {
    fn at(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        if length > MAX_MAPPED_PART {
            return None;
        }
        let end = offset.checked_add(length as u64)?;
        let mapping = self.mappings.iter().find(|mapping| {
            let held = mapping.range.end - mapping.range.start;
            mapping.offset <= offset && end <= mapping.offset.saturating_add(held)
        })?;
        let mut bytes = vec![0; length];
        self.memory.borrow_mut().read(mapping.range.start + (offset - mapping.offset), &mut bytes)?;
        Some(bytes)
    }
}

impl Source for &[u8] {
    fn at(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let start = usize::try_from(offset).ok()?;
        self.get(start..start.checked_add(length)?).map(<[u8]>::to_vec)
    }
}
