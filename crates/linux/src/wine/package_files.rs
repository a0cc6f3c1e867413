//! Where a Windows program finds the files of its package: a layer of links between the template and the package's changes.
//!
//! As on Windows a package's folder is `C:\Program Files\WindowsApps\FULL_NAME`, and what lies in its `VFS` is where programs look for
//! it: `VFS\ProgramFilesX64\Contoso` is `C:\Program Files\Contoso` (Microsoft's table "Packaged VFS locations"). The links lead to the
//! package's files as the plan shows them, read-only.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use lowbox_policy::{HostTree, NodeKind, os_bytes};
use serde::{Deserialize, Serialize};

use crate::host::RealTree;

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
    /// A file of the layer's own.
    File {
        /// Relative to the prefix.
        #[serde(with = "os_bytes")]
        at: PathBuf,
        /// What is in it.
        content: Vec<u8>,
    },
}

/// The text for `reg import`, in drive C:.
pub(super) const IMPORT_FILE: &str = "lowbox-registry.reg";

impl PackageEntry {
    /// A layer of nothing but that text.
    pub(super) fn imported(text: &[u8]) -> Vec<PackageEntry> {
        vec![
            PackageEntry::Folder { at: "drive_c".into() },
            PackageEntry::File { at: Path::new("drive_c").join(IMPORT_FILE), content: text.to_vec() },
        ]
    }
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

/// What the files of packages are called in Windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackageFiles {
    /// What a folder lies in stands before it.
    pub(crate) entries: Vec<PackageEntry>,
}

impl PackageFiles {
    /// Those of packages whose files lie in these folders, above the template.
    pub(crate) fn of(folders: &[PathBuf], template: &Path, user: &str) -> PackageFiles {
        let mut layer = Layer { template, made: BTreeSet::new(), entries: Vec::new() };
        for folder in folders {
            // …/apps/FAMILY/FULL_NAME/package
            let Some(full_name) = folder.parent().and_then(Path::file_name) else { continue };
            let above = layer.folder(Path::new("drive_c/Program Files/WindowsApps"));
            layer.link(above.join(full_name), folder.clone());
            let _ = RealTree.each_child(&folder.join("VFS"), &mut |name, kind| {
                let place = PLACES.iter().find(|(vfs, _)| name.eq_ignore_ascii_case(vfs));
                let Some((vfs, place)) = place.filter(|_| kind == NodeKind::Dir) else { return };
                let at = layer.folder(Path::new(&place.replace("{user}", &format!("drive_c/users/{user}"))));
                layer.show(&folder.join("VFS").join(name), &at, WRITABLE.contains(vfs));
            });
        }
        let entries = if layer.entries.len() > MAX_ENTRIES { Vec::new() } else { layer.entries };
        PackageFiles { entries }
    }

    /// What a file of a package is called there.
    pub(crate) fn windows_path(&self, path: &Path) -> Option<String> {
        let inside = |entry: &PackageEntry| {
            let PackageEntry::Link { at, to } = entry else { return None };
            let below = at.strip_prefix("drive_c").ok()?.join(path.strip_prefix(to).ok()?);
            Some((at.as_os_str().len(), below.to_str()?.trim_end_matches('/').replace('/', "\\")))
        };
        // Where it is found by several names, the one in VFS is meant, and that is not in WindowsApps.
        let is_own = |name: &str| !name.starts_with("Program Files\\WindowsApps\\");
        let all = self.entries.iter().filter_map(inside);
        all.max_by_key(|(length, name)| (is_own(name), *length)).map(|(_, name)| format!("C:\\{name}"))
    }
}

struct Layer<'a> {
    template: &'a Path,
    made: BTreeSet<PathBuf>,
    entries: Vec<PackageEntry>,
}

