//! What is accepted but deserves a word.

use super::error::Position;
use std::fmt;

/// Something in the manifest that does not do what its author may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub position: Option<Position>,
    /// What.
    pub notice: Notice,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{position}: {}", self.notice),
            None => self.notice.fmt(f),
        }
    }
}

/// Kinds of warnings. (An `Error` only for its message: nothing returns it as one.)
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// `runFullTrust` in a package of isolated applications, without an extension that needs it.
    #[error(
        "runFullTrust is declared beside isolated applications; it does not lift their isolation, \
         remove it unless an extension such as windows.comServer needs it"
    )]
    FullTrustBesideIsolation,
    /// An extension that registers something global and needs `runFullTrust`.
    #[error("extension {0} needs the restricted capability runFullTrust; declare it or remove the extension")]
    NeedsFullTrust(String),
    /// `isolatedWin32-…` together with `Windows.PartialTrustApplication`.
    #[error(
        "capability {0} is declared beside an application with EntryPoint Windows.PartialTrustApplication; \
         Windows does not start such a package, use the uap18 isolation attributes instead"
    )]
    SiloCapabilityWithPartialTrust(String),
    /// `isolatedWin32-…` in a package without an isolated Win32 application.
    #[error("capability {0} has no effect: no application is an isolated Win32 application (appSilo)")]
    SiloCapabilityWithoutSilo(String),
    /// Isolated and full-trust applications in one package.
    #[error(
        "application {0:?} runs with full trust beside isolated ones; isolate all applications of the package"
    )]
    MixedIsolation(String),
    /// `uap18` isolation over a base entry point of full trust without `runFullTrust`.
    #[error(
        "application {0:?} keeps EntryPoint Windows.FullTrustApplication beneath its uap18 isolation without \
         runFullTrust; newer build tools refuse that (0x80080204), drop the plain EntryPoint (lowbox isolate --form field)"
    )]
    FullTrustEntryPointBeneath(String),
    /// The package installs on systems that don't know the isolation attributes.
    #[error(
        "MinVersion {found} lets the package run unisolated on systems older than {needed}; raise MinVersion"
    )]
    FallsBackToFullTrust {
        /// Declared.
        found: crate::Version,
        /// First version that isolates.
        needed: crate::Version,
    },
    /// One of the forms of the previews.
    #[error("application {0:?} uses a preview's isolation attributes; write the uap18 ones instead")]
    PreviewForm(String),
    /// An extension of an isolated application names a program or entry point of its own.
    #[error("extension {0} of an isolated application has its own {1}; remove it")]
    ExtensionOverrides(String, &'static str),
    /// `windows.protocol` of an isolated application without user scope.
    #[error("extension windows.protocol of an isolated application needs desktop7:Scope=\"user\"")]
    ProtocolScope,
    /// A capability in an ignorable namespace that is none of Microsoft's.
    #[error("capability {0:?} is in an ignorable foreign namespace and is dropped")]
    ForeignCapability(String),
    /// A trust level, behaviour or entry point in a namespace that this version does not know.
    #[error("{0} is in a namespace that this version does not know and is dropped")]
    UnknownIsolationAttribute(String),
    /// An executable without entry point or trust level.
    #[error(
        "application {0:?} names an executable but neither EntryPoint nor TrustLevel; it is run isolated"
    )]
    UndeclaredIsolation(String),
    /// A program whose name does not end in `.exe`.
    #[error(
        "application {0:?}: the name of its Executable does not end in .exe, and Windows and other tools take no other program; lowbox does. \
         Name a launcher that does (lowbox init writes one)"
    )]
    NotExe(String),
    /// Full trust without the capability for it.
    #[error(
        "application {0:?} runs with full trust, and the package does not declare rescap:Capability runFullTrust; Windows refuses it. \
         Declare it, or isolate the application (lowbox isolate)"
    )]
    NoRunFullTrust(String),
    /// There were more.
    #[error("more warnings are left out")]
    More,
}
