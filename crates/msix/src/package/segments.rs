//! Files in segments, for several threads.

use flate2::{Crc, Decompress};

use super::inflate::FileReader;
use super::{Contents, PackageError};
use crate::block_map::{BLOCK, MappedFile};
use crate::container::Source;

/// Some of a file's blocks, one behind the other: blocks have nothing to do with each other, so they can be read by several threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first one's number.
    pub(super) first: usize,
    /// The number behind the last one's.
    pub(super) end: usize,
    /// Where the first one's bytes are.
    pub(super) at: u64,
}

impl Segment {
    /// Where its data begin in the file's.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.first as u64 * BLOCK
    }

    /// Whether it is the whole file.
    #[must_use]
    pub fn is_all_of(&self, file: &MappedFile) -> bool {
        (self.first, self.end) == (0, file.blocks.len())
    }
}

/// What reading takes of memory, to be used again.
#[derive(Default)]
pub struct Buffers {
    pub(super) inflate: Option<Decompress>,
    pub(super) input: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Contents {
    /// A file in segments of so many blocks, the last of which may have fewer: at least one. A file of which there is a digest as a whole
    /// is one segment.
    ///
    /// # Panics
    /// When the file is another package's.
    pub fn segments<'a>(
        &self,
        file: &'a MappedFile,
        blocks: usize,
    ) -> impl Iterator<Item = Segment> + use<'a> {
        let blocks = if file.file_hash.is_some() { usize::MAX } else { blocks.max(1) };
        let mut next = Some((0, self.part_of(file).entry.data_offset()));
        std::iter::from_fn(move || {
            let (first, at) = next?;
            let end = file.blocks.len().min(blocks.saturating_add(first));
            let kept = |number: usize| {
                file.blocks[number].compressed.map_or_else(|| file.block_size(number), u64::from)
            };
            let behind = at + (first..end).map(kept).sum::<u64>();
            next = (end < file.blocks.len()).then_some((end, behind));
            Some(Segment { first, end, at })
        })
    }

    /// Reads a segment of a file, checking each block.
    ///
    /// # Panics
    /// When the file is another package's.
    pub fn segment_reader<'a, S: Source + ?Sized>(
        &'a self,
        source: &'a S,
        file: &'a MappedFile,
        segment: Segment,
        buffers: Buffers,
    ) -> FileReader<'a, S> {
        let algorithm = self.block_map().algorithm;
        FileReader::new(source, self.part_of(file), file, algorithm, segment, buffers)
    }

    /// Checks the container's checksum of a file whose segments have these, in their order.
    ///
    /// # Errors
    /// When it is another one.
    ///
    /// # Panics
    /// When the file is another package's.
    pub fn check_checksum(
        &self,
        file: &MappedFile,
        segments: impl IntoIterator<Item = Crc>,
    ) -> Result<(), PackageError> {
        let mut whole = Crc::new();
        segments.into_iter().for_each(|one| whole.combine(&one));
        if whole.sum() == self.part_of(file).entry.crc {
            return Ok(());
        }
        Err(PackageError::WrongChecksum(file.name.to_string()))
    }
}
