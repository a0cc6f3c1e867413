//! One block: its digest, checksum and deflated form. Blocks have nothing to do with each other, so each can be packed by a thread of
//! its own.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::block_map::BLOCK;
use crate::digest::{Digest, HashAlgorithm};

/// A block, ready to be written.
#[derive(Debug)]
pub struct PackedBlock {
    /// What is written.
    pub bytes: Vec<u8>,
    /// Bytes of data.
    pub size: u32,
    /// Digest of the data.
    pub hash: Digest,
    /// Checksum of the data.
    pub crc: Crc,
}

/// Packs blocks, one after the other.
pub struct BlockPacker {
    algorithm: HashAlgorithm,
    compress: Compress,
    /// Finds out whether there is anything to gain.
    quick: Compress,
}

/// A sixth less time than 6 takes, for a five-hundredth more bytes; the highest makes a hundredth less of them in five times the time.
const LEVEL: u32 = 5;

impl BlockPacker {
    /// With digests of this kind.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> BlockPacker {
        let [compress, quick] = [LEVEL, 1].map(|level| Compress::new(Compression::new(level), false));
        BlockPacker { algorithm, compress, quick }
    }

    /// As it is.
    #[must_use]
    pub fn store(&mut self, data: Vec<u8>) -> PackedBlock {
        let (hash, crc) = self.sums(&data);
        PackedBlock { size: data.len() as u32, bytes: data, hash, crc }
    }

    /// Deflated, and flushed, so that it inflates on its own: what a deflated file is made of.
    ///
    /// # Panics
    /// When it has more than 64 KiB.
    #[must_use]
    pub fn deflate(&mut self, data: &[u8]) -> PackedBlock {
        assert!(data.len() as u64 <= BLOCK, "a block has 64 KiB at the most");
        let is_noise = looks_like_noise(data) && deflated(&mut self.quick, data).len() >= data.len();
        let bytes = if is_noise { stored(data) } else { deflated(&mut self.compress, data) };
        let (hash, crc) = self.sums(data);
        PackedBlock { bytes, size: data.len() as u32, hash, crc }
    }

    fn sums(&self, data: &[u8]) -> (Digest, Crc) {
        let mut crc = Crc::new();
        crc.update(data);
        (self.algorithm.digest(data), crc)
    }
}

fn deflated(compress: &mut Compress, data: &[u8]) -> Vec<u8> {
    // Nothing of the last block is left after it; so a flush that clears the tables too (FlushCompress::Full) would clear them twice, which
    // takes a quarter of the time. What is written is the same.
    compress.reset();
    // Level 1 knows only the fixed codes, the longest of nine bits; the others store what has no shorter ones.
    let mut bytes = Vec::with_capacity(data.len() + data.len() / 8 + 64);
    let status = compress.compress_vec(data, &mut bytes, FlushCompress::Sync);
    assert!(
        matches!(status, Ok(Status::Ok))
            && compress.total_in() == data.len() as u64
            && bytes.len() < bytes.capacity(),
        "deflate needs no more than that"
    );
    bytes
}

/// Deflate's blocks that are not compressed, and the empty one that a flush is (RFC 1951 3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() + 16);
    for part in data.chunks(usize::from(u16::MAX)).chain([&[][..]]) {
        let length = part.len() as u16;
        bytes.push(0);
        bytes.extend(length.to_le_bytes());
        bytes.extend((!length).to_le_bytes());
        bytes.extend(part);
    }
    bytes
}

/// Whether all bytes are about as frequent: encrypted, compressed already, or made so. A look that takes a fiftieth of the time of deflate.
fn looks_like_noise(data: &[u8]) -> bool {
    let mut counts = [0_u64; 256];
    data.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    // Of noise it is 1 + 255 / length times that.
    let even = (data.len() * data.len() / 256) as u64;
    data.len() >= 4096 && squares <= even + even / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Decompress, FlushDecompress};

    /// Bytes without a pattern (xorshift).
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        });
        next.take(length).collect()
    }

    #[test]
    fn noise_is_not_made_longer_and_patterns_in_it_are_found() {
        let mut packer = BlockPacker::new(HashAlgorithm::Sha256);
        let length = BLOCK as usize;
        let repeated = noise(16_384).repeat(4);
        for (data, most) in [
            (noise(length), length + 32),
            (repeated, length / 3),
            (vec![7; length], 300),
            (noise(5_000), 5_032),
        ] {
            let block = packer.deflate(&data);
            assert!(block.bytes.len() <= most, "{} of {}", block.bytes.len(), data.len());
            let mut inflated = Vec::with_capacity(length + 1);
            let mut decompress = Decompress::new(false);
            decompress.decompress_vec(&block.bytes, &mut inflated, FlushDecompress::Sync).unwrap();
            assert!(inflated == data);
        }
    }
}
