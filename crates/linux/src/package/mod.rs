//! Packages as files: made from a folder, checked, unpacked into a folder.

mod blocks;
mod bundle;
mod init;
mod launcher;
mod machine;
mod pack;
mod progress;
mod source;
mod tree;
mod trusted;
pub(crate) mod unpack;

pub use blocks::{check_blocks, check_signed};
pub use bundle::{BundleFileError, PackedBundle, check_bundle, pack_bundle, packages_in, unpack_bundle};
pub use init::{InitError, Made, New, init};
pub use machine::machine;
pub use pack::{PackError, Packed, pack};
pub use progress::Progress;
pub use source::PackageFile;
pub use tree::{Tree, TreeError, TreeFile, tree};
pub use trusted::{Kept, TrustStore, TrustStoreError};
pub use unpack::{MAX_SIZE, UnpackError, unpack};

use std::num::NonZero;

/// How many threads work on a package: as many as there are processors, but for machines with very many of them.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(8)
}
