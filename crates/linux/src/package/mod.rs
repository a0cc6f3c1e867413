//! Packages as files: made from a folder, checked, unpacked into a folder.

mod blocks;
mod pack;
mod source;
mod tree;
mod trusted;
mod unpack;

pub use blocks::check_blocks;
pub use pack::{PackError, Packed, pack};
pub use source::PackageFile;
pub use tree::{Tree, TreeError, TreeFile, tree};
pub use trusted::{Kept, TrustStore, TrustStoreError};
pub use unpack::{UnpackError, unpack};

use std::num::NonZero;

/// How many threads work on a package: as many as there are processors, but for machines with very many of them.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(8)
}
