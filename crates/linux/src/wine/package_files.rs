//! Where a Windows program finds the files of its package, and its private folders: a layer of links between the template and the
//! package's changes.
//!
//! As on Windows a package's folder is `C:\Program Files\WindowsApps\FULL_NAME`, and what lies in its `VFS` is where programs look for
//! it: `VFS\ProgramFilesX64\Contoso` is `C:\Program Files\Contoso` (Microsoft's table "Packaged VFS locations"). The links lead to the
//! package's files as the plan shows them, read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use lowbox_policy::{NodeKind, os_bytes};
use serde::{Deserialize, Serialize};

use super::Library;

/// An entry of the layer, at a path in the prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackageEntry {
    /// A folder of the layer's own.
    Folder {
        /// Relative to the prefix.
        #[serde(with = "os_bytes")]
        at: PathBuf,
    },
    /// A link to the package's file or folder.
    Link {
        /// Relative to the prefix.
        #[serde(with = "os_bytes")]
        at: PathBuf,
        /// Absolute.
        #[serde(with = "os_bytes")]
        to: PathBuf,
    },
}

/// Folders of `VFS` and where they are in a prefix; `{user}` is the user's folder. Those of the user's can be added to.
const PLACES: [(&str, &str); 19] = [
    ("AppVPackageDrive", "drive_c"),
    ("SystemX64", "drive_c/windows/system32"),
    ("System", "drive_c/windows/system32"),
    ("SystemX86", "drive_c/windows/syswow64"),
    ("Windows", "drive_c/windows"),
    ("Fonts", "drive_c/windows/Fonts"),
    ("AppVSystem32Drivers", "drive_c/windows/system32/drivers"),
    ("AppVSystem32DriversEtc", "drive_c/windows/system32/drivers/etc"),
    ("AppVSystem32Spool", "drive_c/windows/system32/spool"),
    ("AppVSystem32Logfiles", "drive_c/windows/system32/LogFiles"),
    ("ProgramFilesX64", "drive_c/Program Files"),
    ("ProgramFilesX86", "drive_c/Program Files (x86)"),
    ("ProgramFilesCommonX64", "drive_c/Program Files/Common Files"),
    ("ProgramFilesCommonX86", "drive_c/Program Files (x86)/Common Files"),
    ("Common AppData", "drive_c/ProgramData"),
    ("AppData", "{user}/AppData/Roaming"),
    ("Local AppData", "{user}/AppData/Local"),
    ("LocalAppDataLow", "{user}/AppData/LocalLow"),
    ("Profile", "{user}"),
];

/// The folders that tokens of packages stand for, as Windows names them. What stands for the drive as a whole comes last.
pub(crate) fn folders(user: &str) -> Vec<(String, String)> {
    let (drive, others) = PLACES.split_first().unwrap_or((&("", ""), &[]));
    let folder = |(vfs, place): &(&str, &str)| {
        let place = place.replace("{user}", &format!("drive_c/users/{user}"));
        ((*vfs).to_owned(), place.replace('/', "\\").replacen("drive_c", "C:", 1))
    };
    others.iter().chain([drive]).map(folder).collect()
}

/// What can be added to, because Windows writes there beside the package's files.
const WRITABLE: [&str; 5] = ["Common AppData", "AppData", "Local AppData", "LocalAppDataLow", "Profile"];

/// So many entries has a layer at most; packages that would have more are seen in their own folder alone.
const MAX_ENTRIES: usize = 20_000;

/// Tells what is in a folder.
pub(crate) type List<'a> = dyn Fn(&Path, &mut dyn FnMut(&OsStr, NodeKind)) + 'a;

/// What is in a folder, as far as a layer can have it. The template and packages are lowbox's own; what can't be listed has nothing in it.
pub(crate) fn list(folder: &Path, tell: &mut dyn FnMut(&OsStr, NodeKind)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_ENTRIES + 1) {
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => NodeKind::Dir,
            Ok(kind) if kind.is_file() => NodeKind::File,
            // Packages have nothing else, and the template's links are told by their names.
            _ => NodeKind::Symlink,
        };
        tell(&entry.file_name(), kind);
    }
}

