//! A package: its parts, what they are, the digests of their blocks, and its manifest, which all have to agree.

mod error;
mod inflate;
mod mapping;
mod open;
mod segments;

pub use error::PackageError;
pub use inflate::FileReader;
pub use open::{Contents, Package};
pub use segments::{Buffers, Segment};

/// The container's checksum of data, in the making.
pub use flate2::Crc as Checksum;
