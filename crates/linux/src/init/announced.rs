//! What a Windows program is about to change or to make, as the add-on says it before Wine hears of it (`wine-dll/changes.c`): the name of
//! something that is nowhere, for which Wine looks in the program's process. So the program waits for the user's answer and Wine's server does
//! not, which opens files for all programs of the container.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::path_calls::Named;
use crate::broker::choosing::request::text;
use crate::wine::{Drive, host_path};

/// The folder, which is not there.
pub(super) const FOLDER: &str = "/.change";

/// What is to be changed, by its path in the container. `None` for what has none, and for what the add-on does not write.
pub(super) fn read(path: &Path, drives: &[Drive]) -> Option<(PathBuf, Named)> {
    let rest = path.as_os_str().as_bytes().strip_prefix(FOLDER.as_bytes())?.strip_prefix(b"/")?;
    let mut words = rest.split(|byte| *byte == b'/');
    let (kind, name) = (words.next()?, words.next().filter(|_| words.next().is_none())?);
    let named = match kind {
        b"open" => Named::changed(false),
        b"make" => Named::changed(true),
        b"folder" => Named::made_folder(),
        _ => return None,
    };
    Some((host_path(drives, &text(name)?)?, named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_a_drive_is_read_and_nothing_else() {
        let drives = [Drive { letter: 'D', folder: "/home/ada".into() }];
        let hex = |name: &str| name.encode_utf16().map(|unit| format!("{unit:04x}")).collect::<String>();
        let read = |kind: &str, name: &str| {
            super::read(Path::new(&format!("/.change/{kind}/{}", hex(name))), &drives)
        };
        let (path, named) = read("make", r"D:\docs\a.txt").unwrap();
        assert_eq!(path, Path::new("/home/ada/docs/a.txt"));
        assert!(named.creates && !named.changes_name && named.wanted.write && !named.probe);
        assert!(!read("open", r"d:\a").unwrap().1.creates);
        let (_, folder) = read("folder", r"\\?\D:\new").unwrap();
        assert!(folder.makes_folder && folder.changes_name);
        for (kind, name) in
            [("make", r"C:\a"), ("make", r"D:\..\b"), ("run", r"D:\a"), ("make", ""), ("make/x", r"D:\a")]
        {
            assert!(read(kind, name).is_none(), "{kind} {name}");
        }
        assert!(super::read(Path::new("/.change/make/0044/x"), &drives).is_none());
    }
}