/// What the files of packages are called in Windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackageFiles {
    /// What a folder lies in stands before it.
    pub(crate) entries: Vec<PackageEntry>,
    /// The packages' files are among them.
    pub(crate) name_packages: bool,
    /// The user's libraries, which are among them.
    pub(crate) libraries: Vec<Library>,
    /// What Windows calls the package's folder of its own (`AC`).
    pub(crate) own_folder: Option<String>,
}

/// A package's private folders, as the container sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    pub(crate) family_name: &'a str,
    pub(crate) local_state: &'a Path,
    pub(crate) temp_state: &'a Path,
}

impl PackageFiles {
    /// Those of packages whose files lie in these folders, above the template; what is in a folder `list` tells ([`list`]).
    pub(crate) fn of(
        list: &List<'_>,
        data: &Data<'_>,
        libraries: &[Library],
        folders: &[PathBuf],
        template: &Path,
        user: &str,
    ) -> PackageFiles {
        let mut layer = Layer {
            list,
            template,
            made: BTreeSet::new(),
            links: BTreeSet::new(),
            names: BTreeMap::new(),
            entries: Vec::new(),
        };
        let own = layer.private_folders(data, user);
        let own_entries = layer.entries.len();
        for folder in folders {
            // …/apps/FAMILY/FULL_NAME/package
            let Some(full_name) = folder.parent().and_then(Path::file_name) else { continue };
            let above = layer.folder(Path::new("drive_c/Program Files/WindowsApps"));
            layer.link(above.join(full_name), folder.clone());
            list(&folder.join("VFS"), &mut |name, kind| {
                let place = PLACES.iter().find(|(vfs, _)| name.eq_ignore_ascii_case(vfs));
                let Some((vfs, place)) = place.filter(|_| kind == NodeKind::Dir) else { return };
                let at = layer.folder(Path::new(&place.replace("{user}", &format!("drive_c/users/{user}"))));
                layer.show(&folder.join("VFS").join(name), &at, WRITABLE.contains(vfs));
            });
        }
        let fits = layer.entries.len() <= MAX_ENTRIES;
        layer.entries.truncate(if fits { MAX_ENTRIES } else { own_entries });
        let name_packages = layer.entries.len() > own_entries;
        // A package that has a folder of that name in its VFS keeps it.
        let mut libraries = libraries.to_vec();
        libraries.retain(|library| !fits || !layer.made.contains(&library.at));
        let links = libraries.iter().map(|library| (library.at.clone(), library.folder.clone()));
        layer.entries.extend(links.map(|(at, to)| PackageEntry::Link { at, to }));
        let own_folder = own.to_str().map(on_c);
        PackageFiles { name_packages, entries: layer.entries, libraries, own_folder }
    }

    /// What a file of a package is called there.
    pub(crate) fn windows_path(&self, path: &Path) -> Option<String> {
        let inside = |entry: &PackageEntry| {
            let PackageEntry::Link { at, to } = entry else { return None };
            // What the package has changed lies above, and may hide a library; its drive is always right.
            if self.libraries.iter().any(|library| library.at == *at) {
                return None;
            }
            let below = at.join(path.strip_prefix(to).ok()?);
            Some((at.as_os_str().len(), on_c(below.to_str()?.trim_end_matches('/'))))
        };
        // Where it is found by several names, the one in VFS is meant, and that is not in WindowsApps.
        let is_own = |name: &str| !name.starts_with("C:\\Program Files\\WindowsApps\\");
        let all = self.entries.iter().filter_map(inside);
        all.max_by_key(|(length, name)| (is_own(name), *length)).map(|(_, name)| name)
    }
}

/// What Windows calls a path of the prefix's C:.
fn on_c(path: &str) -> String {
    format!("C:{}", path.trim_start_matches("drive_c").replace('/', "\\"))
}

