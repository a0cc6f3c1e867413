//! Which folders a Windows program sees as drives. Drives are names and no boundary: what a program reaches is what is mounted in its
//! container, whatever they are called.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use lowbox_policy::os_bytes;
use lowbox_profiler::record::{can_be_named, windows_name};

/// A letter, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    /// `D` to `Y`. `C` is the prefix's own, and `Z`, which stands for everything in a plain Wine, for nothing.
    pub letter: char,
    /// The folder.
    #[serde(with = "os_bytes")]
    pub folder: PathBuf,
}

/// What a program has beside its own files: a folder with all in it, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) is_folder: bool,
}

/// A drive for the working folder, then one for each place that is in none yet, in the order of their paths: the same places get the same
/// letters each time. Last are folders of which there is nothing yet, and of which the user can be asked for something.
pub(crate) fn drives(working_folder: &Path, places: &[Place], to_ask_for: &[PathBuf]) -> Vec<Drive> {
    let mut folders: Vec<&Path> = places
        .iter()
        .filter_map(|place| if place.is_folder { Some(place.path.as_path()) } else { place.path.parent() })
        .chain([working_folder])
        .filter(|folder| folder.parent().is_some() && can_be_named(folder))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    let mut outer: Vec<&Path> = Vec::new();
    for folder in folders {
        // Sorted, so what a folder lies in stands before it, though not always directly.
        if !outer.iter().any(|above| folder.starts_with(above)) {
            outer.push(folder);
        }
    }
    // The working folder's first: programs call it D: whatever else they have.
    outer.sort_by_key(|folder| !working_folder.starts_with(folder));
    let others = to_ask_for.iter().map(PathBuf::as_path).filter(|folder| can_be_named(folder));
    let others: Vec<&Path> = others.filter(|folder| !outer.contains(folder)).collect();
    outer.extend(others);
    ('D'..='Y').zip(outer).map(|(letter, folder)| Drive { letter, folder: folder.to_owned() }).collect()
}

/// The Windows name of a path, if it lies in a drive and has one.
pub fn windows_path(drives: &[Drive], path: &Path) -> Option<String> {
    let drive = drives.iter().find(|drive| path.starts_with(&drive.folder))?;
    windows_name(drive.letter, path.strip_prefix(&drive.folder).ok()?)
}

/// What a Windows name stands for, if it is that of something on a drive. It may not be there, or be spelt in other letters.
pub fn host_path(drives: &[Drive], name: &str) -> Option<PathBuf> {
    let name = name.strip_prefix(r"\\?\").unwrap_or(name);
    let (letter, rest) = name.split_once(':')?;
    let drive =
        drives.iter().find(|drive| letter.eq_ignore_ascii_case(drive.letter.encode_utf8(&mut [0; 4])))?;
    let rest = rest.strip_prefix(['\\', '/'])?;
    let mut path = drive.folder.clone();
    for part in rest.split(['\\', '/']).filter(|part| !part.is_empty()) {
        if part == "." || part == ".." || part.contains('\0') {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(paths: &[(&str, bool)]) -> Vec<Place> {
        paths.iter().map(|(path, is_folder)| Place { path: path.into(), is_folder: *is_folder }).collect()
    }

    fn shown(drives: &[Drive]) -> Vec<String> {
        drives.iter().map(|drive| format!("{}={}", drive.letter, drive.folder.display())).collect()
    }

    #[test]
    fn the_working_folder_is_d_and_what_lies_in_another_drive_gets_none() {
        let all =
            places(&[("/b/out", true), ("/a/app/x.exe", false), ("/a/app/sub", true), ("/w/in.txt", false)]);
        assert_eq!(shown(&drives(Path::new("/w"), &all, &[])), ["D=/w", "E=/a/app", "F=/b/out"]);
        assert_eq!(shown(&drives(Path::new("/b/out/deep"), &all, &[])), ["D=/b/out", "E=/a/app", "F=/w"]);
        assert_eq!(shown(&drives(Path::new("/"), &[], &[])), [""; 0], "the root is no drive");
    }

    #[test]
    fn what_can_be_asked_for_comes_last_and_gives_no_name_to_what_has_one() {
        let all = drives(Path::new("/h/w"), &places(&[("/b", true)]), &["/h".into(), "/b".into()]);
        assert_eq!(shown(&all), ["D=/h/w", "E=/b", "F=/h"]);
        assert_eq!(windows_path(&all, Path::new("/h/w/a")).as_deref(), Some(r"D:\a"));
        assert_eq!(windows_path(&all, Path::new("/h/note.txt")).as_deref(), Some(r"F:\note.txt"));
    }

    #[test]
    fn there_are_never_more_drives_than_letters_and_never_a_z() {
        let many: Vec<Place> =
            (0..99).map(|at| Place { path: format!("/{at:02}").into(), is_folder: true }).collect();
        let drives = drives(Path::new("/w"), &many, &[]);
        assert_eq!(drives.len(), 22);
        assert!(drives.iter().all(|drive| ('D'..='Y').contains(&drive.letter)));
    }

    #[test]
    fn a_path_has_the_name_that_its_drive_gives_it_or_none() {
        let drives = drives(Path::new("/w"), &places(&[("/w/sub", true), ("/other", true)]), &[]);
        let name = |path: &str| windows_path(&drives, Path::new(path));
        assert_eq!(name("/w/sub/a b.txt").as_deref(), Some(r"D:\sub\a b.txt"));
        assert_eq!(name("/w").as_deref(), Some(r"D:\"));
        assert_eq!(name("/other/x").as_deref(), Some(r"E:\x"));
        for path in ["/w/sub/a b.txt", "/w", "/other/x"] {
            assert_eq!(host_path(&drives, &name(path).unwrap()).as_deref(), Some(Path::new(path)));
        }
        assert_eq!(host_path(&drives, r"\\?\d:/sub").as_deref(), Some(Path::new("/w/sub")));
        for none in [r"D:\..\etc", r"C:\x", r"D:x", r"\\?\unix\etc", "", "DD:\\x"] {
            assert_eq!(host_path(&drives, none), None, "{none}");
        }
        for none in ["/etc/passwd", "/w/a:b", "/w/a\\b", "/w/what?", "/w/../etc", "/w/dot.", "/wide"] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
