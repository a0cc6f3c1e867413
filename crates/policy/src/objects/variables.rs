//! What `{home}` and its like in a catalogue's paths stand for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every variable that a catalogue may use, with what it means.
pub const KNOWN_VARIABLES: [(&str, &str); 13] = [
    ("home", "the user's home folder"),
    ("documents", "XDG_DOCUMENTS_DIR"),
    ("pictures", "XDG_PICTURES_DIR"),
    ("music", "XDG_MUSIC_DIR"),
    ("videos", "XDG_VIDEOS_DIR"),
    ("downloads", "XDG_DOWNLOAD_DIR"),
    ("desktop", "XDG_DESKTOP_DIR"),
    ("runtime", "XDG_RUNTIME_DIR"),
    ("config", "XDG_CONFIG_HOME"),
    ("data", "XDG_DATA_HOME"),
    ("cache", "XDG_CACHE_HOME"),
    ("publisher", "the folder that the packages of one publisher share"),
    ("user", "the user's name"),
];

/// The values of the variables. One that is not set makes its lines be skipped.
///
/// The caller resolves symbolic links in the values first: the planner doesn't follow links that lie in the user's folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, PathBuf>);

impl Variables {
    /// No variable is set.
    pub fn new() -> Variables {
        Variables::default()
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<PathBuf>) -> &mut Variables {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Path> {
        self.0.get(name).map(PathBuf::as_path)
    }

    /// Whether a catalogue may use the name.
    pub fn is_known(name: &str) -> bool {
        KNOWN_VARIABLES.iter().any(|(known, _)| *known == name)
    }
}

impl<N: Into<String>, P: Into<PathBuf>> FromIterator<(N, P)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, P)>>(values: I) -> Variables {
        Variables(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
