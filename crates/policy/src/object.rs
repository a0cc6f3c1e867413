//! Securable objects: a path, a kind and a security descriptor.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use lowbox_security::{AccessMask, SecurityDescriptor};

use crate::host::FileId;

/// One securable object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The absolute path.
    pub path: PathBuf,
    /// What it is.
    pub kind: ObjectKind,
    /// Its explicit descriptor; what it inherits from objects above is added by the planner. Objects of one list share
    /// equal ones.
    pub descriptor: Arc<SecurityDescriptor>,
    /// Where the entry comes from.
    pub origin: Origin,
    /// Silently skipped when nothing is there.
    pub optional: bool,
    /// The identity that was pinned when the user named the object; the plan leaves it out when something else is there.
    pub identity: Option<FileId>,
    /// The path holds wildcards: `*` stands for any run of bytes within one name.
    pub glob: bool,
}

impl Object {
    /// An object that must exist, with a plain path.
    pub fn new(
        path: impl Into<PathBuf>,
        descriptor: impl Into<Arc<SecurityDescriptor>>,
        origin: Origin,
    ) -> Object {
        Object {
            path: path.into(),
            kind: ObjectKind::Tree,
            descriptor: descriptor.into(),
            origin,
            optional: false,
            identity: None,
            glob: false,
        }
    }
}

/// The kinds of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A directory with all beneath it, a file, or a symbolic link of the system that is kept.
    Tree,
    /// A unix socket that may be connected to with READ_DATA and WRITE_DATA.
    Socket,
    /// A character or block device.
    Device,
}

/// Where an object's entry comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A line of a catalogue file, built in or added.
    Catalogue {
        /// The file's name.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// `--grant PATH:letters`.
    Grant,
    /// A file named as an argument of the program.
    Argument,
    /// The program that is run, with its prefix.
    Program,
    /// The files of the package that is installed, and of those that it needs.
    Package,
    /// The package's own private data.
    PrivateData,
    /// A remembered consent.
    Consent,
}

impl Origin {
    /// Whether a person named the path for this program: such grants may not open protected places.
    pub fn is_grant(&self) -> bool {
        matches!(self, Origin::Grant | Origin::Argument | Origin::Program | Origin::Consent)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Catalogue { file, line } => write!(f, "{file}:{line}"),
            Origin::Grant => f.write_str("--grant"),
            Origin::Argument => f.write_str("an argument of the program"),
            Origin::Program => f.write_str("the program itself"),
            Origin::Package => f.write_str("the package's own files"),
            Origin::PrivateData => f.write_str("the package's private data"),
            Origin::Consent => f.write_str("a remembered consent"),
        }
    }
}

/// The rights of a grant, written as letters: `r` read and list, `w` write, create and delete, `x` execute.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct GrantRights {
    /// Read files and list folders.
    pub read: bool,
    /// Write, create, rename and delete.
    pub write: bool,
    /// Run programs.
    pub execute: bool,
}

/// Why the letters of a grant are not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRightsError {
    /// No letters.
    #[error("no rights are named; write r (read), w (write, create, delete), x (execute), for example rw")]
    Empty,
    /// A letter that means nothing.
    #[error("{0:?} is no right; the letters are r (read), w (write, create, delete) and x (execute)")]
    Unknown(char),
    /// Execute without read.
    #[error("x needs r as well, because the kernel reads a program before it runs it; write rx")]
    ExecuteWithoutRead,
}

impl FromStr for GrantRights {
    type Err = GrantRightsError;
    fn from_str(letters: &str) -> Result<Self, Self::Err> {
        let mut rights = GrantRights::default();
        for letter in letters.chars() {
            match letter {
                'r' => rights.read = true,
                'w' => rights.write = true,
                'x' => rights.execute = true,
                other => return Err(GrantRightsError::Unknown(other)),
            }
        }
        match rights {
            GrantRights { read: false, write: false, execute: false } => Err(GrantRightsError::Empty),
            GrantRights { read: false, execute: true, .. } => Err(GrantRightsError::ExecuteWithoutRead),
            rights => Ok(rights),
        }
    }
}

impl fmt::Display for GrantRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (set, letter) in [(self.read, "r"), (self.write, "w"), (self.execute, "x")] {
            if set {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

impl GrantRights {
    /// Read only.
    pub const READ: GrantRights = GrantRights { read: true, write: false, execute: false };
    /// Read and execute.
    pub const READ_EXECUTE: GrantRights = GrantRights { read: true, write: false, execute: true };
    /// Read and write.
    pub const READ_WRITE: GrantRights = GrantRights { read: true, write: true, execute: false };
    /// Everything.
    pub const ALL: GrantRights = GrantRights { read: true, write: true, execute: true };

    /// What either holds.
    pub fn union(self, other: GrantRights) -> GrantRights {
        GrantRights {
            read: self.read || other.read,
            write: self.write || other.write,
            execute: self.execute || other.execute,
        }
    }

    /// Whether it holds something of `other`.
    pub fn contains_any(self, other: GrantRights) -> bool {
        (self.read && other.read) || (self.write && other.write) || (self.execute && other.execute)
    }

    /// Whether it holds all of `other`.
    pub fn contains(self, other: GrantRights) -> bool {
        self.union(other) == self
    }

    /// The access mask of a grant: FR, FX, and for `w` FW with DELETE and DELETE_CHILD. READ_ATTRIBUTES and READ_EA
    /// come with each, since what can be opened can be looked at.
    pub fn mask(self) -> AccessMask {
        let mut mask = AccessMask::READ_ATTRIBUTES | AccessMask::READ_EA;
        if self.read {
            mask |= AccessMask::FILE_READ;
        }
        if self.write {
            mask |= AccessMask::FILE_WRITE | AccessMask::DELETE | AccessMask::DELETE_CHILD;
        }
        if self.execute {
            mask |= AccessMask::FILE_EXECUTE;
        }
        mask
    }
}
