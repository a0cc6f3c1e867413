//! The block map (`AppxBlockMap.xml`): a digest of each 64 KiB of each file, which the signature covers.

mod read;
mod write;

pub use read::BlockMapError;

use crate::digest::{Digest, HashAlgorithm};
use crate::part_name::PartName;

/// Bytes of data in a block, but for a file's last one.
pub const BLOCK: u64 = 64 << 10;

/// Largest block map that is read, in bytes: a package of some 10 GiB.
pub const MAX_BYTES: usize = 16 << 20;

pub(crate) const NAMESPACE: &str = "http://schemas.microsoft.com/appx/2010/blockmap";
/// Where `FileHash` is: the digest of a whole file, beside those of its blocks.
pub(crate) const FILE_HASH: &str = "http://schemas.microsoft.com/appx/2021/blockmap";

/// A block map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockMap {
    /// What its digests are.
    pub algorithm: HashAlgorithm,
    /// The files, in order.
    pub files: Vec<MappedFile>,
}

/// A file of a block map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// Its name, which here has backslashes and is not encoded.
    pub name: PartName,
    /// Bytes of data.
    pub size: u64,
    /// Bytes of the header before them in the container.
    pub header_size: u64,
    /// Its blocks; none if it is empty.
    pub blocks: Vec<Block>,
    /// The digest of the whole file, where there is one.
    pub file_hash: Option<Digest>,
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Digest of its data.
    pub hash: Digest,
    /// Bytes that it takes in the container, where it is deflated.
    pub compressed: Option<u32>,
}

impl MappedFile {
    /// Bytes of data in the block of this number.
    #[must_use]
    pub fn block_size(&self, number: usize) -> u64 {
        self.size.saturating_sub(number as u64 * BLOCK).min(BLOCK)
    }
}
