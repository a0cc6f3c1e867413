//! Whether lowbox's own folders can be used.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::Item;
use crate::host::folders::Folders;
use crate::host::user::HostUser;

/// Makes and removes a folder in the data folder.
pub(super) fn data(user: &HostUser, variable: &dyn Fn(&str) -> Option<OsString>) -> Item {
    const NAME: &str = "data folder";
    let folders = match Folders::of(user, variable) {
        Ok(folders) => folders,
        Err(error) => return Item::missing(NAME, error.to_string(), "set HOME or XDG_DATA_HOME"),
    };
    let shown = folders.data.display();
    match usable(&folders.data) {
        Ok(owner) if owner != user.uid => Item::missing(
            NAME,
            format!("{shown} belongs to uid {owner}, not to you"),
            "move it away, or set XDG_DATA_HOME to a folder of yours",
        ),
        Ok(_) => Item::ok(NAME, format!("{shown} can be written")),
        Err(error) => Item::missing(
            NAME,
            format!("{shown} can't be used: {error}"),
            "make it writable for you, or set XDG_DATA_HOME to a folder that is",
        ),
    }
}

/// The owner of the folder, once a folder could be made in it.
fn usable(folder: &Path) -> io::Result<u32> {
    leaving_no_folders(folder, || {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let probe = folder.join(format!(".doctor-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&probe)?;
        fs::remove_dir(&probe)?;
        Ok(fs::metadata(folder)?.uid())
    })
}

/// Runs `question`, and then removes `folder` and those above it as far as they were not there before: what was made for
/// the sake of a question goes again, and remove_dir leaves what others filled meanwhile.
pub(super) fn leaving_no_folders<T>(folder: &Path, question: impl FnOnce() -> T) -> T {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|path| fs::symlink_metadata(path).is_err()).collect();
    let answer = question();
    for made in missing {
        let _ = fs::remove_dir(made);
    }
    answer
}

/// What is read from the configuration folders gives rights, so nobody else may write there.
pub(super) fn configuration(user: &HostUser, variable: &dyn Fn(&str) -> Option<OsString>) -> Item {
    const NAME: &str = "configuration";
    let Ok(folders) = Folders::of(user, variable) else {
        return Item::missing(NAME, "there is no home folder", "set HOME or XDG_CONFIG_HOME");
    };
    for folder in [&folders.system_config, &folders.config] {
        for place in [folder.clone(), folder.join("objects.d")] {
            let shown = place.display();
            let metadata = match fs::metadata(&place) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Item::reduced(
                        NAME,
                        format!("{shown} can't be read, so its additions don't count: {error}"),
                        "make it readable for you",
                    );
                }
            };
            let foreign = metadata.uid() != user.uid && metadata.uid() != 0;
            if foreign || metadata.mode() & 0o002 != 0 {
                return Item::reduced(
                    NAME,
                    format!("others may write to {shown}, and what they write there gives programs rights"),
                    format!("chown it to yourself and chmod o-w {shown}"),
                );
            }
            if let Err(error) = fs::read_dir(&place) {
                return Item::reduced(
                    NAME,
                    format!("{shown} can't be listed, so its additions don't count: {error}"),
                    "make it readable for you",
                );
            }
        }
    }
    let count = folders.object_files().len();
    let files = if count == 1 { "file adds" } else { "files add" };
    Item::ok(NAME, format!("{count} {files} to the object catalogue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert!(usable(&folder.path().join("a/b/c")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(usable(&folder.path().join("file/c")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
