//! The file that an execution alias starts.

use std::ffi::OsStr;
use std::fs::canonicalize;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A script that starts an application with the arguments it is given.
pub(super) fn launcher(lowbox: &Path, application: &str) -> Vec<u8> {
    let mut script = b"#!/bin/sh\n# Made by lowbox, which starts the application isolated.\nexec ".to_vec();
    script.extend(quoted(lowbox.as_os_str()));
    script.extend(b" run ");
    script.extend(quoted(application.as_ref()));
    script.extend(b" \"$@\"\n");
    script
}

/// A word as sh(1) takes it literally.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut quoted = b"'".to_vec();
    for &byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            byte => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Where a command of that name is that the user has already, in the folders of PATH and those of the system: an alias must not take its place.
pub(super) fn other_command(name: &str, path: Option<&OsStr>, own: &Path) -> Option<PathBuf> {
    const SYSTEM: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let folders = path.into_iter().flat_map(std::env::split_paths).chain(SYSTEM.map(PathBuf::from));
    // PATH may name lowbox's own folder in another way.
    let same = |folder: &Path| {
        folder == own || canonicalize(folder).is_ok_and(|folder| Some(folder) == canonicalize(own).ok())
    };
    let found = folders.filter(|folder| folder.is_absolute()).map(|folder| (folder.join(name), folder));
    let mut found = found.filter(|(file, folder)| std::fs::symlink_metadata(file).is_ok() && !same(folder));
    found.next().map(|(file, _)| file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    #[test]
    fn a_launcher_hands_every_argument_on_whatever_the_path_of_lowbox_is() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("it's $HOME `x`\n\"");
        fs::create_dir(&folder).unwrap();
        let lowbox = folder.join("low box");
        fs::write(&lowbox, "#!/bin/sh\nprintf '%s|' \"$@\"\n").unwrap();
        fs::set_permissions(&lowbox, Permissions::from_mode(0o755)).unwrap();
        let script = place.path().join("launcher");
        fs::write(&script, launcher(&lowbox, "Name_0123456789abc!App")).unwrap();
        let output = Command::new("sh").arg(&script).args(["a b", "", "--grant", "$(x)"]).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output, "run|Name_0123456789abc!App|a b||--grant|$(x)|");
    }

    #[test]
    fn a_command_that_is_there_already_is_found() {
        let none = Path::new("/nonexistent");
        assert!(other_command("sh", None, none).is_some());
        assert!(other_command("no-such-command-anywhere", Some("/usr/bin".as_ref()), none).is_none());
    }

    #[test]
    fn an_own_command_is_own_by_whatever_name_its_folder_is_in_path() {
        let place = tempfile::tempdir().unwrap();
        let (own, link) = (place.path().join("own"), place.path().join("link"));
        fs::create_dir(&own).unwrap();
        std::os::unix::fs::symlink("own", &link).unwrap();
        fs::write(own.join("some-command-of-a-package"), "").unwrap();
        let found = |own: &Path| other_command("some-command-of-a-package", Some(link.as_os_str()), own);
        assert_eq!(found(&own), None);
        assert_eq!(found(place.path()), Some(link.join("some-command-of-a-package")));
    }
}
