//! Removing a folder that a hostile program filled: however deep it is, and whatever modes it gave.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{
    AtFlags, CWD, Dir, Mode, OFlags, RawMode, RenameFlags, chmodat, openat, renameat_with, unlinkat,
};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Removes what bears that name in the folder, with all that is in it. No link is followed. What is deep is brought up to the top and removed
/// there, so that two descriptors are enough for any depth. Nobody else may write to it meanwhile.
///
/// # Errors
/// The system's; a part may be gone then. Nothing of that name is none.
pub fn remove_tree(parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match remove_shallow(parent.as_fd(), name) {
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => {}
        Err(Errno::NOENT) => return Ok(()),
        done => return Ok(done?),
    }
    let top = open_folder(parent.as_fd(), name)?;
    let mut brought_up = 0;
    loop {
        let mut is_empty = true;
        for entry in Dir::read_from(&top)? {
            let entry = entry?;
            let entry = OsStr::from_bytes(entry.file_name().to_bytes());
            if entry == "." || entry == ".." {
                continue;
            }
            is_empty = false;
            match remove_shallow(top.as_fd(), entry) {
                Ok(()) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => {
                    let folder = open_folder(top.as_fd(), entry)?;
                    bring_up(&folder, &top, &mut brought_up)?;
                    drop(folder);
                    remove_shallow(top.as_fd(), entry)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if is_empty {
            return Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?);
        }
    }
}

/// Removes what is in a folder, or moves it to the top if it is a folder with something in it.
fn bring_up(folder: &OwnedFd, top: &OwnedFd, brought_up: &mut u64) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let entry = OsStr::from_bytes(entry.file_name().to_bytes());
        if entry == "." || entry == ".." {
            continue;
        }
        match remove_shallow(folder.as_fd(), entry) {
            Ok(()) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => {
                // Who moves a folder to another one changes its `..`, and has to be allowed to write to it.
                drop(open_folder(folder.as_fd(), entry)?);
                loop {
                    let name = format!(".removed-{brought_up}");
                    *brought_up += 1;
                    match renameat_with(folder, entry, top, &name, RenameFlags::NOREPLACE) {
                        // A program can have given this name too.
                        Err(Errno::EXIST) => {}
                        moved => break moved?,
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Removes a file, a link or an empty folder.
fn remove_shallow(folder: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => unlinkat(folder, name, AtFlags::REMOVEDIR),
        done => done,
    }
}

/// Opens a folder for reading and changing, whose modes may forbid that to its owner.
fn open_folder(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let object = openat(parent, name, FOLDER | OFlags::PATH, Mode::empty())?;
    let mode = rustix::fs::fstat(&object)?.st_mode as RawMode & 0o7777;
    if mode & 0o700 != 0o700 {
        chmodat(CWD, format!("/proc/self/fd/{}", object.as_raw_fd()), Mode::RWXU, AtFlags::empty())?;
    }
    Ok(openat(parent, name, FOLDER | OFlags::RDONLY, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn open(path: &std::path::Path) -> OwnedFd {
        rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    #[test]
    fn a_folder_goes_however_deep_it_is_and_whatever_its_modes_are() {
        let place = tempfile::tempdir().unwrap();
        let keep = place.path().join("keep");
        fs::create_dir(&keep).unwrap();
        fs::write(keep.join("file"), "").unwrap();
        let top = place.path().join("top");
        fs::create_dir(&top).unwrap();
        // Deeper than any path or limit of descriptors allows.
        let mut folder = open(&top);
        for level in 0..3000 {
            rustix::fs::mkdirat(&folder, "deep", Mode::RWXU).unwrap();
            rustix::fs::symlinkat(&keep, &folder, "link").unwrap();
            if level % 1000 == 0 {
                rustix::fs::mkdirat(&folder, ".removed-1", Mode::RWXU).unwrap();
                let more = openat(&folder, ".removed-1", FOLDER, Mode::empty()).unwrap();
                rustix::fs::mkdirat(&more, "x", Mode::empty()).unwrap();
            }
            let next = openat(&folder, "deep", FOLDER, Mode::empty()).unwrap();
            rustix::fs::fchmod(&folder, Mode::from(if level % 7 == 0 { 0o000 } else { 0o500 })).unwrap();
            folder = next;
        }
        symlink(&keep, place.path().join("link")).unwrap();
        fs::set_permissions(&top, Permissions::from_mode(0o000)).unwrap();
        let parent = open(place.path());
        remove_tree(&parent, OsStr::new("top")).unwrap();
        remove_tree(&parent, OsStr::new("link")).unwrap();
        remove_tree(&parent, OsStr::new("nothing")).unwrap();
        assert!(!top.exists());
        assert!(keep.join("file").exists());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
