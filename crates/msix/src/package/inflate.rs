//! From a part's bytes in the container to its data, block by block, each checked before it is handed out.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::PackageError;
use super::segments::{Buffers, Segment};
use crate::block_map::{BLOCK, MappedFile};
use crate::container::{Method, Part, Source};
use crate::digest::{HashAlgorithm, Hasher};

/// A deflated stream's last block, when each of the others was flushed.
const TRAILER: [u8; 2] = [3, 0];

/// Reads a file of a package, or a segment of it. What it hands out has the digest that the block map says.
pub struct FileReader<'a, S: ?Sized> {
    source: &'a S,
    part: &'a Part,
    mapped: &'a MappedFile,
    algorithm: HashAlgorithm,
    segment: Segment,
    ended: bool,
    /// Where the next block's bytes are.
    at: u64,
    next: usize,
    crc: Crc,
    /// The digest of the whole file, where the block map has it.
    whole: Option<Hasher>,
    buffers: Buffers,
}

impl<'a, S: Source + ?Sized> FileReader<'a, S> {
    pub(super) fn new(
        source: &'a S,
        part: &'a Part,
        mapped: &'a MappedFile,
        algorithm: HashAlgorithm,
        segment: Segment,
        buffers: Buffers,
    ) -> Self {
        let mut reader = FileReader {
            source,
            part,
            mapped,
            algorithm,
            segment,
            ended: false,
            at: segment.at,
            next: segment.first,
            crc: Crc::new(),
            whole: None,
            buffers,
        };
        reader.whole = mapped.file_hash.filter(|_| reader.is_whole()).map(|_| algorithm.hasher());
        reader
    }

    fn is_whole(&self) -> bool {
        self.segment.is_all_of(self.mapped)
    }

    /// The checksum of the segment's data, for [`Contents::check_checksum`](super::Contents::check_checksum); and the buffers.
    #[must_use]
    pub fn into_parts(self) -> (Crc, Buffers) {
        (self.crc, self.buffers)
    }

    /// The next block's data; `None` after the last one, when the whole file has been found in order. (Of a segment, when it has; the file's
    /// checksum is left to [`Contents::check_checksum`](super::Contents::check_checksum).)
    ///
    /// # Errors
    /// When they can't be read or are not what block map and container say; nothing of this block may be used then.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, PackageError> {
        let number = self.next;
        let block = match self.mapped.blocks.get(number) {
            Some(block) if number < self.segment.end => block,
            _ => {
                self.finish()?;
                return Ok(None);
            }
        };
        let size = self.mapped.block_size(number);
        let compressed = block.compressed.map_or(size, u64::from);
        let Buffers { inflate, input, data } = &mut self.buffers;
        input.resize(compressed as usize, 0);
        self.source.read_exact_at(input, self.at)?;
        self.at += compressed;
        let data = match self.part.entry.method {
            Method::Stored => &input[..],
            Method::Deflated => {
                let bad =
                    |what| PackageError::BadData { name: self.part.name.to_string(), block: number, what };
                let inflate = inflate.get_or_insert_with(|| Decompress::new(false));
                // Each inflates alone, from its first byte to its last: whoever reads parts of a package relies on it.
                inflate.reset(false);
                // One more, so that a longer block is seen.
                data.resize(BLOCK as usize + 1, 0);
                let length = expand(inflate, input, data, &mut self.ended).map_err(bad)?;
                if length as u64 != size {
                    return Err(bad("it does not inflate to a block's size"));
                }
                // Who reads the file as a whole would stop there.
                if self.ended && number + 1 < self.mapped.blocks.len() {
                    return Err(bad("the deflated data end before the last block"));
                }
                &data[..length]
            }
        };
        if self.algorithm.digest(data) != block.hash {
            return Err(PackageError::WrongHash { name: self.part.name.to_string(), block: number });
        }
        self.crc.update(data);
        if let Some(whole) = &mut self.whole {
            whole.update(data);
        }
        self.next += 1;
        Ok(Some(data))
    }

    /// What follows the last block, and the checksum.
    fn finish(&mut self) -> Result<(), PackageError> {
        if self.segment.end == self.mapped.blocks.len() {
            self.check_end()?;
        }
        if self.is_whole() && self.crc.sum() != self.part.entry.crc {
            return Err(PackageError::WrongChecksum(self.part.name.to_string()));
        }
        let whole = self.whole.take().map(Hasher::finish);
        if whole.is_some() && whole != self.mapped.file_hash {
            return Err(PackageError::WrongFileHash(self.part.name.to_string()));
        }
        Ok(())
    }

    fn check_end(&mut self) -> Result<(), PackageError> {
        let left = self.part.entry.data_offset() + self.part.entry.compressed - self.at;
        let bad = |what| PackageError::BadData { name: self.part.name.to_string(), block: self.next, what };
        if self.part.entry.method == Method::Stored {
            return if left == 0 { Ok(()) } else { Err(bad("there are more data than blocks")) };
        }
        let mut trailer = vec![0; left.min(TRAILER.len() as u64 + 1) as usize];
        self.source.read_exact_at(&mut trailer, self.at)?;
        let whole = match trailer.as_slice() {
            _ if self.ended && left > 0 => false,
            // Sizes say where it ends; some tools flush the last block as all others and say no more.
            [] => true,
            trailer => {
                let inflate = self.buffers.inflate.get_or_insert_with(|| Decompress::new(false));
                inflate.reset(false);
                let rest = expand(inflate, trailer, &mut [0], &mut self.ended).map_err(bad)?;
                trailer == TRAILER && rest == 0
            }
        };
        if whole { Ok(()) } else { Err(bad("the deflated data do not end where they should")) }
    }
}

/// Inflates all of `input`, which has to be used up.
fn expand(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
    ended: &mut bool,
) -> Result<usize, &'static str> {
    let (mut used, mut made) = (0, 0);
    while used < input.len() {
        if *ended {
            return Err("there are bytes after the end of the deflated data");
        }
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(&input[used..], &mut output[made..], FlushDecompress::None)
            .map_err(|_| "the deflated data are damaged")?;
        let (step_in, step_out) =
            ((inflate.total_in() - before.0) as usize, (inflate.total_out() - before.1) as usize);
        (used, made) = (used + step_in, made + step_out);
        *ended = status == Status::StreamEnd;
        if step_in == 0 && step_out == 0 && !*ended {
            return Err("it inflates to more than it should");
        }
    }
    Ok(made)
}

/// Reads a small part as a whole, by the container alone.
pub(super) fn whole(
    source: &(impl Source + ?Sized),
    part: &Part,
    limit: u64,
) -> Result<Vec<u8>, PackageError> {
    let entry = &part.entry;
    let name = || part.name.to_string();
    if entry.size > limit || entry.compressed > limit {
        return Err(PackageError::TooLarge { name: name(), size: entry.size.max(entry.compressed) });
    }
    let mut input = vec![0; entry.compressed as usize];
    source.read_exact_at(&mut input, entry.data_offset())?;
    let data = match entry.method {
        Method::Stored => input,
        Method::Deflated => {
            let mut data = vec![0; entry.size as usize + 1];
            let mut ended = false;
            let bad = |what| PackageError::BadData { name: name(), block: 0, what };
            let length = expand(&mut Decompress::new(false), &input, &mut data, &mut ended).map_err(bad)?;
            if length as u64 != entry.size {
                return Err(bad("it does not inflate to its size"));
            }
            data.truncate(length);
            data
        }
    };
    let mut crc = Crc::new();
    crc.update(&data);
    if crc.sum() != entry.crc {
        return Err(PackageError::WrongChecksum(name()));
    }
    Ok(data)
}
