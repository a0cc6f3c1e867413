//! Wine on this machine: its loader, its server, and which Wine it is.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::WineError;
use crate::host::{Named, canonical, name};
use crate::prepare::Caller;

/// A Wine that is installed.
#[derive(Clone, Debug)]
pub struct Wine {
    /// The program that loads Windows programs, without links.
    pub loader: PathBuf,
    /// The program that is their kernel, without links.
    pub server: PathBuf,
    /// Its folder, where the catalogue does not show it anyway.
    pub(crate) folder: Option<Named>,
    /// Tells it from every other Wine, and from this one after an upgrade.
    pub(crate) key: String,
}

/// Names of the loader. Many systems have scripts of these names, which start the loader elsewhere; those are passed over.
const LOADERS: [&str; 2] = ["wine64", "wine"];
/// Folders of a loader that is not in PATH: Debian's, then those of the packages that WineHQ makes.
const FOLDERS: [&str; 5] = [
    "/usr/lib/wine",
    "/usr/lib64/wine",
    "/opt/wine-stable/bin",
    "/opt/wine-staging/bin",
    "/opt/wine-devel/bin",
];
/// Names of the server beside it.
const SERVERS: [&str; 2] = ["wineserver64", "wineserver"];

impl Wine {
    /// The first in PATH, or where systems install it.
    ///
    /// # Errors
    /// [`WineError::Missing`].
    pub fn find(caller: &Caller) -> Result<Wine, WineError> {
        let path = caller.variable("PATH").unwrap_or_default();
        let in_path = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        let folders = in_path.chain(FOLDERS.map(PathBuf::from));
        let candidates = folders.flat_map(|folder| LOADERS.map(|loader| folder.join(loader)));
        candidates.into_iter().find_map(|loader| Wine::at(&loader)).ok_or(WineError::Missing)
    }

    fn at(loader: &Path) -> Option<Wine> {
        let loader = canonical(loader).ok()?;
        let found = program(&loader)?;
        let beside = loader.parent()?;
        let servers = SERVERS.map(|server| beside.join(server));
        let (server, server_found) = servers.into_iter().find_map(|server| {
            let server = canonical(&server).ok()?;
            let found = program(&server)?;
            Some((server, found))
        })?;
        // As a version it would have to be asked, which takes a start of it. An upgrade replaces the files.
        let mut hash = Sha256::new();
        for (path, found) in [(&loader, &found), (&server, &server_found)] {
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(format!("\0{} {} {}\0", found.len(), found.mtime(), found.mtime_nsec()));
        }
        let key = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // PREFIX/bin/wine64 has the rest of it in PREFIX.
        let folder = match loader.starts_with("/usr") && server.starts_with("/usr") {
            true => None,
            false => Some(name(beside.parent()?).ok()?),
        };
        Some(Wine { loader, server, folder, key })
    }
}

impl Wine {
    /// The folder of its own libraries for 64-bit programs.
    pub(super) fn libraries(&self) -> Option<PathBuf> {
        self.of_architecture("x86_64-windows")
    }

    /// The same for each folder of a prefix that has copies of them.
    pub(super) fn libraries_by_folder(&self) -> Vec<(&'static str, PathBuf)> {
        [("system32", "x86_64-windows"), ("syswow64", "i386-windows")]
            .into_iter()
            .filter_map(|(copies, architecture)| Some((copies, self.of_architecture(architecture)?)))
            .collect()
    }

    /// Beside the loader's folder: as Debian has them, and as Wine's own installation does.
    fn of_architecture(&self, architecture: &str) -> Option<PathBuf> {
        let above = self.loader.parent()?.parent()?;
        ["x86_64-linux-gnu/wine", "lib/x86_64-linux-gnu/wine", "lib/wine", "lib64/wine", "wine"]
            .into_iter()
            .map(|place| above.join(place).join(architecture))
            .find(|folder| folder.is_dir())
    }
}

/// A program of this machine, and no script.
fn program(path: &Path) -> Option<Metadata> {
    let metadata = fs::metadata(path).ok()?;
    let is_elf = || super::executable::head(path, 4).is_ok_and(|head| head == b"\x7fELF");
    (metadata.is_file() && metadata.mode() & 0o111 != 0 && is_elf()).then_some(metadata)
}