impl Layer<'_> {
    /// A folder of the layer, by the names that the template has for its parts: Windows does not tell `Windows` from `windows`.
    fn folder(&mut self, path: &Path) -> PathBuf {
        let mut at = PathBuf::new();
        for part in path.components() {
            at = at.join(self.spelled(&at, part.as_os_str()));
            if self.made.insert(at.clone()) {
                self.entries.push(PackageEntry::Folder { at: at.clone() });
            }
        }
        at
    }

    /// A name as the template, or else the layer, has it in that folder.
    fn spelled(&self, folder: &Path, name: &OsStr) -> PathBuf {
        let mut found = None;
        let _ = RealTree.each_child(&self.template.join(folder), &mut |other, _| {
            if other.eq_ignore_ascii_case(name) {
                found = Some(PathBuf::from(other));
            }
        });
        let in_folder =
            self.made.iter().filter(|at| at.parent() == Some(folder)).filter_map(|at| at.file_name());
        let made = in_folder.into_iter().find(|other| other.eq_ignore_ascii_case(name)).map(PathBuf::from);
        found.or(made).unwrap_or_else(|| name.into())
    }

    fn link(&mut self, at: PathBuf, to: PathBuf) {
        if self.entries.len() <= MAX_ENTRIES && self.made.insert(at.clone()) {
            self.entries.push(PackageEntry::Link { at, to });
        }
    }

    /// Shows what is in a folder of the package. One that the template has too, or that can be added to, is a folder of both.
    fn show(&mut self, from: &Path, at: &Path, writable: bool) {
        let mut children = Vec::new();
        let _ = RealTree.each_child(from, &mut |name, kind| children.push((name.to_os_string(), kind)));
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
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_are_where_windows_has_them_and_folders_of_both_are_merged() {
        let place = tempfile::tempdir().unwrap();
        let (template, package) = (place.path().join("t"), place.path().join("Contoso_1/package"));
        for folder in ["drive_c/windows/system32", "drive_c/Program Files/Common Files", "drive_c/users/me"] {
            fs::create_dir_all(template.join(folder)).unwrap();
        }
        for file in [
            "app.exe",
            "VFS/ProgramFilesX64/Contoso/bin/tool.exe",
            "VFS/ProgramFilesX64/common files/x.dll",
            "VFS/SystemX64/own.dll",
            "VFS/Windows/System32/other.dll",
            "VFS/AppData/Contoso/settings.ini",
            "VFS/Nowhere/y",
        ] {
            fs::create_dir_all(package.join(file).parent().unwrap()).unwrap();
            fs::write(package.join(file), "").unwrap();
        }
        let files = PackageFiles::of(std::slice::from_ref(&package), &template, "me");
        let links: Vec<String> = files
            .entries
            .iter()
            .filter_map(|entry| match entry {
                PackageEntry::Link { at, to } => {
                    Some(format!("{} {}", at.display(), to.strip_prefix(&package).unwrap().display()))
                }
                _ => None,
            })
            .collect();
        for wanted in [
            "drive_c/Program Files/WindowsApps/Contoso_1 ",
            "drive_c/Program Files/Contoso VFS/ProgramFilesX64/Contoso",
            "drive_c/Program Files/Common Files/x.dll VFS/ProgramFilesX64/common files/x.dll",
            "drive_c/windows/system32/own.dll VFS/SystemX64/own.dll",
            "drive_c/windows/system32/other.dll VFS/Windows/System32/other.dll",
            "drive_c/users/me/AppData/Roaming/Contoso/settings.ini VFS/AppData/Contoso/settings.ini",
        ] {
            assert!(links.iter().any(|link| link == wanted), "{wanted}: {links:#?}");
        }
        assert_eq!(links.len(), 6);
        let name = |file: &str| files.windows_path(&package.join(file));
        assert_eq!(name("app.exe").as_deref(), Some(r"C:\Program Files\WindowsApps\Contoso_1\app.exe"));
        assert_eq!(
            name("VFS/ProgramFilesX64/Contoso/bin/tool.exe").as_deref(),
            Some(r"C:\Program Files\Contoso\bin\tool.exe")
        );
        assert_eq!(files.windows_path(Path::new("/etc/passwd")), None);
        // What a folder lies in stands before it.
        let mut seen = BTreeSet::from([PathBuf::new()]);
        for entry in &files.entries {
            let (PackageEntry::Folder { at } | PackageEntry::Link { at, .. } | PackageEntry::File { at, .. }) =
                entry;
            assert!(seen.contains(at.parent().unwrap()), "{entry:?}");
            seen.insert(at.clone());
        }
    }
}
