//! From a package to a folder: all of it, or nothing.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use lowbox_msix::block_map::MappedFile;
use lowbox_msix::container::Source;
use lowbox_msix::package::{Contents, FileReader, PackageError};
use rustix::fs::{
    AtFlags, Dir, Mode, OFlags, RenameFlags, ResolveFlags, fchmod, fstat, fstatvfs, mkdirat, openat, openat2,
    renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::Progress;
use super::blocks::{data, for_each_segment};

/// The most that is unpacked unasked, in bytes.
pub const MAX_SIZE: u64 = 8 << 30;

/// Why a package could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The folder is there, with something in it.
    #[error("{} is there already; unpack to another folder, or remove it", .0.display())]
    Exists(PathBuf),
    /// It says that it has more than is unpacked.
    #[error(
        "its files have {size} bytes, more than the {limit} that are unpacked unasked: a small package can say that it has any \
         number. If you trust it, allow more with --max-size"
    )]
    TooLarge {
        /// What it says.
        size: u64,
        /// What was allowed.
        limit: u64,
    },
    /// There is no room.
    #[error("its files have {size} bytes, and {} has {free} left; make room, or unpack elsewhere", path.display())]
    NoRoom {
        /// Where.
        path: PathBuf,
        /// What it says.
        size: u64,
        /// What is free.
        free: u64,
    },
    /// Something can't be written.
    #[error("{path}: {error}", path = path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Unpacks all files of a package to a folder, which must not be there, or be empty. They are written to a folder beside it, each block
/// only once it has been found to be what the block map says, and that one takes the name when all are; otherwise it is removed.
///
/// Everything is done by descriptors of the two folders: who else may write to the folder above (an isolated program, say) leads nothing of
/// it elsewhere, and can only take its place, which is found out.
///
/// # Errors
/// When the package is not in order, has more than `limit` bytes or than there is room for, or something can't be written; nothing is
/// left then.
pub fn unpack<S: Source + ?Sized>(
    source: &S,
    contents: &Contents,
    to: &Path,
    limit: u64,
    progress: &Progress,
) -> Result<(), UnpackError> {
    let size = data(contents);
    if size > limit {
        return Err(UnpackError::TooLarge { size, limit });
    }
    progress.begin(size);
    staged(to, size, |root| {
        let create = |file: &MappedFile| {
            let path = to.join(file.name.as_str());
            match create(root, file.name.as_str()) {
                Ok(file) => Ok(Output { file, path }),
                Err(error) => Err(UnpackError::Write { path, error: error.into() }),
            }
        };
        for_each_segment(source, contents, create, |output, reader, offset| {
            output.fill(reader, offset, progress)
        })
    })
}

/// Makes a folder, which must not be there, or be empty, with room for `size` bytes, whose files `fill` writes; nothing is left if it fails.
pub(crate) fn staged<E: From<UnpackError>>(
    to: &Path,
    size: u64,
    fill: impl FnOnce(&OwnedFd) -> Result<(), E>,
) -> Result<(), E> {
    let (staging, name) = stage(to, size)?;
    fill(&staging.folder)?;
    let taken = staging.take(name).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => UnpackError::Exists(to.to_owned()),
        _ => UnpackError::Write { path: to.to_owned(), error },
    });
    Ok(taken?)
}

