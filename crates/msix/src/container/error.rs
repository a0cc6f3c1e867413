//! Why a container is refused.

use crate::part_name::PartNameError;

/// Why a container is refused. Everything here is a property of the file, but for [`ContainerError::Read`].
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// It could not be read.
    #[error("it can't be read: {0}")]
    Read(#[from] std::io::Error),
    /// There is no end record where one has to be.
    #[error("it is no package, or its end is missing: a ZIP file ends in an end record without a comment")]
    NoEnd,
    /// The end records contradict each other or the file.
    #[error("its end records are wrong: {0}")]
    BadEnd(&'static str),
    /// More than a reader takes.
    #[error("it has {0}")]
    TooMuch(&'static str),
    /// The directory can't be read.
    #[error("its directory is wrong at byte {at}: {what}")]
    BadDirectory {
        /// Where in the file.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A part uses what packages must not use, or its header says something else than the directory.
    #[error("part {name:?}: {what}")]
    BadPart {
        /// Its name as the directory has it, printable.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A part's name is none.
    #[error("part {name:?}: {error}")]
    BadName {
        /// As the directory has it, printable.
        name: String,
        /// What is wrong.
        error: PartNameError,
    },
    /// Two parts have one name, where letters' case does not count.
    #[error("parts {first:?} and {second:?} have one name: Windows does not tell upper and lower case apart")]
    SameName {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A part is a folder of another.
    #[error("part {file:?} is a file, and a folder of part {other:?}")]
    FileAsFolder {
        /// The file.
        file: String,
        /// What lies in it.
        other: String,
    },
    /// Bytes that belong to nothing.
    #[error("{size} bytes at {at} belong to no part: {what}")]
    Hidden {
        /// Where they begin.
        at: u64,
        /// How many.
        size: u64,
        /// Which they are.
        what: &'static str,
    },
    /// Two parts share bytes.
    #[error("part {name:?} overlaps what comes after it")]
    Overlap {
        /// The first of them.
        name: String,
    },
}
