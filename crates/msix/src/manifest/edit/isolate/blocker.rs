//! What stands against isolation, and the way out.

use std::fmt;

use crate::manifest::error::Position;

/// Something that stands against isolation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Where.
    pub position: Position,
    /// What.
    pub obstacle: Obstacle,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.obstacle)
    }
}

/// Kinds of it. (An `Error` only for its message: nothing returns it as one.)
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The launcher of the Package Support Framework.
    #[error(
        "application {0:?} starts by PsfLauncher, which starts the program as another process and puts code into it; isolation \
         does not let it. Write the program itself into Executable (PsfLauncher's config.json names it), and mend in the program what the \
         framework mended"
    )]
    PsfLauncher(String),
    /// A universal application beside.
    #[error(
        "application {0:?} is a universal one, and Win32 app isolation is for Win32 programs; all applications of a package have to be of one \
         kind. Put it into a package of its own"
    )]
    Universal(String),
    /// It is run by another package.
    #[error(
        "application {0:?} is run by another package's program (uap10:HostId), and that package decides how; isolate that one"
    )]
    Hosted(String),
    /// There is no program.
    #[error("application {0:?} names no Executable, so there is nothing to isolate; name its program")]
    NoProgram(String),
    /// An extension that changes what all programs share.
    #[error(
        "extension {0} registers something that all programs share and needs runFullTrust. Leave it out with --drop {0}, or keep it and \
         runFullTrust with --keep {0}"
    )]
    Global(String),
    /// A service.
    #[error(
        "extension {0} is a service, which the system starts outside of the isolation. Leave it out with --drop {0}"
    )]
    Service(String),
    /// A companion with full trust.
    #[error(
        "extension {0} starts a program with full trust beside the isolated one. Leave it out with --drop {0}"
    )]
    FullTrustProcess(String),
    /// An extension that runs something else than the application does.
    #[error(
        "extension {category} has {attribute}={value:?} of its own, and an extension of an isolated application runs the application's own \
         program. Leave it out with --drop {category}, or have it start the application with --keep {category}"
    )]
    OwnProgram {
        /// The extension.
        category: String,
        /// `Executable` or `EntryPoint`.
        attribute: &'static str,
        /// What it says.
        value: String,
    },
    /// An extension of the package, and of no application, that starts something.
    #[error(
        "extension {category} of the package, and of no application, starts {program} beside the isolated ones. Leave it out with --drop {category}"
    )]
    OfPackage {
        /// The extension.
        category: String,
        /// What it starts.
        program: String,
    },
    /// A capability that undoes isolation.
    #[error(
        "capability {0} hands out rights that undo the isolation; lowbox refuses it. Leave it out with --drop {0}"
    )]
    Capability(String),
}

impl Obstacle {
    /// A word for it, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PsfLauncher(_) => "psf-launcher",
            Self::Universal(_) => "mixed-types",
            Self::Hosted(_) => "hosted",
            Self::NoProgram(_) => "no-program",
            Self::Global(_) => "global-extension",
            Self::Service(_) => "service",
            Self::FullTrustProcess(_) => "full-trust-process",
            Self::OwnProgram { .. } | Self::OfPackage { .. } => "own-program",
            Self::Capability(_) => "capability",
        }
    }

    /// What `--drop` takes to leave it out, where that can be.
    #[must_use]
    pub fn dropped_by(&self) -> Option<&str> {
        match self {
            Self::PsfLauncher(_) | Self::Universal(_) | Self::Hosted(_) | Self::NoProgram(_) => None,
            Self::Global(name)
            | Self::Service(name)
            | Self::FullTrustProcess(name)
            | Self::Capability(name)
            | Self::OwnProgram { category: name, .. }
            | Self::OfPackage { category: name, .. } => Some(name),
        }
    }
}