struct Layer<'a> {
    list: &'a List<'a>,
    template: &'a Path,
    made: BTreeSet<PathBuf>,
    /// Of each folder that something is put into: what template and layer have there, by the names in small letters.
    names: BTreeMap<PathBuf, BTreeMap<OsString, OsString>>,
    /// Those of them that lead elsewhere: nothing is put where they lead.
    links: BTreeSet<PathBuf>,
    entries: Vec<PackageEntry>,
}

impl Layer<'_> {
    /// `Packages\FAMILY` in the user's local data, where Windows has a package's folders: those that lowbox keeps, and `AC`, which is of the
    /// prefix.
    fn private_folders(&mut self, data: &Data<'_>, user: &str) -> PathBuf {
        let local = PathBuf::from(format!("drive_c/users/{user}/AppData/Local/Packages"));
        let folder = self.folder(&local.join(data.family_name));
        self.link(folder.join("LocalState"), data.local_state.to_owned());
        self.link(folder.join("TempState"), data.temp_state.to_owned());
        self.folder(&folder.join("AC"))
    }

    /// A folder of the layer, by the names that the template has for its parts: Windows does not tell `Windows` from `windows`.
    fn folder(&mut self, path: &Path) -> PathBuf {
        let mut at = PathBuf::new();
        for part in path.components() {
            at = at.join(self.spelled(&at, part.as_os_str()));
            if !self.leads_elsewhere(&at) && self.make(&at) {
                self.entries.push(PackageEntry::Folder { at: at.clone() });
            }
        }
        at
    }

    /// A name as the template, or else the layer, has it in that folder.
    fn spelled(&mut self, folder: &Path, name: &OsStr) -> PathBuf {
        self.names_in(folder).get(&name.to_ascii_lowercase()).map_or_else(|| name.into(), PathBuf::from)
    }

    /// The template's folder is listed once: a package may have thousands of files in it.
    fn names_in(&mut self, folder: &Path) -> &mut BTreeMap<OsString, OsString> {
        let (list, template) = (self.list, self.template);
        self.names.entry(folder.to_owned()).or_insert_with(|| {
            let mut names = BTreeMap::new();
            list(&template.join(folder), &mut |name, _| {
                names.insert(name.to_ascii_lowercase(), name.to_owned());
            });
            names
        })
    }

    /// Notes what the layer has; whether it is new.
    fn make(&mut self, at: &Path) -> bool {
        if !self.made.insert(at.to_owned()) {
            return false;
        }
        if let (Some(folder), Some(name)) = (at.parent(), at.file_name()) {
            self.names_in(folder).entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
        }
        true
    }

    fn link(&mut self, at: PathBuf, to: PathBuf) {
        let has_room = self.entries.len() <= MAX_ENTRIES && !self.leads_elsewhere(&at);
        if has_room && self.make(&at) {
            self.links.insert(at.clone());
            self.entries.push(PackageEntry::Link { at, to });
        }
    }

    fn leads_elsewhere(&self, at: &Path) -> bool {
        at.ancestors().any(|above| self.links.contains(above))
    }

    /// Shows what is in a folder of the package. One that the template has too, or that can be added to, is a folder of both.
    fn show(&mut self, from: &Path, at: &Path, writable: bool) {
        let mut children = Vec::new();
        (self.list)(from, &mut |name, kind| children.push((name.to_os_string(), kind)));
        children.sort();
        for (name, kind) in children {
            if self.entries.len() > MAX_ENTRIES {
                return;
            }
            let place = at.join(self.spelled(at, &name));
            let is_shared = writable || self.made.contains(&place) || self.template.join(&place).is_dir();
            match kind {
                NodeKind::Dir if is_shared => {
                    let place = self.folder(&place);
                    self.show(&from.join(name), &place, writable);
                }
                NodeKind::Dir | NodeKind::File => self.link(place, from.join(name)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
