//! `.appinstaller` files: where a package and what goes with it come from, and when newer ones are looked for. Nothing is fetched here.

mod read;

use crate::xml::XmlError;
use crate::{Identity, Version};

/// Why such a file is refused.
pub type AppInstallerError = XmlError;

/// Largest that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// What an `.appinstaller` file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppInstaller {
    /// Its own version: a newer file has a higher one.
    pub version: Version,
    /// Where newer ones are.
    pub uri: Option<String>,
    /// What is installed.
    pub main: RemotePackage,
    /// What can be installed beside it.
    pub optional: Vec<RemotePackage>,
    /// What belongs to it, and is not installed.
    pub related: Vec<RemotePackage>,
    /// What it needs.
    pub dependencies: Vec<RemotePackage>,
    /// When newer ones are looked for.
    pub updates: UpdateSettings,
    /// Other places where newer ones are, tried in order.
    pub update_uris: Vec<String>,
    /// Places from which it can be repaired.
    pub repair_uris: Vec<String>,
}

/// A package or bundle somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemotePackage {
    /// It is a bundle.
    pub is_bundle: bool,
    /// Who it is; for a bundle without an architecture.
    pub identity: Identity,
    /// Where it is.
    pub uri: String,
}

/// When newer versions are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateSettings {
    /// At each start of a program.
    pub on_launch: Option<OnLaunch>,
    /// Every eight hours too, whether or not it runs.
    pub in_background: bool,
    /// A lower version is taken as well.
    pub from_any_version: bool,
}

/// Looking for newer versions when a program starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnLaunch {
    /// Not again for so many hours.
    pub hours_between: u8,
    /// The user is shown that there is one.
    pub show_prompt: bool,
    /// The program does not start before it is there.
    pub blocks_activation: bool,
}
