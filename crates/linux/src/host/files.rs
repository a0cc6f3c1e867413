//! Files that are read and written whole, in folders where an isolated program may write too.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

/// Opens a regular file for reading, through links too: the user named it. A FIFO keeps nobody waiting.
///
/// # Errors
/// The system's; another kind of file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    regular(path, OFlags::RDONLY)
}

fn regular(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::from(0o666))?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file but a directory or a device"))
    }
}

/// Writes a file as a whole: what was there stays until the new one is on the disk, and a crash leaves one or the other. The mode of
/// a file that is replaced is kept. A link in its place is replaced itself and not followed: a program could have put it there.
///
/// # Errors
/// The system's; the file is as it was.
pub fn replace_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let (temporary, mut file) = temporary(path)?;
    let written = (|| {
        write(&mut file)?;
        if let Ok(old) = fs::symlink_metadata(path)
            && old.is_file()
        {
            // Without set-id bits: the new file is another's work.
            file.set_permissions(Permissions::from_mode(old.permissions().mode() & 0o777))?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The name is on the disk once its folder is.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    })();
    if written.is_err() {
        // Of no use any more, and perhaps no longer there.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file beside the one that is meant.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    for number in 0..100 {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}", std::process::id()));
        let temporary = path.with_file_name(hidden);
        match File::create_new(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A file for flock(2), made if it is not there, which only the user opens. No link is followed, and nothing in its place is waited for.
///
/// # Errors
/// What open(2) reports.
pub fn open_lock_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::from(0o600))?.into())
}

/// Opens a regular file to add to its end; makes it if there is none. A link is not followed.
///
/// # Errors
/// The system's; a link or another kind of file.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    regular(path, OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW)
}

/// Adds to the end of a regular file, in one call.
///
/// # Errors
/// As [`open_to_append`].
pub fn append_to_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    open_to_append(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_that_was_planted_is_replaced_and_what_it_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, planted) = (folder.path().join("secret"), folder.path().join("report"));
        fs::write(&secret, "mine").unwrap();
        symlink(&secret, &planted).unwrap();
        assert!(append_to_file(&planted, b"x").is_err());
        replace_file(&planted, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&secret).unwrap(), "mine");
        assert_eq!(fs::read_to_string(&planted).unwrap(), "new");
        assert!(fs::symlink_metadata(&planted).unwrap().is_file());
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        fs::write(&path, "old").unwrap();
        let failed = replace_file(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_mode_stays_and_text_is_added_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        append_to_file(&path, b"one\n").unwrap();
        append_to_file(&path, b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace_file(&path, |file| file.write_all(b"x")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(open_regular(folder.path()).is_err());
    }
}
