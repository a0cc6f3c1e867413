//! The user's libraries on C:, for a program that holds their capabilities: there `Documents` and its like lead to the user's own folders,
//! where they are the container's else.

use std::path::PathBuf;

use lowbox_policy::{Bind, NodeKind, os_bytes};
use lowbox_security::AppContainer;
use lowbox_security::derive::capability_sid;
use serde::{Deserialize, Serialize};

use crate::host::library_folders;
use crate::prepare::Caller;

/// What they are called in the user's folder on C:, by [`library_folders`], and their capabilities.
const LIBRARIES: [(&str, &str, &str); 4] = [
    ("Documents", "documents", "documentsLibrary"),
    ("Pictures", "pictures", "picturesLibrary"),
    ("Music", "music", "musicLibrary"),
    ("Videos", "videos", "videosLibrary"),
];
/// As the catalogue has it: in the home folder, by this name.
const OBJECTS_3D: (&str, &str) = ("3D Objects", "objects3D");

/// A library that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Relative to the prefix.
    #[serde(with = "os_bytes")]
    pub at: PathBuf,
    /// The user's folder.
    #[serde(with = "os_bytes")]
    pub folder: PathBuf,
}

/// Those whose capability is held and which the plan shows, in the folder of the user of this name.
pub(crate) fn libraries(
    caller: &Caller,
    container: &AppContainer,
    binds: &[Bind],
    user: &str,
) -> Vec<Library> {
    let Some(home) = &caller.user.home else { return Vec::new() };
    let folders = library_folders(home, caller.folders.config.parent().unwrap_or(home));
    let known = LIBRARIES.iter().filter_map(|(name, library, capability)| {
        let (_, folder) = folders.iter().find(|(found, _)| found == library)?;
        Some((*name, *capability, folder.clone()))
    });
    let (name, capability) = OBJECTS_3D;
    known
        .chain([(name, capability, home.join(name))])
        .filter(|(_, capability, folder)| {
            let is_shown = |bind: &Bind| bind.path == *folder && bind.id.kind == NodeKind::Dir;
            container.capabilities.contains(&capability_sid(capability)) && binds.iter().any(is_shown)
        })
        .map(|(name, _, folder)| Library { at: format!("drive_c/users/{user}/{name}").into(), folder })
        .collect()
}
