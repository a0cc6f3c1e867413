//! Windows names of Linux paths, for Windows programs.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::Raw;

/// A letter by which a Windows program knew a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Drive {
    /// `D` to `Y`.
    pub letter: char,
    /// The folder.
    pub folder: Raw,
}

impl Drive {
    /// The Windows name of a path, if it lies on this drive and has one.
    pub fn name(&self, path: &Path) -> Option<String> {
        windows_name(self.letter, path.strip_prefix(self.folder.as_path()).ok()?)
    }
}

/// What a drive's program calls a path in it, if Windows has a word for each part of that.
pub fn windows_name(letter: char, rest: &Path) -> Option<String> {
    if !can_be_named(rest) {
        return None;
    }
    let mut name = format!("{letter}:");
    for component in rest.components() {
        name.push('\\');
        name.push_str(component.as_os_str().to_str()?);
    }
    if rest.as_os_str().is_empty() {
        name.push('\\');
    }
    Some(name)
}

/// Whether Windows has a word for each part of the path.
pub fn can_be_named(path: &Path) -> bool {
    path.components().all(|component| match component {
        Component::RootDir => true,
        Component::Normal(name) => name.to_str().is_some_and(|name| {
            let plain = |letter: char| !letter.is_control() && !r#"\:*?"<>|"#.contains(letter);
            name.chars().all(plain) && !name.ends_with(['.', ' '])
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_on_a_drive_has_the_name_that_a_program_sees() {
        let drive = Drive { letter: 'D', folder: "/home/u/w".into() };
        let name = |path: &str| drive.name(Path::new(path));
        assert_eq!(name("/home/u/w/out/made.txt").as_deref(), Some(r"D:\out\made.txt"));
        assert_eq!(name("/home/u/w").as_deref(), Some(r"D:\"));
        for none in ["/home/u", "/home/u/wide/x", "/home/u/w/a:b", "/home/u/w/line\nbreak"] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
