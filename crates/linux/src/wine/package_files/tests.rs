//! The layer for a package that has something in each kind of place.

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
        // Where links of the layer's own lead nothing is put.
        "VFS/Local AppData/Packages/F_1/localstate/planted.txt",
        "VFS/ProgramFilesX86/Common Files/one.dll",
        "VFS/ProgramFilesCommonX86/two.dll",
    ] {
        fs::create_dir_all(package.join(file).parent().unwrap()).unwrap();
        fs::write(package.join(file), "").unwrap();
    }
    let data = Data { family_name: "F_1", local_state: "/data/L".as_ref(), temp_state: "/var/tmp".as_ref() };
    let files = PackageFiles::of(&list, &data, &[], std::slice::from_ref(&package), &template, "me");
    assert_eq!(files.own_folder.as_deref(), Some(r"C:\users\me\AppData\Local\Packages\F_1\AC"));
    let local = files.windows_path(Path::new("/data/L/x"));
    assert_eq!(local.as_deref(), Some(r"C:\users\me\AppData\Local\Packages\F_1\LocalState\x"));
    let links: Vec<String> = files
        .entries
        .iter()
        .filter_map(|entry| match entry {
            PackageEntry::Link { at, to } => {
                Some(format!("{} {}", at.display(), to.strip_prefix(&package).ok()?.display()))
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
        "drive_c/Program Files (x86)/Common Files VFS/ProgramFilesX86/Common Files",
    ] {
        assert!(links.iter().any(|link| link == wanted), "{wanted}: {links:#?}");
    }
    assert_eq!(links.len(), 7, "{links:#?}");
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
        let (PackageEntry::Folder { at } | PackageEntry::Link { at, .. }) = entry;
        assert!(seen.contains(at.parent().unwrap()), "{entry:?}");
        seen.insert(at.clone());
    }
}

#[test]
fn libraries_are_links_unless_the_package_has_a_folder_there_and_name_no_path() {
    let place = tempfile::tempdir().unwrap();
    let (template, package) = (place.path().join("t"), place.path().join("Contoso_1/package"));
    fs::create_dir_all(template.join("drive_c/users/me/Documents")).unwrap();
    fs::create_dir_all(package.join("VFS/Profile/Music")).unwrap();
    let data = Data { family_name: "F_1", local_state: "/data/L".as_ref(), temp_state: "/var/tmp".as_ref() };
    let library = |name: &str| Library {
        at: format!("drive_c/users/me/{name}").into(),
        folder: format!("/home/me/{name}").into(),
    };
    let libraries = [library("Documents"), library("Music")];
    let files = PackageFiles::of(&list, &data, &libraries, &[package], &template, "me");
    assert_eq!(files.libraries, libraries[..1]);
    let Library { at, folder } = library("Documents");
    assert_eq!(files.entries.last(), Some(&PackageEntry::Link { at, to: folder }));
    assert_eq!(files.windows_path(Path::new("/home/me/Documents/x")), None);
}

#[test]
fn a_folder_of_many_files_is_listed_once_and_not_for_each_of_them() {
    let files: Vec<String> = (0..15_000).map(|number| format!("File{number}.dll")).collect();
    let told = std::cell::Cell::new(0);
    // The template has as many in that folder.
    let listing = |folder: &Path, tell: &mut dyn FnMut(&OsStr, NodeKind)| {
        let (names, kind): (Vec<&str>, _) = match folder.to_str().expect("text") {
            "/p/Contoso_1/package/VFS" => (vec!["SystemX64"], NodeKind::Dir),
            "/p/Contoso_1/package/VFS/SystemX64" | "/t/drive_c/windows/system32" => {
                (files.iter().map(String::as_str).collect(), NodeKind::File)
            }
            "/t" => (vec!["drive_c"], NodeKind::Dir),
            "/t/drive_c" => (vec!["windows"], NodeKind::Dir),
            "/t/drive_c/windows" => (vec!["system32"], NodeKind::Dir),
            _ => (Vec::new(), NodeKind::Dir),
        };
        told.set(told.get() + names.len());
        names.into_iter().for_each(|name| tell(OsStr::new(name), kind));
    };
    let data = Data { family_name: "F_1", local_state: "/data/L".as_ref(), temp_state: "/var/tmp".as_ref() };
    let folders = [PathBuf::from("/p/Contoso_1/package")];
    let layer = PackageFiles::of(&listing, &data, &[], &folders, "/t".as_ref(), "me");
    assert!(layer.name_packages && layer.entries.len() > 15_000);
    assert!(told.get() < 3 * 15_000, "{} names", told.get());
}

#[test]
fn all_files_of_a_large_folder_are_there_or_none() {
    let place = tempfile::tempdir().unwrap();
    let (template, package) = (place.path().join("t"), place.path().join("Contoso_1/package"));
    let folder = package.join("VFS/ProgramFilesX64");
    fs::create_dir_all(template.join("drive_c/Program Files")).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let data = Data { family_name: "F_1", local_state: "/data/L".as_ref(), temp_state: "/var/tmp".as_ref() };
    let files = || {
        let layer = PackageFiles::of(&list, &data, &[], std::slice::from_ref(&package), &template, "me");
        let is_one =
            |entry: &&PackageEntry| matches!(entry, PackageEntry::Link { to, .. } if to.starts_with(&folder));
        layer.entries.iter().filter(is_one).count()
    };
    for (from, to, seen) in [(0, 5000, 5000), (5000, MAX_ENTRIES + 2, 0)] {
        (from..to).for_each(|number| fs::write(folder.join(number.to_string()), "").unwrap());
        assert_eq!(files(), seen);
    }
}
