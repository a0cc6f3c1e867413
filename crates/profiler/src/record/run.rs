//! One run of a program that was watched.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Drive, Object};
use crate::Raw;
use crate::raw::is_printable;

/// What a run was: the first line of its section in a record file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// The version of the format, [`super::VERSION`].
    pub version: u32,
    /// The version of lowbox that wrote it.
    #[serde(default)]
    pub lowbox: String,
    /// The package family name.
    pub package: String,
    /// Publisher and publisher id, from which the catalogue's `{publisher}` folder comes.
    #[serde(default)]
    pub publisher_id: String,
    /// A name for the machine, by which records of many are told apart.
    #[serde(default)]
    pub machine: Raw,
    /// What kind of run.
    pub mode: Mode,
    /// When it began, in milliseconds since 1970.
    pub started: u64,
    /// The command.
    #[serde(default)]
    pub command: Vec<Raw>,
    /// The capabilities that the program had: what they cover is not recorded.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The paths that it was granted, as `PATH:LETTERS`.
    #[serde(default)]
    pub grants: Vec<Raw>,
    /// A less privileged container.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub less_privileged: bool,
    /// Looking alone (stat, access, readlink) was watched too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probes: bool,
    /// What a Windows program called folders by a letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drives: Vec<Drive>,
}

impl Run {
    /// What a Windows program called the object, as Windows writes it. A name with characters that can't be shown is none.
    pub fn windows_name(&self, object: &Object) -> Option<String> {
        self.windows_path(object.path()?.as_path())
    }

    /// The same of a path.
    pub fn windows_path(&self, path: &Path) -> Option<String> {
        let name = self.drives.iter().find_map(|drive| drive.name(path))?;
        name.chars().all(is_printable).then_some(name)
    }
}

/// Kinds of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing is denied, to find out what is needed.
    Learn,
    /// Nothing is denied, what is missing from the declaration is recorded.
    Soak,
    /// What is not granted is denied, and recorded.
    Enforce,
}

impl Mode {
    /// As in tables.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Learn => "learn",
            Mode::Soak => "soak",
            Mode::Enforce => "enforce",
        }
    }
}