fn stage(to: &Path, size: u64) -> Result<(Staging, &OsStr), UnpackError> {
    let failed = |error: io::Error| UnpackError::Write { path: to.to_owned(), error };
    let name = to.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    let above = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = rustix::fs::open(above, FOLDER, Mode::empty()).map_err(|error| failed(error.into()))?;
    match openat(&above, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(there) if !is_empty(&there).map_err(|error| failed(error.into()))? => {
            return Err(UnpackError::Exists(to.to_owned()));
        }
        Ok(_) | Err(Errno::NOENT) => {}
        // Something that is no folder, or a link.
        Err(Errno::NOTDIR | Errno::LOOP) => return Err(UnpackError::Exists(to.to_owned())),
        Err(error) => return Err(failed(error.into())),
    }
    if let Some(free) = room(&above).filter(|&free| free < size) {
        return Err(UnpackError::NoRoom { path: to.to_owned(), size, free });
    }
    Ok((Staging::beside(above, name).map_err(failed)?, name))
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn is_empty(folder: &OwnedFd) -> rustix::io::Result<bool> {
    for entry in Dir::read_from(folder)? {
        if ![&b"."[..], b".."].contains(&entry?.file_name().to_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bytes that the user may still write there; `None` where the file system does not say.
fn room(folder: &OwnedFd) -> Option<u64> {
    let known = fstatvfs(folder).ok().filter(|known| known.f_blocks > 0)?;
    known.f_bavail.checked_mul(known.f_frsize)
}

/// A file that is written, by one thread or several.
struct Output {
    file: File,
    path: PathBuf,
}

impl Output {
    fn fill<S: Source + ?Sized>(
        &self,
        reader: &mut FileReader<'_, S>,
        mut at: u64,
        progress: &Progress,
    ) -> Result<(), UnpackError> {
        while let Some(block) = reader.next_block()? {
            self.file
                .write_all_at(block, at)
                .map_err(|error| UnpackError::Write { path: self.path.clone(), error })?;
            at += block.len() as u64;
            progress.add(block.len());
        }
        Ok(())
    }
}

/// Makes a new file beneath the folder, and the folders on the way. Names were checked to lead nowhere else, and the kernel is told to
/// see to it.
pub(super) fn create(root: &OwnedFd, name: &str) -> rustix::io::Result<File> {
    create_with(root, name, Mode::from(0o644))
}

/// The same, with a mode that the umask may take bits from.
pub(crate) fn create_with(root: &OwnedFd, name: &str, mode: Mode) -> rustix::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let open = || openat2(root, name, flags, mode, beneath);
    let file = match open() {
        Err(Errno::NOENT) => {
            for (slash, _) in name.match_indices('/') {
                match mkdirat(root.as_fd(), &name[..slash], Mode::from(0o755)) {
                    // Another thread made it.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error),
                }
            }
            open()?
        }
        opened => opened?,
    };
    Ok(File::from(file))
}

/// A folder that goes away unless it takes its name.
struct Staging {
    above: OwnedFd,
    name: OsString,
    folder: OwnedFd,
    taken: bool,
}

impl Staging {
    fn beside(above: OwnedFd, name: &OsStr) -> io::Result<Staging> {
        for number in 0..100 {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{number}", std::process::id()));
            match mkdirat(&above, &hidden, Mode::from(0o700)) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            let folder = openat(&above, &hidden, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
            let stat = fstat(&folder)?;
            if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o777 != 0o700 || !is_empty(&folder)? {
                return Err(replaced());
            }
            return Ok(Staging { above, name: hidden, folder, taken: false });
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn take(mut self, name: &OsStr) -> io::Result<()> {
        let umask = rustix::process::umask(Mode::empty());
        rustix::process::umask(umask);
        fchmod(&self.folder, Mode::from(0o777) & !umask)?;
        // An empty folder of that name makes room.
        match unlinkat(&self.above, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        renameat_with(&self.above, &self.name, &self.above, name, RenameFlags::NOREPLACE)?;
        self.taken = true;
        let own = fstat(&self.folder)?;
        let found = statat(&self.above, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino) { Ok(()) } else { Err(replaced()) }
    }
}

fn replaced() -> io::Error {
    io::Error::other(
        "somebody else put another folder in its place meanwhile; unpack to a folder to which only you can write",
    )
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.taken {
            // What can't be removed is left; there is nobody to tell. A link in its place is removed itself.
            let above = format!("/proc/self/fd/{}", self.above.as_raw_fd());
            let _ = fs::remove_dir_all(Path::new(&above).join(&self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn staging(place: &Path) -> Staging {
        let above = rustix::fs::open(place, FOLDER, Mode::empty()).unwrap();
        Staging::beside(above, OsStr::new("out")).unwrap()
    }

    /// What a program does that may write to the folder above.
    #[test]
    fn a_link_in_the_place_of_what_is_being_unpacked_leads_nothing_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        let secret = place.path().join("secret");
        fs::write(&secret, "mine").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let other = staging(place.path());
        let path = place.path().join(&other.name);
        fs::rename(&path, place.path().join("moved")).unwrap();
        symlink(&secret, &path).unwrap();
        let file = create(&other.folder, "a/b").unwrap();
        drop(file);
        assert!(place.path().join("moved/a/b").exists());
        assert!(other.take(OsStr::new("out")).is_err());
        assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_room_that_is_left_is_known() {
        let place = tempfile::tempdir().unwrap();
        let folder = rustix::fs::open(place.path(), FOLDER, Mode::empty()).unwrap();
        assert!(room(&folder).is_some_and(|free| free > 0 && free < u64::MAX / 2));
        let proc = rustix::fs::open("/proc", FOLDER, Mode::empty()).unwrap();
        assert_eq!(room(&proc), None, "a file system without blocks");
    }

    #[test]
    fn another_folder_in_its_place_is_found_out() {
        let place = tempfile::tempdir().unwrap();
        let other = staging(place.path());
        let path = place.path().join(&other.name);
        fs::rename(&path, place.path().join("moved")).unwrap();
        fs::create_dir(&path).unwrap();
        let error = other.take(OsStr::new("out")).unwrap_err();
        assert!(error.to_string().contains("somebody else"), "{error}");
    }

    #[test]
    fn what_is_given_up_goes_away_and_what_took_its_place_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        drop(staging(place.path()));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        let keep = place.path().join("keep");
        fs::create_dir(&keep).unwrap();
        fs::write(keep.join("x"), "").unwrap();
        let other = staging(place.path());
        let path = place.path().join(&other.name);
        fs::remove_dir(&path).unwrap();
        symlink(&keep, &path).unwrap();
        drop(other);
        assert!(keep.join("x").exists());
    }
}
