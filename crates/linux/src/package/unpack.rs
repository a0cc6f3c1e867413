//! From a package to a folder: all of it, or nothing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use lowbox_msix::block_map::MappedFile;
use lowbox_msix::container::Source;
use lowbox_msix::package::{Contents, PackageError};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, ResolveFlags, mkdirat, openat2, renameat_with};
use rustix::io::Errno;

use super::blocks::for_each;

/// Why a package could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The folder is there, with something in it.
    #[error("{} is there already; unpack to another folder, or remove it", .0.display())]
    Exists(PathBuf),
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
/// # Errors
/// When the package is not in order, or something can't be written; nothing is left then.
pub fn unpack<S: Source + ?Sized>(source: &S, contents: &Contents, to: &Path) -> Result<(), UnpackError> {
    let failed = |path: &Path, error: io::Error| UnpackError::Write { path: path.to_owned(), error };
    match fs::read_dir(to) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(UnpackError::Exists(to.to_owned()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(to, error)),
    }
    let staging = Staging::beside(to).map_err(|error| failed(to, error))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root =
        rustix::fs::open(&staging.path, flags, Mode::empty()).map_err(|error| failed(to, error.into()))?;
    let files: Vec<&MappedFile> = contents.files().map(|(file, _)| file).collect();
    for_each(&files, |file| write(source, contents, file, &root).map_err(|error| error.named(to, file)))?;
    staging.take(to)
}

/// An error without the path.
enum Failed {
    Package(PackageError),
    Write(io::Error),
}

impl Failed {
    fn named(self, to: &Path, file: &MappedFile) -> UnpackError {
        match self {
            Failed::Package(error) => error.into(),
            Failed::Write(error) => UnpackError::Write { path: to.join(file.name.as_str()), error },
        }
    }
}

fn write<S: Source + ?Sized>(
    source: &S,
    contents: &Contents,
    file: &MappedFile,
    root: &OwnedFd,
) -> Result<(), Failed> {
    let mut output = create(root, file.name.as_str()).map_err(|error| Failed::Write(error.into()))?;
    let mut reader = contents.reader(source, file);
    while let Some(block) = reader.next_block().map_err(Failed::Package)? {
        output.write_all(block).map_err(Failed::Write)?;
    }
    Ok(())
}

/// Makes a new file beneath the folder, and the folders on the way. Names were checked to lead nowhere else, and the kernel is told to
/// see to it.
fn create(root: &OwnedFd, name: &str) -> rustix::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let open = || openat2(root, name, flags, Mode::from(0o644), beneath);
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
    path: PathBuf,
    taken: bool,
}

impl Staging {
    fn beside(to: &Path) -> io::Result<Staging> {
        let name = to.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        for number in 0..100 {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{number}", std::process::id()));
            let path = to.with_file_name(hidden);
            match rustix::fs::mkdir(&path, Mode::from(0o700)) {
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(Staging { path, taken: false }),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn take(mut self, to: &Path) -> Result<(), UnpackError> {
        let failed = |error: io::Error| UnpackError::Write { path: to.to_owned(), error };
        let umask = rustix::process::umask(Mode::empty());
        rustix::process::umask(umask);
        let mode = Mode::from(0o777) & !umask;
        rustix::fs::chmod(&self.path, mode).map_err(|error| failed(error.into()))?;
        // An empty folder of that name makes room.
        match rustix::fs::rmdir(to) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) => return Err(UnpackError::Exists(to.to_owned())),
            Err(error) => return Err(failed(error.into())),
        }
        renameat_with(CWD, &self.path, CWD, to, RenameFlags::NOREPLACE).map_err(|error| match error {
            Errno::EXIST => UnpackError::Exists(to.to_owned()),
            error => failed(error.into()),
        })?;
        self.taken = true;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.taken {
            // What can't be removed is left; there is nobody to tell.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
