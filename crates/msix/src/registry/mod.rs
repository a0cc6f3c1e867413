//! The registry of Windows as packages have it: `Registry.dat`, `User.dat` and `UserClasses.dat` in a package's root are hives (REGF), which
//! Windows shows to the package's programs beneath its own registry. Here they are read and written ([`hive`]), turned into a text that
//! Wine's `reg import` takes ([`import_text`]), and made of what an installer wrote into Wine's registry ([`read_wine`]).
//!
//! All of it comes from people who need not be trusted, so everything is bounded: see [`Budget`].

pub mod hive;
mod import;
mod key;
mod package;
mod tokens;
mod wine;

pub use import::import_text;
pub use key::{Folded, Key, Kind, Value};
pub use package::{HIVES, PackageRegistry};
pub use tokens::Tokens;
pub use wine::read_wine;

/// Files of more are not read.
pub const MAX_BYTES: usize = 64 << 20;
/// Keys in one another, as in Windows ("Registry element size limits").
pub const MAX_DEPTH: usize = 512;
/// The longest name of a key and of a value, in UTF-16 units (the same page).
pub const MAX_KEY_NAME: usize = 255;
/// The longest name of a value.
pub const MAX_VALUE_NAME: usize = 16_383;

/// Why a registry can't be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Something else.
    #[error("it is no registry file")]
    Unknown,
    /// It ends too early, or leads beyond its end.
    #[error("{0} is cut off, or lies outside of it")]
    CutOff(&'static str),
    /// It contradicts itself.
    #[error("it is damaged: {0}")]
    Wrong(&'static str),
    /// More than anybody needs.
    #[error("it is too large: {0}")]
    TooMuch(&'static str),
}

/// What one registry may come to, however little it takes to write that down.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    entries: usize,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        // A whole Windows has half a million keys; a package's hives have some thousand.
        Budget { entries: 1_000_000, bytes: MAX_BYTES }
    }
}

impl Budget {
    /// Takes a key or value of so many bytes.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), RegistryError> {
        self.entries = self.entries.checked_sub(1).ok_or(RegistryError::TooMuch("keys and values"))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(RegistryError::TooMuch("names and data"))?;
        Ok(())
    }
}
