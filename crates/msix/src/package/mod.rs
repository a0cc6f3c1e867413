//! A package: its parts, what they are, the digests of their blocks, and its manifest, which all have to agree.

mod error;
mod inflate;
mod mapping;
mod open;

pub use error::PackageError;
pub use inflate::FileReader;
pub use open::{Contents, Package};
